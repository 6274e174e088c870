"""What was found in one series: its changes, its spikes, and how much it moves by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """How a series went from one level to another."""

    STEP = "step"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of level.

    Attributes:
        kind: A step between two points, or a drift over many.
        index: The first point of the new level; of a drift, the last point of the old one.
        end: Of a drift, the first point that moves no more; as many as there are points where it
            goes on. Of a step, None.
        before: The level before, in the series' unit: a median, or a drift's first value.
        after: The level after.
        p: The chance of so large a change at the best of all places in a series without one.
        interval: 95 % confidence interval of `relative`, low and high; of a drift, as if its two
            ends were known, though they were sought: it holds the truth somewhat less often.
        places: First and last index between which `index` is with 95 % of the chance; of a drift
            over the whole series, None.
    """

    kind: ChangeKind
    index: int
    before: float
    after: float
    p: float
    interval: tuple[float, float]
    places: tuple[int, int] | None = None
    end: int | None = None

    @property
    def relative(self) -> float:
        """Return the change as a share of the level before, signed; infinite after a zero."""
        if self.before == 0:
            return 0.0 if self.after == 0 else float("inf") * (1 if self.after > 0 else -1)
        # Halves: two huge levels of opposite sign are farther apart than a float can say.
        return (self.after / 2 - self.before / 2) / abs(self.before) * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What is known of a series after its changes were sought.

    Attributes:
        points: How many values were looked at.
        changes: Its changes, oldest first; a drift before the steps that stand on it.
        spikes: Indices of lone values far from their neighbours; they are no change.
        level: The median since the last change.
        noise: Robust standard deviation of one point around its level, in the series' unit.
        correlation: Correlation of neighbouring points around their levels, -1 to 1.
        smallest_visible: The smallest relative step that three new points would show, or None.
        reason: Why nothing could be sought, or an empty text.
    """

    points: int
    changes: tuple[Change, ...] = ()
    spikes: tuple[int, ...] = ()
    level: float = 0.0
    noise: float = 0.0
    correlation: float = 0.0
    smallest_visible: float | None = None
    reason: str = ""
