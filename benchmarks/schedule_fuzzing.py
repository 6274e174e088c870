"""Fuzzing against the random walk, on the programs of the bug suite that the walk finds hard.

    python -m benchmarks.schedule_fuzzing                       everything, 20 seeds each
    python -m benchmarks.schedule_fuzzing --program reorder_5 --engine greybox
    python -m benchmarks.schedule_fuzzing --tables              no search: what the journal holds

Each search is a line of a journal as soon as it ended, and the same command goes on where it
stopped. `random` and `rff` are the harness's own strategies, counted by the suite's own searches.
A search that did not find the bug is censored and counts as infinite in a median.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from benchmarks.schedule_searches import BLIND, Budget, FuzzSearcher
from tests.suite.catalogue import choose
from tests.suite.journal import append, read
from tests.suite.medians import summarise
from tests.suite.searches import Searcher
from tests.suite.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.suite.catalogue import Entry
    from tests.suite.medians import Summary
    from tests.suite.searches import Search

JOURNAL: Final = Path("build/schedule-fuzzing/searches.jsonl")
STRATEGIES: Final = ("random", "rff")
ENGINES: Final = ("greybox", "greybox" + BLIND, "atheris")
# Those for which the suite's tables show a median of the random walk above 50, the limit being 100:
# which are above is measured anew here.
HARD: Final = (
    "uneven_store", "reorder_4", "reorder_5", "reorder_10", "reorder_20", "reorder_50",
    "reorder_100", "twostage_20", "twostage_50", "twostage_100", "safe_stack",
)  # fmt: skip
ABOVE: Final = 100  # executions of the random walk in the median


@click.command()
@click.option("--program", "programs", multiple=True, metavar="NAME", default=HARD)
@click.option("--engine", "columns", multiple=True, default=(*STRATEGIES, *ENGINES))
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("--executions", default=2_000, show_default=True, type=click.IntRange(min=1))
@click.option("--limit", "limit_s", default=20.0, show_default=True, help="CPU seconds a search.")
@click.option("--journal", type=click.Path(path_type=Path), default=JOURNAL, show_default=True)
@click.option("--tables", is_flag=True, help="Print what was measured, and measure nothing.")
@click.option("--one", is_flag=True, hidden=True, help="Run in this process: see _in_child.")
def main(  # noqa: PLR0913  # one argument an option
    *,
    programs: tuple[str, ...],
    columns: tuple[str, ...],
    seeds: int,
    executions: int,
    limit_s: float,
    journal: Path,
    tables: bool,
    one: bool,
) -> None:
    """Measure what is missing in the journal, and print the table."""
    budget = Budget(seeds=seeds, executions=executions, limit_s=limit_s)
    if one:
        _measure(choose(programs), columns[0], budget, file=journal)
        return
    if not tables:
        for column in columns:
            _in_child(programs, column, budget, file=journal)
    found = [search for search in read(journal) if search.budget == executions]
    click.echo(table([search for search in found if search.seed < seeds], programs, columns))


def _in_child(programs: Sequence[str], column: str, budget: Budget, *, file: Path) -> None:
    """Measure one column in a process of its own: an engine rewrites what it imports."""
    command = [
        sys.executable, "-m", "benchmarks.schedule_fuzzing", "--one", "--engine", column,
        "--seeds", str(budget.seeds), "--executions", str(budget.executions),
        "--limit", str(budget.limit_s), "--journal", str(file),
        *(word for name in programs for word in ("--program", name)),
    ]  # fmt: skip
    subprocess.run(command, check=True)  # noqa: S603  # our interpreter, our module


def _measure(entries: Sequence[Entry], column: str, budget: Budget, *, file: Path) -> None:
    """Run the searches of one column that the journal lacks."""
    known = {search.key for search in read(file)}
    if column not in STRATEGIES:
        with FuzzSearcher(column) as fuzz_searcher:
            for entry in entries:
                for seed in _missing(entry, column, budget, known):
                    fuzz_searcher.search(entry, seed, budget, ended=partial(append, file))
        return
    for entry in entries:
        with Searcher(entry) as searcher:
            for seed in _missing(entry, column, budget, known):
                found = searcher.search(
                    column, seed=seed, executions=budget.executions, limit_s=budget.limit_s
                )
                append(file, found)


def _missing(
    entry: Entry, column: str, budget: Budget, known: set[tuple[object, ...]]
) -> list[int]:
    keys = (
        (entry.name, _label(column), seed, budget.executions, "bad") for seed in range(budget.seeds)
    )
    return [seed for seed, key in enumerate(keys) if key not in known]


def _label(column: str) -> str:
    return column if column in STRATEGIES else f"fuzz:{column}"


def table(searches: Sequence[Search], programs: Sequence[str], columns: Sequence[str]) -> str:
    """Return medians as a Markdown table, and where they were measured."""
    lines = [
        "| program | " + " | ".join(columns) + " | fewer than random |",
        "| --- |" + " ---: |" * len(columns) + " --- |",
    ]
    for name in programs:
        cells = {column: _summary(searches, name, column) for column in columns}
        shown = " | ".join("." if cell is None else str(cell) for cell in cells.values())
        lines.append(f"| {name} | {shown} | {_verdict(cells)} |")
    return "\n".join([*lines, "", surroundings(searches)])


def _summary(searches: Sequence[Search], program: str, column: str) -> Summary | None:
    label = _label(column)
    return summarise([one for one in searches if one.program == program and one.strategy == label])


def _verdict(cells: dict[str, Summary | None]) -> str:
    """Say whether the pure-Python engine needs fewer executions than the random walk."""
    walk, ours = cells.get("random"), cells.get("greybox")
    if walk is None or ours is None:
        return "."
    if ours.censored:
        return "neither found it" if walk.censored else "no"
    if not walk.censored and walk.median <= ABOVE:
        return "yes; random is below 100" if ours.median < walk.median else "no; below 100"
    return "yes" if walk.censored or ours.median < walk.median else "no"


if __name__ == "__main__":
    main()
