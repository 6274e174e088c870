"""How often a campaign does what it does now and then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between the chores of a campaign.

    Attributes:
        look_s: Between two looks at the workers.
        record_s: Between two transactions: what a kill can take from the figures. Well below the
            second that is promised: a crowded machine lets the parent wait.
        mark_s: Between two points of the curve that the database keeps.
        merge_s: Between two merges of the corpus.
        life_s: After which a worker is replaced, so that what engine and target hoard is given
            back, and the new one begins with the merged corpus.
        pause_s: Before the first delayed restart; doubled each time.
        longest_pause_s: What a pause grows to.
    """

    look_s: float = 0.05
    record_s: float = 0.25
    mark_s: float = 30.0
    merge_s: float = 3_600.0
    life_s: float = 3_600.0
    pause_s: float = 0.05
    longest_pause_s: float = 1.0

    def faster(self, factor: float) -> Pace:
        """Return the pace of a campaign that is compressed `factor` times.

        A night of 8 hours at `factor` 480 takes a minute, with the chores of a night. Looks and
        transactions cost what they cost, and stay as they are.
        """
        if not factor >= 1:
            raise ValueError(f"factor takes a number from 1, got {factor!r}")
        return replace(
            self,
            mark_s=self.mark_s / factor,
            merge_s=self.merge_s / factor,
            life_s=self.life_s / factor,
        )


USUAL: Final = Pace()
