"""What one worker is told, and what became of it: values that cross a process's border."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz.target_facts import TargetFacts, facts_from_json

if TYPE_CHECKING:
    from fuzz.workers.black_box import Flight


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerJob:
    """One stretch of fuzzing by one process.

    Attributes:
        engine: Name of an engine of `fuzz.engines.engine`.
        number: Which worker of the campaign it is, from 0.
        corpus: Folder that all workers of a target share; each adds to it, and looks at times for
            what the others added.
        journal: File to which the worker appends its reports, a line of JSON each. It outlives
            both processes: nothing that was reported is lost.
        box: File of the black box; see `fuzz.workers.black_box`.
        replay: Saved inputs to run before anything else.
        seconds: From the first input on; None: no limit.
        runs: Inputs beside those that are replayed; None: no limit; 0: only replay.
        memory_bytes: Resident memory at which the parent ends the worker.
    """

    facts: TargetFacts
    engine: str
    number: int
    seed: int
    corpus: Path
    journal: Path
    box: Path
    replay: tuple[Path, ...] = ()
    seconds: float | None = None
    runs: int | None = None
    memory_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values; paths are absolute, since a child may stand elsewhere."""
        fields = asdict(self)
        fields["facts"] = self.facts.to_json()
        for name in ("corpus", "journal", "box"):
            fields[name] = str(fields[name].resolve())
        fields["replay"] = [str(path.resolve()) for path in self.replay]
        return fields


def job_from_json(fields: dict[str, Any]) -> WorkerJob:
    """Read what `to_json` wrote."""
    values = {**fields, "facts": facts_from_json(fields["facts"])}
    for name in ("corpus", "journal", "box"):
        values[name] = Path(fields[name])
    values["replay"] = tuple(Path(path) for path in fields["replay"])
    return WorkerJob(**values)


class Ended(StrEnum):
    """How a worker ended."""

    DONE = "its budget ended"
    DIED = "it ended without a report"
    HUNG = "an input took too long"
    MEMORY = "it went over its memory limit"
    SILENT = "it neither ran an input nor ended"
    STOPPED = "it was told to end"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnd:
    """What became of a worker.

    Attributes:
        code: Its exit status, negative for a signal; None if we ended it.
        words: The end of what it printed, or the stacks of one that hung.
        flight: The last state of its black box.
        began: It ran its target.
    """

    ended: Ended
    code: int | None
    words: str
    flight: Flight
    began: bool
