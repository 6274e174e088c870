"""What recorded events show: order, data races, lock order, locks held too long, deadlocks."""

from harness.analysis.happens_before import HappensBefore
from harness.analysis.races import Race, find_races

__all__ = ["HappensBefore", "Race", "find_races"]
