"""The pairs of a comparison: each metric of each benchmark in both versions, and its verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.comparing.difference import ALPHA, difference
from reports.comparing.pairing import rounds_pay
from reports.comparing.sides import Statistic
from reports.comparing.verdict import CHANGES, FLOOR, Verdict, judge_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.comparing.difference import Difference
    from reports.comparing.sides import MetricKey, MetricValues, Sides
    from reports.comparing.verdict import Judged
    from reports.record import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a comparison is made.

    Attributes:
        floor: The smallest relative change that must not be missed.
        absolute_floor: The same in a metric's own unit, where values are zero or below.
        alpha: The share of wrong ones that is borne among the changes told.
        statistic: Which number of a timing stands for a run.
        across: Compare runs of different environments, too.
        sessions: Prefer runs that were measured in one session.
    """

    floor: float = FLOOR
    absolute_floor: float = 0.0
    alpha: float = ALPHA
    statistic: Statistic = Statistic.FASTEST
    across: bool = False
    sessions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One metric of one benchmark in both versions.

    Attributes:
        environment: The fingerprint, or an empty text when compared across environments.
        statistic: Which number of each run was compared.
        typical_change: What the typical round came to, where that is a change and the fastest
            round shows none; else None.
    """

    benchmark: str
    metric: str
    environment: str
    unit: str
    direction: Direction
    statistic: Statistic
    old_values: tuple[float, ...]
    new_values: tuple[float, ...]
    found: Difference
    judged: Judged
    typical_change: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Return what became of it."""
        return self.judged.verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every metric that both versions have, the most urgent first.

    Attributes:
        session: The session whose runs were compared, or an empty text.
        only_old: How many metrics only the old version has; `only_new` alike.
        differences: In what the environments differ, when compared across them.
    """

    old_label: str
    new_label: str
    old_runs: int
    new_runs: int
    options: Options
    pairs: tuple[Pair, ...]
    only_old: int
    only_new: int
    session: str = ""
    differences: tuple[str, ...] = ()

    def having(self, *verdicts: Verdict) -> tuple[Pair, ...]:
        """Return the pairs with one of these verdicts."""
        return tuple(pair for pair in self.pairs if pair.verdict in verdicts)


Ties = dict["MetricKey", tuple["MetricValues", "MetricValues"]]


def judged_pairs(ties: Ties, sides: Sides, *, options: Options) -> tuple[Pair, ...]:
    """Return each metric's pair with its verdict, the most urgent first.

    Where the fastest rounds are judged, what the typical ones show beside them is told, too.
    """
    pairs = _pairs(ties, sides, options)
    if options.statistic is Statistic.FASTEST:
        typical = _pairs(ties, sides, replace(options, statistic=Statistic.TYPICAL))
        pairs = [_beside(*both, floor=options.floor) for both in zip(pairs, typical, strict=True)]
    return tuple(sorted(pairs, key=_urgency))


def _pairs(ties: Ties, sides: Sides, options: Options) -> list[Pair]:
    statistics = {key: _statistic(both, options.statistic) for key, both in ties.items()}
    values = {
        key: (_chosen(both[0], statistics[key]), _chosen(both[1], statistics[key]))
        for key, both in ties.items()
    }
    by_round = _metrics_by_round(ties, values, sides)
    found = [
        difference(*values[key], paired=key.metric in by_round and _in_turn(ties[key]))
        for key in ties
    ]
    directions = [both[1].direction for both in ties.values()]
    verdicts = judge_pairs(
        list(zip(found, directions, strict=True)),
        floor=options.floor,
        absolute_floor=options.absolute_floor,
        alpha=options.alpha,
    )
    return [
        Pair(
            benchmark=key.benchmark,
            metric=key.metric,
            environment=key.environment,
            unit=ties[key][1].unit,
            direction=ties[key][1].direction,
            statistic=statistics[key],
            old_values=values[key][0],
            new_values=values[key][1],
            found=one,
            judged=judged,
        )
        for key, one, judged in zip(ties, found, verdicts, strict=True)
    ]


def _statistic(both: tuple[MetricValues, MetricValues], wanted: Statistic) -> Statistic:
    # Of both sides or of none: the fastest round of one against the middle of another is no pair.
    known = all(side.fastest is not None for side in both)
    return wanted if known else Statistic.TYPICAL


def _chosen(side: MetricValues, statistic: Statistic) -> tuple[float, ...]:
    if statistic is Statistic.FASTEST and side.fastest is not None:
        return side.fastest
    return side.typical


def _metrics_by_round(
    ties: Ties,
    values: Mapping[MetricKey, tuple[tuple[float, ...], tuple[float, ...]]],
    sides: Sides,
) -> frozenset[str]:
    """Return the metrics whose runs are compared round by round."""
    if not sides.session or len(sides.old) != len(sides.new):
        return frozenset()
    grouped: dict[str, list[tuple[tuple[float, ...], tuple[float, ...]]]] = {}
    for key, both in ties.items():
        if _in_turn(both):
            grouped.setdefault(key.metric, []).append(values[key])
    return frozenset(metric for metric, every in grouped.items() if rounds_pay(every))


def _in_turn(both: tuple[MetricValues, MetricValues]) -> bool:
    return both[0].runs == both[1].runs


def _beside(fastest: Pair, typical: Pair, *, floor: float) -> Pair:
    """Return the pair, with what its typical round shows that its fastest does not."""
    told = typical.verdict in CHANGES and abs(typical.found.change) >= floor
    if fastest.verdict in CHANGES or fastest.statistic is typical.statistic or not told:
        return fastest
    return replace(fastest, typical_change=typical.found.change)


def _urgency(pair: Pair) -> tuple[int, float, str, str, str]:
    rank = list(Verdict).index(pair.verdict)
    return rank, -abs(pair.found.change), pair.benchmark, pair.metric, pair.environment
