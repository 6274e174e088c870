"""What can go wrong with the tool or its use; a bug in the code under test is a `Finding`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class HarnessError(Exception):
    """Base of every error that the harness raises on purpose."""


class ArgumentError(HarnessError, ValueError):
    """A public call got an argument that it does not take."""

    def __init__(self, name: str, got: object, wants: str) -> None:
        super().__init__(name, got, wants)
        self.name = name
        self.got = got
        self.wants = wants

    def __str__(self) -> str:
        got = repr(self.got)
        if len(got) > 80:  # noqa: PLR2004  # one terminal line
            got = got[:77] + "..."
        return f"{self.name} is {got} ({type(self.got).__name__}); it takes {self.wants}"


class ProjectFileError(HarnessError, ValueError):
    """A project's file cannot be read, or has something else where a table belongs.

    Attributes:
        key: What is no table; "" where the file itself cannot be read.
        got: What it is instead; of an unreadable file, why.
    """

    def __init__(self, path: Path, key: str, got: object) -> None:
        super().__init__(path, key, got)
        self.path = path
        self.key = key
        self.got = got

    @property
    def problem(self) -> str:
        """What is wrong, without the name of the file."""
        return (
            f"{self.key} is {self.got!r:.80}, and no table"
            if self.key
            else (f"it cannot be read ({self.got})")
        )

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. Mend it, or take its last good state."


class UncontrolledError(HarnessError):
    """Code under test met something that the engine does not control."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        return (
            f"{self.what} at {self.where}: inside a controlled execution this cannot be "
            f"scheduled or replayed. {self.remedy}"
        )


class BlockedInRegionError(UncontrolledError):
    """A block that runs as one step (an import, a finaliser, logging) had to wait."""

    def __init__(self, region: str, waits_for: str, where: str) -> None:
        HarnessError.__init__(self, region, waits_for, where)
        self.region = region
        self.waits_for = waits_for
        self.where = where

    def __str__(self) -> str:
        return (
            f"{self.region} would block on {self.waits_for} at {self.where}: it runs as one step, "
            "and nobody else can run to wake it. Real threads may deadlock here too: do not wait "
            f"inside {self.region}, or take the lock before it starts."
        )


class StuckExecutionError(HarnessError):
    """An execution made no step for too long."""

    def __init__(self, seconds: float, stack: str) -> None:
        super().__init__(seconds, stack)
        self.seconds = seconds
        self.stack = stack

    def __str__(self) -> str:
        return (
            f"no step for {self.seconds:.1f} s: the running task is inside a call that the engine "
            "does not control (a real lock, blocking I/O, a long computation), or in a loop of "
            "code that is not instrumented. Instrument the module (include=[...]), replace the "
            f"call, or give it its own thread outside the body.\nIt stands here:\n{self.stack}"
        )


class ToolFaultError(HarnessError):
    """The engine itself failed while it ran or recorded an execution."""

    def __init__(self, error: str, where: str, beneath: str) -> None:
        super().__init__(error, where, beneath)
        self.error = error
        self.where = where
        self.beneath = beneath

    def __str__(self) -> str:
        return (
            f"{self.error} in the engine itself, at {self.where}, called from {self.beneath}: this "
            "is a fault of holdfast, and says nothing about your code. Please report it with "
            "these words; a model or strategy other than this one may get around it."
        )


class TaskRefusesToEndError(HarnessError):
    """A task went on after it was told to end many times."""

    def __init__(self, task: str, attempts: int, where: str) -> None:
        super().__init__(task, attempts, where)
        self.task = task
        self.attempts = attempts
        self.where = where

    def __str__(self) -> str:
        return (
            f"task {self.task} was told to end {self.attempts} times and went on, last at "
            f"{self.where}; a loop around `except BaseException` or a bare `except:` looks like "
            "this. Catch Exception there, or raise again."
        )


class TokenError(HarnessError):
    """A replay token cannot be used; `reason` says why."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"this token cannot be replayed: {self.reason}. {self.remedy}"


class DriftError(TokenError):
    """The code no longer does what it did when the token was made."""


class PlaceLeftError(HarnessError):
    """The place at which an exploration is to go on is not there in this code."""

    def __init__(self, difference: str) -> None:
        super().__init__(difference)
        self.difference = difference

    def __str__(self) -> str:
        return (
            f"the exploration cannot go on from there, the body is not what it was: "
            f"{self.difference}. Begin anew, without resume."
        )


class TargetError(HarnessError):
    """A `package.module:name` on the command line does not lead to a body."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(target, reason)
        self.target = target
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.target!r}: {self.reason}. A target is written package.module:function."


class NestedExplorationError(HarnessError):
    """An exploration was started inside a controlled execution."""

    def __str__(self) -> str:
        return (
            "explore or replay was called inside a controlled execution, or while another thread "
            "explores; one engine runs at a time in a process. Call it outside the body, one after "
            "the other."
        )


class ExplorationInterrupted(KeyboardInterrupt):  # an interrupt, not an error
    """Ctrl-C ended an exploration; `partial` holds what was done until then."""

    def __init__(self, partial: object) -> None:
        super().__init__("exploration interrupted")
        self.partial = partial
