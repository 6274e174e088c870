"""What protects pages beside their page protection: locked, out of dumps, out of children."""

from __future__ import annotations

import errno
import warnings
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from secmem.memory.errors import CapabilityMissing, DegradedProtectionWarning, SecretError
from secmem.memory.limits import core_limit_bytes, explain_failure
from secmem.memory.policy import Backing, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory.system_calls import SystemCalls

_NOT_THERE: Final = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)

__all__ = ["Hardening", "InChildren", "harden"]


class InChildren(StrEnum):
    """What a forked child finds in place of the pages."""

    COPIED = "a copy of the bytes"
    ZEROS = "zeros"
    ABSENT = "nothing: touching them kills the child"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardening:
    """Which protections hold for some pages, and why the others do not."""

    backing: Backing = Backing.ANONYMOUS
    locked: bool = False
    undumpable: bool = False
    in_children: InChildren = InChildren.COPIED
    failures: tuple[SecretError, ...] = field(default=(), compare=False)

    @property
    def complete(self) -> bool:
        """Whether everything asked for holds."""
        return not self.failures


def harden(
    calls: SystemCalls, address: int, *, size: int, backing: Backing, policy: Policy
) -> Hardening:
    """Apply every protection to `size` bytes of pages and return what holds.

    Raises:
        SystemCallFailed: Policy `STRICT`, and a call failed. What already holds is undone by
            unmapping the pages.
        CapabilityMissing: Policy `STRICT`, and this system does not have the call.
    """
    attempts = _Attempts(size=size, policy=policy)
    if backing is Backing.MEMFD_SECRET and not attempts.made(
        "memfd_secret", lambda: calls.map_secret_pages(address, size)
    ):
        backing = Backing.ANONYMOUS
    return Hardening(
        backing=backing,
        # memfd_secret pages are born locked; locking them again would count them twice.
        locked=backing is Backing.MEMFD_SECRET
        or attempts.made("mlock", lambda: calls.lock(address, size)),
        undumpable=attempts.made("madvise", lambda: _exclude_from_dump(calls, address, size)),
        in_children=_keep_from_children(calls, address, attempts=attempts, backing=backing),
        failures=tuple(attempts.failures),
    )


class _Attempts:
    """Runs calls that may fail under a policy, and keeps what failed."""

    def __init__(self, *, size: int, policy: Policy) -> None:
        self.size = size
        self.policy = policy
        self.failures: list[SecretError] = []

    def made(self, name: str, call: Callable[[], None]) -> bool:
        try:
            call()
        except OSError as error:
            failure: SecretError = explain_failure(error, name, self.size)
            if self.policy is Policy.STRICT:
                if error.errno in _NOT_THERE:
                    failure = CapabilityMissing((name,))
                raise failure from error
            self.failures.append(failure)
            warnings.warn(str(failure), DegradedProtectionWarning, stacklevel=2)
            return False
        return True


def _exclude_from_dump(calls: SystemCalls, address: int, size: int) -> None:
    try:
        calls.exclude_from_dump(address, size)
    except OSError as error:
        # A system without the call, where no core file can be written, leaves nothing to exclude.
        if error.errno != errno.ENOSYS or core_limit_bytes() != 0:
            raise


def _keep_from_children(
    calls: SystemCalls, address: int, *, attempts: _Attempts, backing: Backing
) -> InChildren:
    size = attempts.size
    if backing is Backing.ANONYMOUS:
        # A shared mapping refuses WIPEONFORK, an old kernel or macOS does not have it.
        try:
            calls.wipe_on_fork(address, size)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise explain_failure(error, "madvise", size) from error
        else:
            return InChildren.ZEROS
    if attempts.made("madvise", lambda: calls.skip_on_fork(address, size)):
        return InChildren.ABSENT
    return InChildren.COPIED
