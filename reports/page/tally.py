"""The summary: a row for each kind of check and one for the benchmarks, a few numbers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.judging.verdict import SeriesState
from reports.page.data import is_check
from reports.page.news import Age, News, age_of_change, age_of_check
from reports.page.wording import KIND_TITLES
from reports.record import Outcome, RecordKind

if TYPE_CHECKING:
    from reports.page.data import PageData
    from reports.record import Record

_SECTIONS: Final = {
    RecordKind.PLANTED: "planted",
    RecordKind.EXPLORATION: "evidence",
    RecordKind.STRESS: "stress",
    RecordKind.FUZZ: "campaigns",
    RecordKind.TEST: "tests",
    RecordKind.BENCHMARK: "characteristics",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How everything of one kind stands.

    Attributes:
        anchor: The section that has more about it.
        wrong: Failed, or got worse and stands there.
        new: Of these, since yesterday.
        fixed: Failed before and passes, or got better since yesterday.
        untold: Undecided, skipped, or too little history.
        fine: All others.
    """

    title: str
    anchor: str
    wrong: int
    new: int
    fixed: int
    untold: int
    fine: int
    total: int


def tallies(data: PageData, news: News) -> tuple[Tally, ...]:
    """Return a row for each kind that there is something of."""
    rows = []
    for kind in KIND_TITLES:
        records = [one for one in data.records if one.kind is kind and is_check(one)]
        if records and kind is not RecordKind.PROFILE:
            rows.append(_of_checks(data, news, kind, records))
    series = _of_series(data, news)
    return (*rows, series) if series else tuple(rows)


def _of_checks(data: PageData, news: News, kind: RecordKind, records: list[Record]) -> Tally:
    failed = [one for one in records if one.outcome is Outcome.FAILED]
    passed = sum(one.outcome is Outcome.PASSED for one in records)
    fixed = sum(one.kind is kind for one in news.fixed)
    title = "Figures with a limit" if kind is RecordKind.BENCHMARK else KIND_TITLES[kind]
    return Tally(
        title=title,
        anchor=_SECTIONS.get(kind, ""),
        wrong=len(failed),
        new=sum(age_of_check(data, one) is not Age.OLDER for one in failed),
        fixed=fixed,
        untold=len(records) - len(failed) - passed,
        fine=passed - fixed,
        total=len(records),
    )


def _of_series(data: PageData, news: News) -> Tally | None:
    current = data.judgement.current if data.judgement else ()
    if data.judgement is None or not current:
        return None
    regressions = data.judgement.regressions
    wrong = {one.key for one in regressions}
    better = {one.key for one in news.better} - wrong
    untold = {one.key for one in current if one.state is SeriesState.CANNOT_TELL} - wrong - better
    total = len(current)
    new = {one.key for one in regressions if age_of_change(data, one) is Age.NEW}
    return Tally(
        title="Benchmark series",
        anchor="trends",
        wrong=len(wrong),
        new=len(new),
        fixed=len(better),
        untold=len(untold),
        fine=total - len(wrong) - len(better) - len(untold),
        total=total,
    )
