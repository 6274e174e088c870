"""All that one recorded execution shows beside how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.deadlock import find_cycle
from harness.analysis.lock_order import find_inversions
from harness.analysis.locks_held import find_held_too_long
from harness.analysis.races import find_races

if TYPE_CHECKING:
    from harness.analysis.deadlock import Cycle
    from harness.analysis.lock_order import Inversion
    from harness.analysis.locks_held import HeldTooLong
    from harness.analysis.races import Race
    from harness.engine.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyses:
    """What was found in one recorded execution.

    Attributes:
        races: Data races: accesses that nothing ordered in this execution.
        inversions: Lock orders that can deadlock under another schedule.
        held: Where tasks waited or called out with locks held.
        cycle: Who waits for whom at the end, if tasks wait in a cycle.
    """

    races: tuple[Race, ...] = ()
    inversions: tuple[Inversion, ...] = ()
    held: tuple[HeldTooLong, ...] = ()
    cycle: Cycle | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "data_races": [race.to_json() for race in self.races],
            "lock_orders": [inversion.to_json() for inversion in self.inversions],
            "locks_held": [held.to_json() for held in self.held],
            "cycle": [] if self.cycle is None else self.cycle.to_json(),
        }


NOTHING_SHOWN: Final = Analyses()


def analyse(recorder: Recorder) -> Analyses:
    """Return what a record shows; call it before the record is cut to what a trace keeps."""
    events, stacks = recorder.events, recorder.stacks
    return Analyses(
        races=tuple(find_races(events, stacks)),
        inversions=tuple(find_inversions(events)),
        held=tuple(find_held_too_long(events, stacks)),
        cycle=find_cycle(events),
    )
