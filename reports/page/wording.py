"""The sentences of a report: the verdict, and what stands under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.judging.verdict import SeriesState
from reports.page.news import Age, age_of_change, age_of_check
from reports.quantities import count, number
from reports.record import Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.data import PageData
    from reports.page.news import News

KIND_TITLES = {
    RecordKind.PLANTED: "Planted bugs",
    RecordKind.EXPLORATION: "Explorations",
    RecordKind.STRESS: "Stress",
    RecordKind.FUZZ: "Fuzzing",
    RecordKind.TEST: "Tests",
    RecordKind.BENCHMARK: "Benchmarks",
    RecordKind.PROFILE: "Profiles",
}


def verdict(data: PageData) -> str:
    """Return how everything stands in a sentence or two: what is wrong first."""
    if not data.records:
        return "Nothing has been recorded yet."
    checks = data.checks
    failed = _with(checks, Outcome.FAILED)
    worse = len({one.key for one in data.judgement.regressions}) if data.judgement else 0
    troubles = []
    if failed:
        troubles.append(f"{number(len(failed))} of {count(len(checks), 'check')} failed")
    if worse:
        troubles.append(f"{count(worse, 'benchmark')} got worse")
    open_ends = _open_ends(checks)
    if troubles:
        return " and ".join(troubles) + (f"; {open_ends}." if open_ends else ".")
    return f"Nothing failed, but {open_ends}." if open_ends else _quiet(data)


def since_words(data: PageData, news: News) -> str:
    """Return what is new since yesterday, and how much was measured meanwhile."""
    if not data.stamps:
        return ""
    measured = f"{count(len(data.today), 'run')} since {data.since:%Y-%m-%d %H:%M} UTC"
    if len(data.today) == len(data.stamps):
        return f"{measured}: there is nothing older to compare with."
    failed = [one for one in data.checks if one.outcome is Outcome.FAILED]
    begun = sum(age_of_check(data, one) is not Age.OLDER for one in failed)
    changes = data.judgement.regressions if data.judgement else ()
    worse = len({one.key for one in changes if age_of_change(data, one) is Age.NEW})
    parts = [
        f"{count(begun, 'check')} began to fail" if begun else "",
        f"{count(worse, 'benchmark')} got worse" if worse else "",
        f"{count(len(news.fixed), 'check')} {'was' if len(news.fixed) == 1 else 'were'} fixed"
        if news.fixed
        else "",
        f"{count(len({one.key for one in news.better}), 'benchmark')} got better"
        if news.better
        else "",
    ]
    said = [part for part in parts if part]
    if not begun and not worse:
        standing = bool(failed or changes)
        said.insert(0, "nothing new went wrong" if standing else "nothing went wrong")
    return f"Since yesterday: {_listed(said)}. {measured}."


def _quiet(data: PageData) -> str:
    judged = data.judgement.series if data.judgement else ()
    if judged and all(one.state is SeriesState.CANNOT_TELL for one in judged):
        return "Nothing failed; no benchmark has history enough to judge."
    return "Nothing failed."


def _listed(parts: Sequence[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


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


def _with(records: Sequence[Record], outcome: Outcome) -> list[Record]:
    return [record for record in records if record.outcome is outcome]
