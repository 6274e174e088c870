"""Every way a secret, or the memory under it, refuses or fails.

One base, `SecretError`. Each error carries its facts as attributes and words them in `__str__`;
none of them ever carries a byte of a secret.
"""

from __future__ import annotations

import os

__all__ = [
    "CapabilityMissing",
    "CloseInsideAccess",
    "CloseTimeout",
    "DegradedProtectionWarning",
    "EmptySecret",
    "ForkedSecret",
    "LockBudgetExceeded",
    "MappingLimitExceeded",
    "MemoryReleased",
    "ProtectionRefused",
    "PurgeFailed",
    "SecretClosed",
    "SecretError",
    "SystemCallFailed",
    "UnsupportedPlatform",
    "ViewEscaped",
]


class SecretError(Exception):
    """The base of all errors of `secmem.memory`."""


class SecretClosed(SecretError):  # noqa: N818  # the documents' name, as all below
    """An access came after `close` had started."""

    def __str__(self) -> str:
        return (
            "the secret is closed or closing, so it lends no view; "
            "close it after its last use, or make a new one"
        )


class EmptySecret(SecretError, ValueError):  # noqa: N818
    """A secret of no bytes was asked for."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size

    def __str__(self) -> str:
        return f"a secret holds at least 1 byte, and {self.size} were asked for"


class CloseInsideAccess(SecretError):  # noqa: N818
    """`close` was called by a thread that is itself inside an access of this secret."""

    def __init__(self, depth: int) -> None:
        super().__init__(depth)
        self.depth = depth

    def __str__(self) -> str:
        return (
            f"this thread is inside {self.depth} access(es) of the secret, so close would wait "
            "for itself; leave the access first, then close"
        )


class CloseTimeout(SecretError, TimeoutError):  # noqa: N818
    """`close(timeout_s=...)` ran out of time; the secret stays closing."""

    def __init__(self, timeout_s: float, accesses: int) -> None:
        super().__init__(timeout_s, accesses)
        self.timeout_s = timeout_s
        self.accesses = accesses

    def __str__(self) -> str:
        waited_for = f"{self.accesses} access(es)" if self.accesses else "another closer's wipe"
        return (
            f"close waited {self.timeout_s} s and {waited_for} had not ended; new accesses stay "
            "refused and nothing is wiped yet: call close again to go on waiting"
        )


class ViewEscaped(SecretError):  # noqa: N818
    """A slice or copy of a lent view outlived its access."""

    def __init__(self, survivors: int, during: str) -> None:
        super().__init__(survivors, during)
        self.survivors = survivors
        self.during = during

    def __str__(self) -> str:
        return (
            f"{self.survivors} access(es) left a slice of the view alive, seen at {self.during}; "
            "the page stays readable and mapped until it dies. Drop or release() every slice "
            "inside the access, and copy only what is not secret"
        )


class ForkedSecret(SecretError):  # noqa: N818
    """A child process touched a secret of its parent."""

    def __init__(self, made_in_pid: int, pid: int) -> None:
        super().__init__(made_in_pid, pid)
        self.made_in_pid = made_in_pid
        self.pid = pid

    def __str__(self) -> str:
        return (
            f"the secret belongs to process {self.made_in_pid} and this is {self.pid}: a fork "
            "does not inherit secrets (the child's pages hold zeros or nothing). Make the "
            "secret after the fork, or send it through a pipe"
        )


class MemoryReleased(SecretError):  # noqa: N818
    """An `AlignedMemory` was used after its release."""

    def __str__(self) -> str:
        return "the memory was released: its pages are wiped and unmapped; make a new one"


class ProtectionRefused(SecretError):  # noqa: N818
    """A view was asked for that the present protection does not allow."""

    def __init__(self, wanted: str, protection: str) -> None:
        super().__init__(wanted, protection)
        self.wanted = wanted
        self.protection = protection

    def __str__(self) -> str:
        return (
            f"a {self.wanted} view needs other protection than {self.protection}: touching it "
            "would kill the process. Call set_protection first"
        )


class SystemCallFailed(SecretError):  # noqa: N818
    """The operating system refused a call of the page layer; `code` is its errno."""

    def __init__(self, call: str, code: int, size: int) -> None:
        super().__init__(call, code, size)
        self.call = call
        self.code = code
        self.size = size

    def __str__(self) -> str:
        return (
            f"{self.call} of {self.size} bytes failed: {os.strerror(self.code)} "
            f"(errno {self.code}). {self._advice()}"
        )

    def _advice(self) -> str:
        return "Look for a sandbox or a limit that forbids it; secmem.memory.capabilities() tells"


class LockBudgetExceeded(SystemCallFailed):
    """Locking one more page would pass the process's limit of locked memory."""

    def __init__(self, call: str, code: int, size: int, *, limit: int, locked: int) -> None:
        super().__init__(call, code, size)
        self.args = (call, code, size, limit, locked)
        self.limit = limit
        self.locked = locked

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_lock_budget, self.args

    def _advice(self) -> str:
        return (
            f"RLIMIT_MEMLOCK is {self.limit} bytes and {self.locked} are locked: close secrets, "
            "raise the limit (ulimit -l, LimitMEMLOCK=), pack small secrets with storage=SLAB, "
            "or accept unlocked pages with policy=FALLBACK"
        )


def _rebuild_lock_budget(
    call: str, code: int, size: int, limit: int, locked: int
) -> LockBudgetExceeded:
    return LockBudgetExceeded(call, code, size, limit=limit, locked=locked)


class MappingLimitExceeded(SystemCallFailed):
    """The process has as many memory mappings as the kernel allows it."""

    def __init__(self, call: str, code: int, size: int, *, limit: int, mappings: int) -> None:
        super().__init__(call, code, size)
        self.args = (call, code, size, limit, mappings)
        self.limit = limit
        self.mappings = mappings

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_mapping_limit, self.args

    def _advice(self) -> str:
        return (
            f"vm.max_map_count is {self.limit} and the process has {self.mappings} mappings; a "
            "page-sized secret takes two. Close secrets, raise the sysctl, or pack small secrets "
            "with storage=SLAB"
        )


def _rebuild_mapping_limit(
    call: str, code: int, size: int, limit: int, mappings: int
) -> MappingLimitExceeded:
    return MappingLimitExceeded(call, code, size, limit=limit, mappings=mappings)


class CapabilityMissing(SecretError):  # noqa: N818
    """Policy `STRICT` asks for a protection that this system does not give."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(missing)
        self.missing = missing

    def __str__(self) -> str:
        return (
            f"policy STRICT needs {', '.join(self.missing)}, which this system does not give; "
            "see secmem.memory.capabilities(), or accept less with policy=FALLBACK"
        )


class UnsupportedPlatform(SecretError):  # noqa: N818
    """There is no page layer for this operating system."""

    def __init__(self, platform: str) -> None:
        super().__init__(platform)
        self.platform = platform

    def __str__(self) -> str:
        return f"no page layer for {self.platform}: Linux, macOS and Windows have one"


class PurgeFailed(SecretError):  # noqa: N818
    """`purge_all` could not close every secret."""

    def __init__(self, closed: int, errors: tuple[Exception, ...]) -> None:
        super().__init__(closed, errors)
        self.closed = closed
        self.errors = errors

    def __str__(self) -> str:
        reasons = "; ".join(f"{type(error).__name__}: {error}" for error in self.errors)
        return f"{self.closed} secrets closed, {len(self.errors)} did not: {reasons}"


class DegradedProtectionWarning(UserWarning):
    """Policy `FALLBACK` went on without a protection."""
