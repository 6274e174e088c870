"""What explorations covered: how many executions of what, and what that shows, never more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import (
    ABSENT,
    Listing,
    bare,
    cell,
    first_line,
    listing,
    ran_at,
    whole_percent,
)
from reports.page.finding import MARKS
from reports.page.story import Story, story_of
from reports.quantities import count, number
from reports.record import Outcome, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.data import PageData
    from reports.record import Measure, Record

_FIRST: Final = 40
_MOST: Final = 600
_DETAILS: Final = (  # params, and the words before them
    ("model", ""),
    ("seed", "seed "),
    ("workers", "workers "),
    ("gil_reachable", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The part of a search space that was run, as a bar; ends are percent of its width."""

    words: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationRow:
    """One exploration: what it covered, what it found."""

    mark: str
    outcome: str
    name: str
    strategy: str
    about: str
    executions: str
    time: str
    evidence: str
    covered: Covered | None
    finding: str
    races: str
    resume: str
    story: Story | None


def view(data: PageData) -> Listing[ExplorationRow] | None:
    """Return the explorations, or None where none ran."""
    records = data.selection.of_kind(RecordKind.EXPLORATION)
    return listing(records, row=_row, summary=_summary, first=_FIRST, most=_MOST)


def _summary(records: Sequence[Record]) -> str:
    ended = [record.outcome for record in records]
    executions = sum(int(one.value) for r in records if (one := r.measure("executions")))
    whole = sum(r.params.get("exhausted") == "yes" for r in records)
    parts = [f"{count(len(records), 'exploration')}, {count(executions, 'execution')} in all"]
    if Outcome.FAILED in ended:
        parts.append(f"{count(ended.count(Outcome.FAILED), 'finding')}")
    if whole:
        parts.append(f"{number(whole)} tried every schedule within a bound")
    if Outcome.UNDECIDED in ended:
        parts.append(f"{number(ended.count(Outcome.UNDECIDED))} ended undecided")
    return "; ".join(parts) + "."


def _row(record: Record) -> ExplorationRow:
    params = record.params
    about = [f"{before}{params[name]}" for name, before in _DETAILS if params.get(name)]
    about.append(ran_at(record))
    return ExplorationRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        strategy=params.get("strategy") or ABSENT,
        about=" \u00b7 ".join(part for part in about if part),
        executions=bare(record.measure("executions")),
        time=cell(record.measure("time")),
        evidence=_evidence(record),
        covered=_covered(record),
        finding=params.get("finding", "").replace("_", " ").lower(),
        races=params.get("data_races", ""),
        resume=params.get("resume", ""),
        story=story_of(record),
    )


def _evidence(record: Record) -> str:
    words = record.params.get("evidence") or first_line(record.message)
    overruns = record.measure("overruns")
    if overruns is None:
        return words or "no evidence was recorded"
    return f"{words}; {count(int(overruns.value), 'execution')} met the step bound and show nothing"


def _covered(record: Record) -> Covered | None:
    """Return the bar of an exploration that passed: a finding makes what else was run idle."""
    if record.outcome is Outcome.FAILED:
        return None
    if record.params.get("exhausted") == "yes":
        unbounded = "no bound" in record.params.get("evidence", "")
        words = "all there is" if unbounded else "all within its bound"
        return Covered(words=words, share=100.0, low=100.0, high=100.0)
    estimate = record.measure("estimate")
    return None if estimate is None else _estimated(estimate, record.params.get("estimate_of", ""))


def _estimated(estimate: Measure, whole: str) -> Covered:
    low = estimate.value if estimate.minimum is None else estimate.minimum
    high = estimate.value if estimate.maximum is None else estimate.maximum
    of = f" of {whole}" if whole else ""
    if low <= 0:  # no lower bound is known: the space may be larger by any factor
        words = f"at most {whole_percent(high)} %{of}"
        return Covered(words=words, share=0.0, low=0.0, high=_percent(high))
    words = f"about {whole_percent(estimate.value)} %{of}"
    return Covered(
        words=words, share=_percent(estimate.value), low=_percent(low), high=_percent(high)
    )


def _percent(share: float) -> float:
    return round(100 * min(max(share, 0.0), 1.0), 2)
