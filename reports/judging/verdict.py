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


class Basis(StrEnum):
    """What a change was found by."""

    HISTORY = "the points around it"
    RUNS = "several runs of its code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who accepted a change, when and why; it stands in the repository."""

    who: str
    why: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One point of a series by its code.

    Attributes:
        index: Its place among the points of the series that count, from 0.
        at: When the commit was made, or the first run of it where that is unknown.
        position: Of the commit along first parents, where known.
    """

    index: int
    label: str
    commit_id: str | None
    at: datetime
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChange:
    """One change of one series, and what is known about it.

    Attributes:
        alert_id: 12 hex digits of benchmark, metric, environment and the code it begins with: the
            same change has the same id in every report.
        last_before: The newest point of the level before.
        first_after: The oldest point of the level after: the change lies between the two. Of a
            drift, the first point that has moved.
        before: The level before, in `unit`.
        after: The level after.
        change: Relative to `before` and signed.
        interval: 95 % confidence interval of `change`.
        p: Accounts for having searched the series.
        p_adjusted: Accounts for all series that were judged, too (Benjamini-Hochberg).
        worse: It went in the bad direction.
        standing: The series is still at this level or a worse one: less than three quarters of
            the change have gone, and what is left is above the floor.
        fixed_by: The point with which it went back, where one change tells it.
        runs: How many runs the level after rests on.
        until: Of a drift, the last point that has moved; of a step, None.
        goes_on: It is a drift that has not ended.
        begins: Of a drift over a part of the series, first and last index of the points that
            `last_before` is one of, with 95 % of the chance.
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
    fixed_by: Place | None = None
    basis: Basis = Basis.HISTORY
    runs: int = 1
    until: Place | None = None
    goes_on: bool = False
    begins: tuple[int, int] | None = None

    @property
    def settled(self) -> int:
        """Return the index from which the level after stands; of a drift its last point's."""
        return self.first_after.index if self.until is None else self.until.index


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """The newest point lies apart from the level before, and nothing has confirmed it yet.

    Attributes:
        place: The newest point.
        change: Relative to the level before and signed.
        runs: How many runs it has.
        wanted: How many it needs in all for a change of this size to be confirmed or to vanish.
        decisive: It is so far off, on a machine where that is rare, that to call the code
            unchanged would be a claim: the gate cannot tell.
    """

    place: Place
    change: float
    runs: int
    wanted: int
    decisive: bool = False


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
        reason: Why nothing can be told and what to do, or an empty text.
        suspect: The newest point, where it looks worse and more runs would tell.
        reset: Who let the history begin anew here, and why.
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
    suspect: Suspect | None = None
    reset: Acknowledgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreJudgement:
    """Every series of a store, judged together: the more there are, the more each must show.

    Attributes:
        label: The newest code, seven digits or a date.
        environment: Where the newest run ran.
        series: All series, most urgent first.
        notes: What somebody should know who relies on this, in sentences: acknowledgements that
            match nothing or have been outgrown.
        behind: Why the run that was written last is not what was judged as the newest, or an
            empty text.
        false_discovery_rate: The share of the reported changes that may be none.
    """

    label: str
    environment: Environment
    series: tuple[JudgedSeries, ...]
    notes: tuple[str, ...] = ()
    behind: str = ""
    false_discovery_rate: float = 0.05

    @property
    def regressions(self) -> tuple[SeriesChange, ...]:
        """Return what stands, is worse and nobody has acknowledged, the largest change first.

        Only in series that the newest code was measured on: what is no longer measured is history.
        """
        found = [
            change
            for one in self.current
            for change in one.changes
            if change.worse and change.standing and change.acknowledged is None
        ]
        return tuple(sorted(found, key=lambda change: (-abs(change.change), change.alert_id)))

    @property
    def current(self) -> tuple[JudgedSeries, ...]:
        """Return the series that the newest code was measured on."""
        return tuple(one for one in self.series if one.is_current)

    def having(self, state: SeriesState) -> tuple[JudgedSeries, ...]:
        """Return the series of one state."""
        return tuple(one for one in self.series if one.state is state)
