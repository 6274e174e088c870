"""What became of every series in a store: the values that the gate and the page read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from reports.change_points.analysis import ChangeKind
    from reports.environment import Environment
    from reports.record import Direction
    from reports.series import SeriesKey


class SeriesState(StrEnum):
    """What became of one series; the order is that of urgency."""

    REGRESSION = "worse"
    CANNOT_TELL = "cannot tell"
    ACKNOWLEDGED = "worse, acknowledged"
    IMPROVEMENT = "better"
    UNCHANGED = "no change"
    NO_DIRECTION = "no good direction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who accepted a change, when and why; it stands in the repository."""

    who: str
    why: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One point of a series by its code."""

    index: int
    label: str
    commit_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChange:
    """One change of one series, and what is known about it.

    Attributes:
        alert_id: 12 hex digits of benchmark, metric, environment and the code it begins with: the
            same change has the same id in every report.
        last_before: The newest point of the level before.
        first_after: The oldest point of the level after: the change lies between the two.
        before: The level before, in `unit`.
        after: The level after.
        change: Relative to `before` and signed.
        interval: 95 % confidence interval of `change`.
        p: Accounts for having searched the series.
        p_adjusted: Accounts for all series that were judged, too (Benjamini-Hochberg).
        worse: It went in the bad direction.
        standing: The newest point is still at this level or a worse one.
    """

    alert_id: str
    key: SeriesKey
    unit: str
    direction: Direction
    kind: ChangeKind
    last_before: Place
    first_after: Place
    before: float
    after: float
    change: float
    interval: tuple[float, float]
    p: float
    p_adjusted: float
    worse: bool
    standing: bool
    acknowledged: Acknowledgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSeries:
    """One series, its changes, and everything the judgement rests on.

    Attributes:
        current: The median of the newest point's runs, in `unit`.
        level: The median since the last change, or None with too few points.
        noise: Robust standard deviation of one point around its level, in `unit`.
        smallest_visible: The smallest relative step that would be seen here, or None.
        changes: Those that stay after the correction over all series, oldest first.
        spikes: Indices of lone points far from their neighbours.
        is_current: The newest code in the store was measured on it.
        reason: Why nothing can be told, or an empty text.
    """

    key: SeriesKey
    unit: str
    direction: Direction
    state: SeriesState
    points: int
    runs: int
    current: float
    level: float | None = None
    noise: float | None = None
    smallest_visible: float | None = None
    changes: tuple[SeriesChange, ...] = ()
    spikes: tuple[int, ...] = ()
    is_current: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreJudgement:
    """Every series of a store, judged together: the more there are, the more each must show.

    Attributes:
        label: The newest code, seven digits or a date.
        environment: Where the newest run ran.
        series: All series, most urgent first.
    """

    label: str
    environment: Environment
    series: tuple[JudgedSeries, ...]

    @property
    def regressions(self) -> tuple[SeriesChange, ...]:
        """Return what stands, is worse and nobody has acknowledged, the largest change first."""
        found = [
            change
            for one in self.series
            for change in one.changes
            if change.worse and change.standing and change.acknowledged is None
        ]
        return tuple(sorted(found, key=lambda change: -abs(change.change)))

    def having(self, state: SeriesState) -> tuple[JudgedSeries, ...]:
        """Return the series of one state."""
        return tuple(one for one in self.series if one.state is state)
