"""What is said of each pair when all pairs are judged together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reports.change_points.multiple import adjusted
from reports.comparing.difference import ALPHA, CONFIDENCE, POWER, Method
from reports.comparing.planning import least_runs
from reports.comparing.student import two_sided_t
from reports.errors import BadValueError
from reports.quantities import count, percent, stated
from reports.record import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.comparing.difference import Difference

FLOOR: Final = 0.05  # what few runs can see at the 1 % to 2 % that quiet benchmarks move by
# What is estimated of a change as large as the floor falls below it half of the time; three fifths
# of it, at the noise under which the floor can be seen at all, once in hundreds.
_LEAST_SHARE: Final = 0.6
_FEW_RUNS: Final = 5  # with fewer a report of many benchmarks sees next to nothing


class Verdict(StrEnum):
    """What became of a pair; the order is that of urgency."""

    WORSE = "worse"
    BETTER = "better"
    CHANGED = "changed"
    CANNOT_TELL = "cannot tell"
    SAME = "same"


CHANGES: Final = (Verdict.WORSE, Verdict.BETTER, Verdict.CHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One pair's verdict.

    Attributes:
        p_adjusted: After Benjamini-Hochberg over all pairs that were judged together, or None.
        smallest_visible: The smallest change that would have been seen among so many pairs.
        runs_to_see: How many runs a side would show the floor, where these would not and that is
            known; else None.
        more_runs: How many more runs a side would settle it, or None where none is open or that
            is not known.
        reason: Why it cannot be told, and what would help; else an empty text.
    """

    verdict: Verdict
    p_adjusted: float | None
    smallest_visible: float | None
    runs_to_see: int | None = None
    more_runs: int | None = None
    reason: str = ""


def judge_pairs(
    pairs: Sequence[tuple[Difference, Direction]],
    *,
    floor: float = FLOOR,
    absolute_floor: float = 0.0,
    alpha: float = ALPHA,
) -> tuple[Judged, ...]:
    """Return a verdict for each pair, in the order given.

    A pair has *changed* when its p-value, after the correction for all pairs, is at most `alpha`,
    and its change is at least three fifths of the floor. It is the *same* when its interval is
    wholly inside the floor: that takes evidence. Everything else cannot be told.

    Args:
        pairs: Differences, and which way each metric is better.
        floor: The smallest relative change that must not be missed.
        absolute_floor: The smallest change that matters in a metric's own unit, where values are
            zero or below and a relative change means nothing.

    Raises:
        BadValueError: A floor is negative or not finite, or `alpha` is no chance.
    """
    for name, value in (("floor", floor), ("absolute_floor", absolute_floor)):
        if not (math.isfinite(value) and value >= 0):
            raise BadValueError(name, repr(value), "a finite number of at least 0")
    if not 0 < alpha < 1:
        raise BadValueError("alpha", repr(alpha), "a chance between 0 and 1")
    known = [found.p for found, _ in pairs if found.p is not None]
    corrected = iter(adjusted(known))
    every = [None if found.p is None else next(corrected) for found, _ in pairs]
    told = sum(1 for p in every if p is not None and p <= alpha)
    # The largest p-value that Benjamini and Hochberg would have let pass here.
    needed = alpha * max(told, 1) / max(len(known), 1)
    judging = _Judging(floor=floor, absolute_floor=absolute_floor, alpha=alpha, needed=needed)
    return tuple(
        judging.judge(found, direction, p)
        for (found, direction), p in zip(pairs, every, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    floor: float
    absolute_floor: float
    alpha: float
    needed: float

    def judge(self, found: Difference, direction: Direction, p: float | None) -> Judged:
        verdict = self._verdict(found, direction, p)
        visible = found.visible_at(self.needed)
        _, most = self._bounds(found)
        blind = visible is not None and visible > most
        to_see = found.runs_to_see(most, alpha=self.needed) if blind else None
        if verdict is not Verdict.CANNOT_TELL:
            return Judged(
                verdict=verdict, p_adjusted=p, smallest_visible=visible, runs_to_see=to_see
            )
        more = self._more_runs(found)
        return Judged(
            verdict=verdict,
            p_adjusted=p,
            smallest_visible=visible,
            runs_to_see=to_see,
            more_runs=more,
            reason=self._reason(found, visible, more),
        )

    def _verdict(self, found: Difference, direction: Direction, p: float | None) -> Verdict:
        if p is None or found.interval is None:
            return Verdict.CANNOT_TELL
        low, high = found.interval
        least, most = self._bounds(found)
        if p > self.alpha or self._is_small(found):
            inside = least <= low and high <= most
            return Verdict.SAME if inside else Verdict.CANNOT_TELL
        if direction is Direction.NEITHER:
            return Verdict.CHANGED
        up_is_worse = direction is Direction.LOWER
        return Verdict.WORSE if (found.change > 0) is up_is_worse else Verdict.BETTER

    def _is_small(self, found: Difference) -> bool:
        least, most = self._bounds(found)
        return _LEAST_SHARE * least < found.change < _LEAST_SHARE * most

    def _bounds(self, found: Difference) -> tuple[float, float]:
        """Return the changes, low and high, between which nothing matters."""
        if found.relative:  # as much slower as faster, seen as ratios
            return -self.floor / (1 + self.floor), self.floor
        size = max(self.absolute_floor, self.floor * abs(found.old_level))
        return -size, size

    def _more_runs(self, found: Difference) -> int | None:
        """Return how many more runs a side would show the floor, or bring the interval inside."""
        runs = min(found.old_runs, found.new_runs)
        if found.noise is None:
            return _FEW_RUNS - runs if runs < _FEW_RUNS else None
        most = self._bounds(found)[1]
        if self._is_small(found):  # then it is the interval that must come inside
            needed = [found.runs_to_see(most, alpha=self.needed), self._runs_to_narrow(found)]
        else:  # then a change of this size must show
            size = abs(math.log1p(found.change)) if found.relative else abs(found.change)
            told = math.expm1(size) if found.relative else size
            needed = [found.runs_to_see(min(told, most), alpha=self.needed)]
        known = [one for one in needed if one is not None]
        return None if len(known) < len(needed) else max(*known, runs + 1) - runs

    def _runs_to_narrow(self, found: Difference) -> int | None:
        assert found.noise is not None
        noise = found.noise
        low, high = self._bounds(found)
        room = min(high - found.change, found.change - low)
        wanted = math.log1p(room) if found.relative else room
        parts = 1 if found.method is Method.PAIRED else 2

        def narrow(runs: int) -> bool:
            # Beside the interval's half, room for where its middle comes to lie.
            freedom = parts * (runs - 1)
            errors = two_sided_t(1 - CONFIDENCE, freedom) + two_sided_t(1 - POWER, freedom)
            return errors * noise * math.sqrt(parts / runs) <= wanted

        return least_runs(narrow)

    def _reason(self, found: Difference, visible: float | None, more: int | None) -> str:
        help_is = _help(more)
        if found.reason:
            return f"{found.reason}; {help_is}"
        assert found.interval is not None
        if found.relative and visible is not None and visible > self.floor:
            noise = stated(round((found.noise or 0.0) * 100, 1), "%")
            seen = f"cannot see {stated(self.floor * 100, '%')} here: runs differ by {noise}"
            return f"{seen}, so that {percent(visible)} would show; {help_is}"
        if found.relative:
            low, high = (percent(bound) for bound in found.interval)
            return f"anything from {low} to {high} is likely; {help_is}"
        low, high = (f"{bound:+.3g}" for bound in found.interval)
        return f"anything from {low} to {high} is likely; {help_is}"


def _help(more: int | None) -> str:
    if more is None:
        return "a quieter machine would help, more runs alone would not"
    return f"about {count(more, 'more run')} a side would settle it"
