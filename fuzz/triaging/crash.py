"""A crash: one way in which an input made the subject fail, and what makes two of them the same."""

from __future__ import annotations

import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.errors import ScheduleFailure
from fuzz.triaging.signature import (
    SCHEME,
    Signature,
    frames_in,
    frames_of,
    innermost,
    last_report,
    signature_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Crash",
    "CrashKind",
    "crash_from_json",
    "crash_of",
    "crash_of_death",
    "frames_in",
    "frames_of",
    "full_traceback",
    "innermost",
    "key_of",
    "words_of",
]

SCHEMA: Final = "holdfast.crash/1"
OLD_SCHEME: Final = 1  # of a description that names none
MAX_STORY: Final = 20_000  # characters of a story that are kept

_FUZZ: Final = Path(__file__).resolve().parents[1]
# What runs an input from outside: the first frames of every traceback, and of no use to a reader.
_RUNNERS: Final = frozenset(
    str(_FUZZ / name) for name in ("workers/executor.py", "triaging/contained_child.py")
)


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
        key: Equal for failures that count as the same finding; see `fuzz.triaging.signature`.
        message: What happened, in a line or two.
        story: The traceback, the stacks, or the trace of a schedule with its token.
        confirmed: It failed in the same way when it was run again at once. False also for what
            ended the process: replaying tells.
        data: The input.
        scheme: By which rules the key was made. Keys of two schemes cannot be compared.
        frames: The functions that are a part of what the key stands for, innermost first.
    """

    key: str
    kind: CrashKind
    message: str
    story: str
    confirmed: bool
    data: bytes
    scheme: int = SCHEME
    frames: tuple[str, ...] = ()

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
        scheme=int(fields.get("scheme", OLD_SCHEME)),
        frames=tuple(str(frame) for frame in fields.get("frames", ())),
    )


def key_of(what: str, frames: Iterable[str]) -> str:
    """Return the key of a failure: what it was and the innermost functions of the user's code."""
    return Signature(what=what, frames=tuple(frames)).key


def crash_of(error: BaseException, data: bytes, *, story: str, confirmed: bool) -> Crash:
    """Return the crash that an exception is."""
    signature = signature_of(error)
    if isinstance(error, ScheduleFailure):
        kind, what = CrashKind.SCHEDULE, error.finding
    else:
        kind, what = CrashKind.EXCEPTION, type(error).__name__
    if isinstance(error, MemoryError):
        kind = CrashKind.MEMORY
    text = words_of(error) or "(no message)"
    return Crash(
        key=signature.key,
        kind=kind,
        message=f"{what}: {text}",
        story=story[:MAX_STORY],
        confirmed=confirmed,
        data=data,
        frames=signature.frames,
    )


def crash_of_death(
    kind: CrashKind, code: int | None, *, message: str, words: str, data: bytes
) -> Crash:
    """Return the crash that is told by the end of a process.

    Args:
        code: The exit status, negative for a signal; None if we ended it.
        words: What it wrote last: the stacks by faulthandler, for one.
    """
    # What holds the memory is chance: the limit strikes whoever comes last.
    frames = () if kind is CrashKind.MEMORY else frames_in(words)
    return Crash(
        key=key_of(f"{kind.name} {code}", frames),
        kind=kind,
        message=message,
        # Several looks at a hang make one key, and one of them is enough to read.
        story=f"{message}\n{last_report(words)}"[:MAX_STORY],
        confirmed=False,
        data=data,
        frames=frames,
    )


def words_of(error: BaseException) -> str:
    """Return what an exception says; its type's `__str__` may itself be broken."""
    try:
        return str(error).strip()
    except Exception as broken:  # noqa: BLE001  # whatever it raises
        return f"(its __str__ raised {type(broken).__name__})"


def full_traceback(error: BaseException) -> str:
    """Return a traceback without the lines of the fuzzer itself."""
    shown = error.__traceback__
    while shown is not None and shown.tb_frame.f_code.co_filename in _RUNNERS:
        shown = shown.tb_next
    return "".join(traceback.format_exception(type(error), error, shown)).strip()
