"""What is wrong with a plan or its use; a subject that fails is a value, never one of these."""

from __future__ import annotations

from harness.errors import HarnessError

GRAMMAR = (
    "A plan is rules joined by ';', each `CALL: WHEN WHAT`. "
    "CALL: os.write, open, file.write, socket.socket.send, the name of a port's method, or a "
    "pattern with *. "
    "WHEN: nth 3, every 2, always, after 5, between 2 4, share 0.1. "
    "WHAT: fails ENOSPC, fails, raises ValueError, raises package.module:Error, "
    "slow 50ms, kills, kills SIGTERM. "
    "`seed 7` may stand at the end."
)


class FaultError(HarnessError):
    """Base of everything that `harness.faults` raises on purpose."""


class PlanError(FaultError, ValueError):
    """A text is no fault plan."""

    def __init__(self, text: str, part: str, reason: str) -> None:
        super().__init__(text, part, reason)
        self.text = text
        self.part = part
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.part!r} in the fault plan {self.text!r}: {self.reason}. {GRAMMAR}"


class UnknownCallError(FaultError, ValueError):
    """A plan names a Python callable that is not there, or that nothing can stand in for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no faults can be put into {self.name!r}: {self.reason}. A name with dots is a Python "
            "callable (os.write, socket.socket.send, your.module:... as your.module.function); "
            "what a subject is given goes through faults.port(...) or faults.callback(...), whose "
            "names have none."
        )


class BodyFailsError(FaultError):
    """The body of a sweep fails although nothing was made to fail."""

    def __init__(self, body: str, reason: str) -> None:
        super().__init__(body, reason)
        self.body = body
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.body} fails with no fault injected: {self.reason}. A sweep tells what a fault "
            "changes, so make the body pass without one first."
        )


class NothingToFailError(FaultError):
    """The body of a sweep made no call that could fail, so a pass would mean nothing."""

    def __init__(self, body: str, calls: tuple[str, ...]) -> None:
        super().__init__(body, calls)
        self.body = body
        self.calls = calls

    def __str__(self) -> str:
        watched = f"calls of {', '.join(self.calls)}" if self.calls else "no Python callables"
        return (
            f"{self.body} made not one call that could be made to fail ({watched} were watched, "
            "and what goes through faults.port and faults.callback). Pass calls=FILE_CALLS or the "
            "like, or hand the subject a port that the body got from its argument."
        )


class UnevenSweepError(FaultError):
    """A sweep did not come to its end: the body makes more calls each time, or too many."""

    def __init__(self, body: str, most: int) -> None:
        super().__init__(body, most)
        self.body = body
        self.most = most

    def __str__(self) -> str:
        return (
            f"{self.body} still made a call number {self.most}, which is where the sweep gives up: "
            "a loop that tries again for ever looks like this. Make the body smaller, or raise "
            "most."
        )
