"""What this system gives, found out by trying it on pages of our own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from secmem.memory.errors import CapabilityMissing
from secmem.memory.limits import (
    core_limit_bytes,
    explain_failure,
    lock_limit_bytes,
    mapping_limit,
)
from secmem.memory.protection import MemoryProtection
from secmem.memory.system_calls import SystemCalls, default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Capability", "CapabilityReport", "capabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One protection: whether it works here, and what was seen."""

    name: str
    available: bool
    required: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityReport:
    """What the system gives. A limit of None means that there is none, or none known."""

    platform: str
    page_size: int
    lock_limit_bytes: int | None
    core_limit_bytes: int | None
    mapping_limit: int | None
    capabilities: tuple[Capability, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of required protections that do not work."""
        return tuple(
            entry.name for entry in self.capabilities if entry.required and not entry.available
        )

    def require(self) -> None:
        """Raise unless all that policy `STRICT` asks for works.

        Raises:
            CapabilityMissing: Something does not.
        """
        if self.missing:
            raise CapabilityMissing(self.missing)

    def __str__(self) -> str:
        lines = [f"{self.platform}, pages of {self.page_size} bytes"]
        lines += [
            f"  {entry.name:<20} {'yes' if entry.available else 'NO '}  {entry.detail}"
            for entry in self.capabilities
        ]
        limits = {
            "lock limit": self.lock_limit_bytes,
            "core limit": self.core_limit_bytes,
            "mapping limit": self.mapping_limit,
        }
        lines += [
            f"  {name:<20} {'none' if value is None else value}" for name, value in limits.items()
        ]
        return "\n".join(lines)


def capabilities(calls: SystemCalls | None = None) -> CapabilityReport:
    """Try every protection on pages of our own and report what works.

    Raises:
        SystemCallFailed: Not even pages could be mapped.
    """
    calls = calls or default_system_calls()
    page = calls.page_size
    size = 3 * page
    try:
        base = calls.map_pages(size)
    except OSError as error:
        raise explain_failure(error, "mmap", size) from error
    try:
        found = _probe(calls, base + page)
    finally:
        calls.unmap(base, size)
    return CapabilityReport(
        platform=sys.platform,
        page_size=page,
        lock_limit_bytes=lock_limit_bytes(),
        core_limit_bytes=core_limit_bytes(),
        mapping_limit=mapping_limit(),
        capabilities=found,
    )


def _probe(calls: SystemCalls, address: int) -> tuple[Capability, ...]:
    # The order matters: what follows the protection needs pages that can be touched, and
    # memfd_secret replaces them.
    pages = (address, calls.page_size)
    protect = partial(calls.protect, *pages, MemoryProtection.READ_WRITE)
    no_core = core_limit_bytes() == 0
    return (
        Capability(name="guard", available=True, required=True, detail="pages without access"),
        _try("protect", protect, purpose="no access between accesses"),
        _try("lock", partial(calls.lock, *pages), purpose="not in swap"),
        _try(
            "no-dump",
            partial(calls.exclude_from_dump, *pages),
            purpose="not in core files",
            required=not no_core,
        ),
        _try("wipe-on-fork", partial(calls.wipe_on_fork, *pages), required=False),
        _try("skip-on-fork", partial(calls.skip_on_fork, *pages), purpose="not in children"),
        _try("memfd_secret", partial(calls.map_secret_pages, *pages), required=False),
    )


def _try(
    name: str, call: Callable[[], None], *, purpose: str = "", required: bool = True
) -> Capability:
    try:
        call()
    except OSError as error:
        return Capability(
            name=name, available=False, required=required, detail=error.strerror or str(error)
        )
    return Capability(name=name, available=True, required=required, detail=purpose)
