"""The sentences of a report: the verdict, and what stands under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.judging.verdict import SeriesState
from reports.quantities import count, number
from reports.record import Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.data import PageData

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
    """Return the whole report in a sentence or two: what is wrong first."""
    records = data.records
    if not records:
        return "Nothing has been recorded yet."
    failed = _with(records, Outcome.FAILED)
    worse = len(data.judgement.having(SeriesState.REGRESSION)) if data.judgement else 0
    troubles = []
    if failed:
        troubles.append(f"{number(len(failed))} of {count(len(records), 'check')} failed")
    if worse:
        troubles.append(f"{count(worse, 'benchmark')} got worse")
    open_ends = _open_ends(records)
    if not troubles:
        return f"Nothing failed, but {open_ends}." if open_ends else "Nothing failed."
    return " and ".join(troubles) + (f"; {open_ends}." if open_ends else ".")


def reassurance(data: PageData) -> str:
    """Return what was established, as the line under the verdict."""
    records = data.records
    parts = []
    planted = [one for one in records if one.kind is RecordKind.PLANTED]
    if planted:
        found = len(_with(planted, Outcome.PASSED))
        plural = "planted-bug checks"
        parts.append(f"{found} of {count(len(planted), 'planted-bug check', plural)} as expected")
    for kind, noun in (
        (RecordKind.TEST, "test"),
        (RecordKind.EXPLORATION, "exploration"),
        (RecordKind.STRESS, "stress scenario"),
        (RecordKind.FUZZ, "fuzz campaign"),
    ):
        ran = [one for one in records if one.kind is kind]
        if ran:
            parts.append(f"{len(_with(ran, Outcome.PASSED))} of {count(len(ran), noun)} passed")
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


def _with(records: Sequence[Record], outcome: Outcome) -> list[Record]:
    return [record for record in records if record.outcome is outcome]
