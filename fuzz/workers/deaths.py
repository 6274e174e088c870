"""What the end of a worker means: a finding, a suspicion, or nothing at all."""

from __future__ import annotations

import signal
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from fuzz.campaign.campaign_run import MIB
from fuzz.triaging.crash import CrashKind, crash_of_death
from fuzz.workers.worker_job import Ended

if TYPE_CHECKING:
    from fuzz.triaging.crash import Crash
    from fuzz.workers.worker_job import WorkerEnd


class Meaning(Enum):
    """What is to be done about a worker that ended."""

    WELL = auto()  # it did what it was told
    CRASH = auto()  # its input did it
    SUSPECT = auto()  # its input, or somebody outside: run it again
    UNREADY = auto()  # it ended before it ran its target
    SILENT = auto()  # it ran nothing and did not end


# What people and systems send to processes; an input that does it to itself does it again.
FROM_OUTSIDE: Final = frozenset(
    getattr(signal, name).value
    for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
    if hasattr(signal, name)
)


def meaning_of(end: WorkerEnd) -> Meaning:
    """Return what the end of a worker means."""
    if end.ended in (Ended.DONE, Ended.STOPPED):
        return Meaning.WELL
    outside = end.code is not None and -end.code in FROM_OUTSIDE
    if not end.began:
        return Meaning.SUSPECT if outside else Meaning.UNREADY
    if end.ended is Ended.SILENT:
        return Meaning.SILENT
    if outside:
        return Meaning.SUSPECT
    # Without an input that runs nobody can be blamed: the engine's own end, for one.
    return Meaning.CRASH if end.flight.running else Meaning.SILENT


def crash_of_end(end: WorkerEnd, *, hang_s: float, memory_bytes: int) -> Crash:
    """Return the crash that ended a worker, with the input its black box held."""
    kinds = {Ended.HUNG: CrashKind.HANG, Ended.MEMORY: CrashKind.MEMORY}
    killed = end.code is not None and end.code < 0
    return crash_of_death(
        kinds.get(end.ended, CrashKind.SIGNAL if killed else CrashKind.EXIT),
        end.code,
        message=describe_end(end, hang_s=hang_s, memory_bytes=memory_bytes),
        words=end.words,
        data=end.flight.data,
    )


def describe_end(end: WorkerEnd, *, hang_s: float, memory_bytes: int) -> str:
    """Return in words what became of a worker."""
    match end.ended:
        case Ended.HUNG:
            return f"an input still ran after {hang_s:g} s"
        case Ended.MEMORY:
            return (
                f"over {memory_bytes // MIB} MiB resident; the input that ran may have done it, "
                "or only have come last"
            )
        case Ended.DIED if end.code is not None and end.code < 0:
            return f"{signal_name(-end.code)} ended the process"
        case Ended.DIED:
            return f"the process left with exit code {end.code}"
        case Ended.DONE | Ended.SILENT | Ended.STOPPED:
            return str(end.ended)


def signal_name(number: int) -> str:
    """Return a signal's name, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
