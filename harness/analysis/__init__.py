"""What recorded events show: order, data races, lock order, locks kept too long, deadlocks."""

from harness.analysis.deadlock import Cycle, find_cycle
from harness.analysis.happens_before import HappensBefore
from harness.analysis.lock_order import Inversion, find_inversions
from harness.analysis.locks_held import HeldTooLong, find_held_too_long
from harness.analysis.races import Race, find_races

__all__ = [
    "Cycle",
    "HappensBefore",
    "HeldTooLong",
    "Inversion",
    "Race",
    "find_cycle",
    "find_held_too_long",
    "find_inversions",
    "find_races",
]
