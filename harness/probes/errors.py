"""What a probe raises when it cannot do its work; what it finds is a value, never an error."""

from harness.errors import HarnessError


class ProbeError(HarnessError):
    """Base of everything a probe raises."""


class NotAvailableHereError(ProbeError):
    """This system has no way to do what the probe was asked for."""

    def __init__(self, probe: str, needs: str, found: str) -> None:
        super().__init__(probe, needs, found)
        self.probe = probe
        self.needs = needs
        self.found = found

    def __str__(self) -> str:
        return (
            f"{self.probe} is not available here: it needs {self.needs}, and this is {self.found}. "
            "Run it on a system that has it, or skip it and list it as not run."
        )


class BlindScanError(ProbeError):
    """A scan missed something that was put there to be found, so its silence proves nothing."""

    def __init__(self, missed: str, bytes_read: int, hint: str) -> None:
        super().__init__(missed, bytes_read, hint)
        self.missed = missed
        self.bytes_read = bytes_read
        self.hint = hint

    def __str__(self) -> str:
        return (
            f"the memory scan did not find {self.missed} in {self.bytes_read} bytes read, though "
            "it was kept there on purpose; a clean result of such a scan means nothing. "
            f"{self.hint}"
        )


class ForeignMemoryError(ProbeError):
    """The memory of the other process may not be read at all."""

    def __init__(self, pid: int, way: str, reason: str) -> None:
        super().__init__(pid, way, reason)
        self.pid = pid
        self.way = way
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"cannot read the memory of process {self.pid} through {self.way}: {self.reason}. "
            "It may have ended, belong to another user, or be shielded by ptrace_scope or "
            "PR_SET_DUMPABLE; scan a child of this process that runs as the same user."
        )


class PlainNeedleError(ProbeError):
    """A secret that cannot be told apart from ordinary memory."""

    def __init__(self, size: int, reason: str) -> None:
        super().__init__(size, reason)
        self.size = size
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"a secret of {self.size} bytes cannot be searched for: {self.reason}. "
            "Use at least 16 random bytes; 32 from os.urandom are the usual choice."
        )


class ChildLostError(ProbeError):
    """The probed child ended before its function did."""

    def __init__(self, target: str, ending: str, output: str) -> None:
        super().__init__(target, ending, output)
        self.target = target
        self.ending = ending
        self.output = output

    def __str__(self) -> str:
        return (
            f"the child that ran {self.target} {self.ending} before it reported the end. "
            f"Its last words:\n{self.output or '(none)'}"
        )


class ChildStuckError(ProbeError):
    """The probed child did not reach its next checkpoint in time; it was ended and reaped."""

    def __init__(self, target: str, limit_s: float, stacks: str) -> None:
        super().__init__(target, limit_s, stacks)
        self.target = target
        self.limit_s = limit_s
        self.stacks = stacks

    def __str__(self) -> str:
        return (
            f"{self.target} did not reach its next checkpoint within {self.limit_s:g} s, so the "
            "child was ended. Raise time_limit_s if it was only slow. Where its threads stood:\n"
            f"{self.stacks or '(it did not answer)'}"
        )
