"""`python -m tests.suite`: how many schedules each strategy needs for each known bug.

Exit codes: 0 everything measured, whatever was found; 1 a search met something else than the
program's bug, or a correct twin failed; 2 wrong usage; 130 Ctrl-C, with what was measured.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from harness import STRATEGY_NAMES, ArgumentError
from harness.strategies.registry import make_strategy
from reports import write_run
from tests.suite import journal
from tests.suite.catalogue import ENTRIES, choose
from tests.suite.measuring import Measurement, Plan
from tests.suite.peer import frontrun_python
from tests.suite.rendering import markdown_of, show
from tests.suite.searches import SearchEnd
from tests.suite.sheets import all_sheets
from tests.suite.suite_records import records_of
from tests.suite.surroundings import surroundings
from tests.suite.twins import alarms_of, twins_sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.suite.catalogue import Entry
    from tests.suite.searches import Search
    from tests.suite.sheets import Sheet

SEARCH_EXECUTIONS: Final = 2_000
TWIN_EXECUTIONS: Final = 10_000
WIDTH: Final = 230  # columns where no terminal sets them: the widest table


@click.command()
@click.option("--strategy", "strategies", multiple=True, metavar="NAME", help="Only this one.")
@click.option("--program", "programs", multiple=True, metavar="NAME", help="Only this one.")
@click.option("--seeds", type=click.IntRange(min=1), help="Searches each: 20; 1 with --twins.")
@click.option("--executions", type=click.IntRange(min=1), help="A search: 2000; twins 10000.")
@click.option("--limit", "limit_s", default=10.0, show_default=True, help="CPU seconds a search.")
@click.option("--time-limit", "time_limit_s", type=float, help="Seconds in all; then the table.")
@click.option(
    "--json",
    "journal_path",
    default=Path("build/suite/searches.jsonl"),
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A line a search; what is in it is not measured again.",
)
@click.option("--fresh", is_flag=True, help="Measure everything, whatever the file holds.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here, too.")
@click.option("--frontrun/--no-frontrun", default=True, help="Run frontrun where it is installed.")
@click.option("--frontrun-all", is_flag=True, help="On every program, not on a subset.")
@click.option("--twins", is_flag=True, help="Run the correct twins: nothing may fail.")
@click.option("--store", type=click.Path(path_type=Path), help="Keep the result in this store.")
@click.option("--list", "listing", is_flag=True, help="List the programs and run none.")
def main(  # noqa: PLR0913  # one argument an option
    *,
    strategies: tuple[str, ...],
    programs: tuple[str, ...],
    seeds: int | None,
    executions: int | None,
    limit_s: float,
    time_limit_s: float | None,
    journal_path: Path,
    fresh: bool,
    markdown: Path | None,
    frontrun: bool,
    frontrun_all: bool,
    twins: bool,
    store: Path | None,
    listing: bool,
) -> None:
    """Search every known bug with every strategy, and print the schedules that it takes.

    \b
      python -m tests.suite                                  everything, 20 seeds each
      python -m tests.suite --strategy pct --program stack   one row, one column
      python -m tests.suite --twins                          no false alarm on any twin
    """  # \b is click's mark for a paragraph that keeps its lines
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    if listing:
        for entry in ENTRIES:
            console.print(f"{entry.name:24} {entry.bug_class:17} {entry.what}", highlight=False)
        return
    plan = Plan(
        entries=_entries(programs),
        strategies=_strategies(strategies),
        seeds=seeds or (1 if twins else 20),
        executions=executions or (TWIN_EXECUTIONS if twins else SEARCH_EXECUTIONS),
        limit_s=limit_s,
        time_limit_s=time_limit_s,
        fixed=twins,
        frontrun=frontrun_python() if frontrun and not twins else None,
        frontrun_all=frontrun_all,
    )
    if fresh:
        journal_path.unlink(missing_ok=True)
    searches, whole = _measure(console, plan, journal_path)
    _report(console, plan, searches, markdown)
    if store is not None:
        records = records_of(plan.entries, searches)
        console.print(f"kept in {write_run(records, store=store, source='nox -s suite')}")
    problems = _problems(plan, searches)
    for problem in problems:
        console.print(problem, highlight=False, markup=False, soft_wrap=True)
    sys.exit(130 if not whole else 1 if problems else 0)


def _report(console: Console, plan: Plan, searches: list[Search], markdown: Path | None) -> None:
    sheets = _sheets(plan, searches)
    for sheet in sheets:
        show(console, sheet)
    here = surroundings(searches)
    console.print(here, highlight=False)
    if markdown is not None:
        text = f"# The bug suite, measured\n\n{here}\n\n{markdown_of(sheets)}"
        markdown.write_text(text, "utf-8")


def _entries(names: tuple[str, ...]) -> tuple[Entry, ...]:
    try:
        return tuple(choose(names))
    except KeyError as error:
        known = ", ".join(entry.name for entry in ENTRIES)
        raise click.UsageError(f"no program {error.args[0]}; there are {known}") from None


def _strategies(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        try:
            make_strategy(name, 0)
        except ArgumentError as error:
            raise click.UsageError(str(error)) from None
    return names or STRATEGY_NAMES


def _measure(console: Console, plan: Plan, path: Path) -> tuple[list[Search], bool]:
    """Run what is missing; return all searches of the plan, and whether Ctrl-C let it end."""
    try:
        known = {one.key: one for one in journal.read(path) if plan.covers(one)}
    except journal.DamagedJournalError as error:
        raise click.UsageError(str(error)) from None
    if known:
        console.print(f"{len(known)} searches are in {path} already; --fresh begins anew")
    with console.status("starting") as status:
        measurement = Measurement(plan, known.values(), progress=_progress(console, status.update))
        try:
            for search in measurement.run():
                known[search.key] = search
                journal.append(path, search)
        except KeyboardInterrupt:
            console.print(f"interrupted; the same command goes on from {path}")
            return list(known.values()), False
    if measurement.stopped:
        console.print(f"the time limit ended it; the same command goes on from {path}")
    return list(known.values()), True


def _progress(console: Console, show: Callable[[str], object]) -> Callable[[str], object]:
    """Show every search in a terminal, and a line a program where there is none."""
    if console.is_terminal:
        return show
    programs: set[str] = set()

    def tell(text: str) -> None:
        program, _, _ = text.partition(":")
        if program not in programs:
            programs.add(program)
            console.print(program, highlight=False)

    return tell


def _sheets(plan: Plan, searches: list[Search]) -> list[Sheet]:
    if plan.fixed:
        return [twins_sheet(plan.entries, searches, plan.columns)]
    return all_sheets(plan.entries, searches, plan.columns)


def _problems(plan: Plan, searches: list[Search]) -> list[str]:
    if plan.fixed:
        return alarms_of(searches)
    wrong = (SearchEnd.OTHER, SearchEnd.ERROR)
    return alarms_of(one for one in searches if one.end in wrong)


if __name__ == "__main__":
    main()
