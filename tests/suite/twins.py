"""The correct twins: nothing may be found in them, whatever the strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.suite.searches import SearchEnd
from tests.suite.sheets import NOTHING, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.suite.catalogue import Entry
    from tests.suite.searches import Search


def alarms_of(searches: Iterable[Search]) -> list[str]:
    """Return a line for each search that did not end as a search of a correct program has to."""
    quiet = (SearchEnd.BUDGET, SearchEnd.TIME, SearchEnd.DRY, SearchEnd.REFUSED)
    return [_line(one) for one in searches if one.end not in quiet]


def _line(search: Search) -> str:
    what = f"{search.end}: {search.kind} {search.detail}".strip()
    return f"{search.program}, {search.strategy}, seed {search.seed}: {what}"


def twins_sheet(
    entries: Sequence[Entry], searches: Iterable[Search], strategies: Sequence[str]
) -> Sheet:
    """Return how many executions of each twin passed under each strategy."""
    grouped: dict[tuple[str, str], list[Search]] = {}
    for search in searches:
        grouped.setdefault((search.program, search.strategy), []).append(search)
    rows = [
        (entry.name, *(_cell(grouped.get((entry.name, one), [])) for one in strategies))
        for entry in entries
    ]
    return Sheet(
        title="Executions of each correct twin that passed",
        columns=("program", *strategies),
        rows=tuple(rows),
        note="all N: the strategy had nothing left to try; +k: as many met their step bound.",
    )


def _cell(searches: Sequence[Search]) -> str:
    if not searches:
        return NOTHING
    if alarms_of(searches):
        return "ALARM"
    if all(one.end is SearchEnd.REFUSED for one in searches):
        return "refused"
    count = sum(one.executions for one in searches)
    overruns = sum(one.overruns for one in searches)
    dry = all(one.end is SearchEnd.DRY for one in searches)
    return f"{'all ' if dry else ''}{count}{f' +{overruns}' if overruns else ''}"
