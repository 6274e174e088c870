"""The sentences of a report: the verdict, and each figure in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.judging.judge import LEAST_HISTORY_RUNS, Judged, Judgement
from reports.quantities import count, number, percent, quantity
from reports.record import Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.series import Series

KIND_TITLES = {
    RecordKind.PLANTED: "Planted bugs",
    RecordKind.EXPLORATION: "Explorations",
    RecordKind.STRESS: "Stress",
    RecordKind.FUZZ: "Fuzzing",
    RecordKind.TEST: "Tests",
    RecordKind.BENCHMARK: "Benchmarks",
    RecordKind.PROFILE: "Profiles",
}


def verdict(records: Sequence[Record], judged: Sequence[Judged]) -> str:
    """Return the whole report in a sentence or two: what is wrong first."""
    if not records:
        return "Nothing has been recorded yet."
    failed = _with(records, Outcome.FAILED)
    worse = sum(one.judgement is Judgement.REGRESSION for one in judged)
    troubles = []
    if failed:
        troubles.append(f"{number(len(failed))} of {count(len(records), 'check')} failed")
    if worse:
        troubles.append(f"{count(worse, 'benchmark')} got worse")
    open_ends = _open_ends(records)
    if not troubles:
        return f"Nothing failed, but {open_ends}." if open_ends else "Nothing failed."
    return " and ".join(troubles) + (f"; {open_ends}." if open_ends else ".")


def reassurance(records: Sequence[Record], judged: Sequence[Judged]) -> str:
    """Return what was established, as the line under the verdict."""
    parts = []
    planted = [one for one in records if one.kind is RecordKind.PLANTED]
    if planted:
        found = len(_with(planted, Outcome.PASSED))
        plural = "planted-bug checks"
        parts.append(f"{found} of {count(len(planted), 'planted-bug check', plural)} as expected")
    for kind, noun in (
        (RecordKind.EXPLORATION, "exploration"),
        (RecordKind.STRESS, "stress scenario"),
        (RecordKind.FUZZ, "fuzz campaign"),
    ):
        ran = [one for one in records if one.kind is kind]
        if ran:
            parts.append(f"{len(_with(ran, Outcome.PASSED))} of {count(len(ran), noun)} passed")
    compared = sum(one.limit is not None for one in judged)
    if compared:
        parts.append(f"{count(compared, 'benchmark')} compared with their history")
    return "; ".join(parts) + "." if parts else ""


def _open_ends(records: Sequence[Record]) -> str:
    undecided = len(_with(records, Outcome.UNDECIDED))
    skipped = len(_with(records, Outcome.SKIPPED))
    parts = []
    if undecided:
        parts.append(f"{count(undecided, 'check')} ended undecided")
    if skipped:
        noun = number(skipped) if parts else count(skipped, "check")
        parts.append(f"{noun} {'was' if skipped == 1 else 'were'} skipped")
    return " and ".join(parts)


def change_words(judged: Judged) -> str:
    """Return what became of one series, in a few words."""
    match judged.judgement:
        case Judgement.TOO_LITTLE:
            runs = f"{judged.history_runs} of {LEAST_HISTORY_RUNS} earlier runs"
            return f"not judged yet: {runs}"
        case Judgement.NO_DIRECTION:
            return "not judged: neither way is better"
        case Judgement.UNCHANGED:
            return f"{_signed(judged)}, within its noise"
        case Judgement.REGRESSION:
            return f"{_signed(judged)}, worse than its noise allows"
        case Judgement.IMPROVEMENT:
            return f"{_signed(judged)}, better than its noise explains"


def trend_words(series: Series, judged: Judged) -> str:
    """Return what a trend figure shows, for whoever cannot or will not look at it."""
    points = series.points()
    newest = quantity(judged.current, series.unit)
    opening = (
        f"{count(len(series.runs), 'run')} of {count(len(points), 'version')}; "
        f"the newest, {points[-1].label}, stands at {newest}"
    )
    if judged.baseline is None or judged.limit is None:
        return f"{opening}; {change_words(judged)}."
    return (
        f"{opening}, against {quantity(judged.baseline, series.unit)} before: "
        f"{change_words(judged)}. {series.direction.value.capitalize()}.{_visible(judged)}"
    )


def _visible(judged: Judged) -> str:
    if judged.smallest_visible is None:
        return ""
    size = percent(judged.smallest_visible).lstrip("+")
    return f" A change under {size} would pass for noise."


def _signed(judged: Judged) -> str:
    if judged.change is None:
        return f"from {quantity(judged.baseline or 0.0, judged.unit)}"
    return percent(judged.change)


def _with(records: Sequence[Record], outcome: Outcome) -> list[Record]:
    return [record for record in records if record.outcome is outcome]
