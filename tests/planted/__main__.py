"""`python -m tests.planted`: seek every planted bug with its method, and print the matrix.

Exit codes: 0 everything found under every seed and no false alarm; 1 something missing, or a good
twin failed, with the line that runs it again; 2 wrong usage; 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from harness import instrument_imports
from reports import write_run
from tests.planted import replays
from tests.planted.catalogue import instrumented, load_bugs
from tests.planted.matrix import records_of, run_matrix, table_of

if TYPE_CHECKING:
    from tests.planted.catalogue import PlantedBug


@click.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("--first-seed", default=0, show_default=True, help="The lowest seed.")
@click.option("--only", multiple=True, metavar="B-NN", help="Only this bug; may be repeated.")
@click.option("--component", multiple=True, help="Only bugs of this component.")
@click.option(
    "--replay",
    "times",
    default=0,
    metavar="N",
    type=click.IntRange(min=0),
    help="Find each bug once, and run what was found N times in another process.",
)
@click.option("--list", "listing", is_flag=True, help="List the bugs and run none.")
@click.option(
    "--store", type=click.Path(path_type=Path), help="Write the result into this report store."
)
def main(  # noqa: PLR0913  # one argument an option
    *,
    seeds: int,
    first_seed: int,
    only: tuple[str, ...],
    component: tuple[str, ...],
    times: int,
    listing: bool,
    store: Path | None,
) -> None:
    """Seek every planted bug with the method that must find it.

    For each bug the matrix says in how many seeded runs it was found, after how many executions
    and how long (medians), and whether the good twin passes the same check.

    \b
      python -m tests.planted                  everything, 20 seeds each
      python -m tests.planted --only B-53      one bug, all its variants
      python -m tests.planted --replay 20      20 replays of each finding in another process
    """  # \b is click's mark for a paragraph that keeps its lines
    console = Console()
    with instrument_imports(include=instrumented()):
        bugs = choose(load_bugs(), only=only, component=component)
    if listing:
        for bug in bugs:
            console.print(f"{bug.label:6} {bug.method:12} {bug.what}", highlight=False)
        return
    if times:
        sys.exit(replay(console, bugs, times=times, seed=first_seed))
    with console.status("starting") as status:
        rows = run_matrix(
            bugs,
            first_seed=first_seed,
            seeds=seeds,
            progress=lambda bug: status.update(f"{bug.label}: {bug.what}"),
        )
    console.print(table_of(rows))
    if store is not None:
        console.print(
            f"kept in {write_run(records_of(rows), store=store, source='nox -s planted')}"
        )
    problems = [problem for row in rows for problem in row.problems()]
    for problem in problems:
        console.print(problem, highlight=False, markup=False, soft_wrap=True)
    sys.exit(1 if problems else 0)


def replay(console: Console, bugs: list[PlantedBug], *, times: int, seed: int) -> int:
    """Print how often each finding comes again in another process; return the exit code."""
    with console.status("starting") as status:
        rows = replays.run(
            bugs, times=times, seed=seed,
            progress=lambda bug: status.update(f"{bug.label}: {bug.what}"),
        )  # fmt: skip
    console.print(replays.table_of(rows))
    for row in rows:
        if not row.ok:
            console.print(f"{row.bug.label}: {row.endings}", highlight=False, markup=False)
    return 0 if all(row.ok for row in rows) else 1


def choose(
    bugs: tuple[PlantedBug, ...], *, only: tuple[str, ...], component: tuple[str, ...]
) -> list[PlantedBug]:
    """Return the bugs that were asked for; asking for one that is not there is wrong usage."""
    unknown = [name for name in only if not any(name in (b.label, b.number) for b in bugs)]
    if unknown:
        raise click.UsageError(
            f"no planted bug {', '.join(unknown)}; there are {', '.join(b.label for b in bugs)}"
        )
    return [
        bug
        for bug in bugs
        if (not only or bug.label in only or bug.number in only)
        and (not component or bug.component in component)
    ]


if __name__ == "__main__":
    main()
