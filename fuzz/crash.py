"""A crash: one way in which an input made the subject fail, and what makes two of them the same."""

from __future__ import annotations

import hashlib
import re
import sysconfig
import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.errors import ScheduleFailure

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA: Final = "holdfast.crash/1"
FRAMES: Final = 3  # innermost functions that tell findings apart, as ClusterFuzz takes
MAX_STORY: Final = 20_000  # characters of a story that are kept

_HERE: Final = Path(__file__).resolve().parent
_TARGETS: Final = str(_HERE / "targets")
_STDLIB: Final = sysconfig.get_path("stdlib")
# Frames of these say how an input was run, not what went wrong.
_RUNNERS: Final = (str(_HERE), str(_HERE.parent / "harness"), "<")
_EXECUTOR: Final = str(_HERE / "executor.py")
_NATIVE_FRAME: Final = re.compile(r'File "([^"]+)", line \d+ in (\S+)')


class CrashKind(StrEnum):
    """How an input made its run fail; the value says it to people."""

    EXCEPTION = "raised an exception"
    SCHEDULE = "failed under a schedule"
    SIGNAL = "was killed by a signal"
    EXIT = "left the process"
    HANG = "hung"
    MEMORY = "went over the memory limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """One failing input.

    Attributes:
        key: Equal for failures that count as the same finding.
        message: What happened, in a line or two.
        story: The traceback, the stacks, or the trace of a schedule with its token.
        confirmed: It failed in the same way when it was run again at once. False also for what
            ended the process: replaying tells.
        data: The input.
    """

    key: str
    kind: CrashKind
    message: str
    story: str
    confirmed: bool
    data: bytes

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, without the input."""
        fields = asdict(self)
        del fields["data"]
        return {"schema": SCHEMA, **fields, "kind": self.kind.name}


def crash_from_json(fields: dict[str, Any], data: bytes) -> Crash:
    """Read what `to_json` wrote.

    Raises:
        KeyError: It is something else.
    """
    return Crash(
        key=str(fields["key"]),
        kind=CrashKind[fields["kind"]],
        message=str(fields["message"]),
        story=str(fields["story"])[:MAX_STORY],
        confirmed=bool(fields["confirmed"]),
        data=data,
    )


def key_of(what: str, frames: Iterable[str]) -> str:
    """Return the key of a failure: what it was and the innermost functions of the user's code."""
    text = "\n".join((what, *frames))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]


def frames_of(error: BaseException | None) -> tuple[str, ...]:
    """Return the innermost functions of a traceback, innermost first, without ours and Python's.

    Functions, not lines: an edit above a bug does not make it a new one.
    """
    steps = traceback.walk_tb(error.__traceback__ if error is not None else None)
    named = [(frame.f_code.co_filename, frame.f_code.co_qualname) for frame, _ in steps]
    return innermost(reversed(named))


def frames_in(text: str) -> tuple[str, ...]:
    """Return the innermost functions of the stack that faulthandler printed first in `text`."""
    return innermost(match.groups() for match in _NATIVE_FRAME.finditer(text))


def innermost(frames: Iterable[tuple[str | Any, ...]]) -> tuple[str, ...]:
    """Return the first few functions of the user's code in (path, function) pairs."""
    chosen = [f"{Path(path).stem}:{name}" for path, name in frames if _counts(path)]
    return tuple(chosen[:FRAMES])


def _counts(path: str) -> bool:
    if path.startswith(_TARGETS):
        return True
    # Installed packages may lie below the folder of the standard library; they count.
    standard = path.startswith(_STDLIB) and "site-packages" not in path
    return not standard and not path.startswith(_RUNNERS)


def crash_of(error: BaseException, data: bytes, *, story: str, confirmed: bool) -> Crash:
    """Return the crash that an exception is."""
    if isinstance(error, ScheduleFailure):
        kind, what, frames = CrashKind.SCHEDULE, error.finding, error.frames
    else:
        kind, what, frames = CrashKind.EXCEPTION, type(error).__name__, frames_of(error)
    if isinstance(error, MemoryError):
        kind = CrashKind.MEMORY
    text = str(error).strip() or "(no message)"
    return Crash(
        key=key_of(what, frames),
        kind=kind,
        message=f"{what}: {text}",
        story=story[:MAX_STORY],
        confirmed=confirmed,
        data=data,
    )


def full_traceback(error: BaseException) -> str:
    """Return a traceback without the lines of the fuzzer itself."""
    shown = error.__traceback__
    while shown is not None and shown.tb_frame.f_code.co_filename == _EXECUTOR:
        shown = shown.tb_next
    return "".join(traceback.format_exception(type(error), error, shown)).strip()
