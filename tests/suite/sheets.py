"""The tables of the suite, as text in cells: schedules by class, summaries, rates."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.suite.catalogue import BugClass
from tests.suite.medians import Summary, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.suite.catalogue import Entry
    from tests.suite.published import Figure
    from tests.suite.searches import Search

    Cells = Mapping[tuple[str, str], Summary]

# A published technique, by the column of one source or else of the other.
SHOWN: Final = {
    "RFF": ("RFF",),
    "SURW": ("SURW",),
    "PCT-3": ("PCT-3", "PCT-3/rff"),
    "POS": ("POS", "POS/rff"),
    "random": ("random",),
}
COUNTERPARTS: Final = {
    "rff": "RFF",
    "surw": "SURW",
    "pct": "PCT-3",
    "pos": "POS",
    "random": "random",
    "portfolio": "RFF",  # which is the best of those published
}
NOTHING: Final = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table.

    Attributes:
        note: What a reader has to know to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def cells_of(searches: Iterable[Search]) -> dict[tuple[str, str], Summary]:
    """Return a summary for every program and strategy that was searched."""
    grouped: dict[tuple[str, str], list[Search]] = {}
    for search in searches:
        grouped.setdefault((search.program, search.strategy), []).append(search)
    summaries = {key: summarise(group) for key, group in grouped.items()}
    return {key: summary for key, summary in summaries.items() if summary is not None}


def published_figure(entry: Entry, technique: str) -> Figure | None:
    """Return what others published of a program and a technique; None where nobody did."""
    for column in SHOWN[technique]:
        if column in entry.published:
            return entry.published[column]
    return None


def schedules_sheets(
    entries: Sequence[Entry], cells: Cells, strategies: Sequence[str]
) -> list[Sheet]:
    """Return a table of schedules to the first bug for each class that has a program."""
    sheets = []
    for bug_class in BugClass:
        chosen = [entry for entry in entries if entry.bug_class is bug_class]
        if chosen:
            rows = tuple(_schedules_row(entry, cells, strategies) for entry in chosen)
            columns = ("program", *strategies, *(f"[{name}]" for name in SHOWN))
            title = f"Schedules to the first bug: {bug_class}"
            sheets.append(Sheet(title=title, columns=columns, rows=rows, note=SCHEDULES_NOTE))
    return sheets


SCHEDULES_NOTE: Final = (
    "Median of the seeds; (k/n) found it in k of n seeds; >N the median search had not found it "
    "after N; none in all N: the strategy had nothing left to try; refused: it does not search "
    "such programs. [In brackets] published means."
)


def _schedules_row(entry: Entry, cells: Cells, strategies: Sequence[str]) -> tuple[str, ...]:
    name = f"{entry.name} (hard)" if entry.hard else entry.name
    ours = [_text(cells.get((entry.name, strategy))) for strategy in strategies]
    theirs = [_text(published_figure(entry, technique)) for technique in SHOWN]
    return (name, *ours, *theirs)


def _text(cell: object) -> str:
    return NOTHING if cell is None else str(cell)


def rates_sheet(entries: Sequence[Entry], cells: Cells, strategies: Sequence[str]) -> Sheet:
    """Return the table of executions per CPU-second."""
    rows = [
        (entry.name, *(_rate(cells.get((entry.name, strategy))) for strategy in strategies))
        for entry in entries
    ]
    return Sheet(
        title="Executions per CPU-second",
        columns=("program", *strategies),
        rows=tuple(rows),
        note="All executions of all seeds over their CPU time; few executions make a rough rate.",
    )


def _rate(cell: Summary | None) -> str:
    # Nothing ran of what was refused, and there is no rate of nothing.
    return f"{cell.rate:.0f}" if cell is not None and cell.rate > 0 else NOTHING


def classes_sheet(entries: Sequence[Entry], cells: Cells, strategies: Sequence[str]) -> Sheet:
    """Return how many programs of each class every strategy finds, and its typical cost."""
    rows = []
    for bug_class in BugClass:
        chosen = [entry for entry in entries if entry.bug_class is bug_class]
        if chosen:
            rows.append(_class_row(str(bug_class), chosen, cells, strategies))
    searching = [entry for entry in entries if entry.bug_class is not BugClass.ALWAYS]
    rows.append(_class_row("all that need a search", searching, cells, strategies))
    return Sheet(
        title="By class: programs found under every seed, of those searched; median of the medians",
        columns=("class", *strategies),
        rows=tuple(rows),
        note="The last row leaves out what always fails: it measures nothing about search.",
    )


def _class_row(
    name: str, entries: Sequence[Entry], cells: Cells, strategies: Sequence[str]
) -> tuple[str, ...]:
    row = [name]
    for strategy in strategies:
        known = [
            cells[entry.name, strategy] for entry in entries if (entry.name, strategy) in cells
        ]
        row.append(_class_cell(known))
    return tuple(row)


def _class_cell(cells: Sequence[Summary]) -> str:
    known = [cell for cell in cells if not cell.refused]
    if not known:
        return NOTHING
    whole = sum(cell.found == cell.seeds for cell in known)
    # A median that is not known is above all that are.
    medians = [float("inf") if cell.censored else cell.median for cell in known]
    middle = statistics.median(medians)
    shown = "not found" if middle == float("inf") else f"{middle:g}"
    return f"{whole}/{len(known)}; {shown}"


def published_sheet(entries: Sequence[Entry], cells: Cells) -> Sheet:
    """Return our medians beside the published means of the same technique, the worst first."""
    found: list[tuple[float, tuple[str, ...]]] = []
    for entry in entries:
        for strategy, technique in COUNTERPARTS.items():
            ours, theirs = cells.get((entry.name, strategy)), published_figure(entry, technique)
            if ours is not None and theirs is not None and entry.bug_class is not BugClass.ALWAYS:
                found.append(_comparison(entry.name, strategy, ours, theirs))
    found.sort(key=lambda one: -one[0])
    return Sheet(
        title="Beside the published figures of the same technique (portfolio: RFF), worst first",
        columns=("program", "strategy", "our median", "our mean", "published mean", "ratio"),
        rows=tuple(row for _, row in found),
        note=(
            "Ratio: our median to the published mean; above 1 we are behind. Our mean is over the "
            "seeds that found it. Their programs are C, their switching points not ours."
        ),
    )


def _comparison(
    program: str, strategy: str, ours: Summary, theirs: Figure
) -> tuple[float, tuple[str, ...]]:
    infinite = float("inf")
    mean = NOTHING if ours.mean is None else f"{ours.mean:.3g}"
    if theirs.mean is None:
        ratio, shown = (1.0, "neither") if ours.censored else (0.0, "only we")
    elif ours.censored:
        ratio, shown = infinite, f">{ours.median / theirs.mean:.2g}"
    else:
        ratio = ours.median / theirs.mean
        shown = f"{ratio:.2g}"
    return ratio, (program, strategy, str(ours), mean, str(theirs), shown)


def all_sheets(
    entries: Sequence[Entry], searches: Iterable[Search], strategies: Sequence[str]
) -> list[Sheet]:
    """Return every table, in the order in which they are read."""
    cells = cells_of(searches)
    known = [entry for entry in entries if any((entry.name, one) in cells for one in strategies)]
    return [
        *schedules_sheets(known, cells, strategies),
        classes_sheet(known, cells, strategies),
        published_sheet(known, cells),
        rates_sheet(known, cells, strategies),
    ]
