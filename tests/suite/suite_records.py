"""The suite's results as records of the report store."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports import Direction, Measure, Outcome, Record, RecordKind
from tests.suite.medians import summarise
from tests.suite.searches import SearchEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.suite.catalogue import Entry
    from tests.suite.medians import Summary
    from tests.suite.searches import Search


def records_of(entries: Sequence[Entry], searches: Iterable[Search]) -> list[Record]:
    """Return a record for every program and strategy.

    A bug that was not found is a measure, not a failure; what fails is a search that met something
    else than the program's bug.
    """
    classes = {entry.name: str(entry.bug_class) for entry in entries}
    grouped: dict[tuple[str, str], list[Search]] = {}
    for search in searches:
        grouped.setdefault((search.program, search.strategy), []).append(search)
    return [_record(group, classes[program]) for (program, _), group in grouped.items()]


def _record(group: Sequence[Search], bug_class: str) -> Record:
    summary = summarise(group)
    assert summary is not None, "a group has at least one search"
    first = group[0]
    wrong = [one for one in group if one.end in (SearchEnd.OTHER, SearchEnd.ERROR)]
    return Record(
        kind=RecordKind.BENCHMARK,
        name=f"suite {first.program} {first.strategy}",
        outcome=Outcome.FAILED if wrong else Outcome.PASSED,
        measures=_measures(summary),
        params={
            "program": first.program,
            "strategy": first.strategy,
            "class": bug_class,
            "budget": str(first.budget),
        },
        message=wrong[0].detail if wrong else "",
        replay=(
            f"python -m tests.suite --program {first.program} --strategy {first.strategy} "
            f"--seeds {len(group)} --executions {first.budget} --fresh"
        ),
    )


def _measures(summary: Summary) -> tuple[Measure, ...]:
    found = Measure(
        metric="found",
        value=summary.found,
        unit="runs",
        direction=Direction.HIGHER,
        n=summary.seeds,
    )
    rate = Measure(
        metric="rate",
        value=summary.rate,
        unit="per CPU-s",
        direction=Direction.HIGHER,
        n=summary.seeds,
    )
    median = Measure(
        metric="executions",
        value=summary.median,
        unit="executions",
        direction=Direction.LOWER,
        n=summary.seeds,
    )
    kept = [found]
    if not summary.censored:  # a lower bound is no median
        kept.append(median)
    if not math.isnan(summary.rate):
        kept.append(rate)
    return tuple(kept)
