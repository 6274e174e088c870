"""`holdfast stress`: scenarios under real threads, each in a child process that is watched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from reports import ReportsError
from stress.budget import DEFAULT_ROUNDS, Budget
from stress.errors import StressError
from stress.listing import IMPORT_S, describe_scenarios
from stress.options import (
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    Seconds,
    chosen_names,
    condition_fields,
    conditions,
)
from stress.parent import run_scenario
from stress.records import keep_runs
from stress.run import Ending
from stress.scenarios.catalogue import scenario_targets
from stress.showing import exit_code, show_run
from stress.soak_commands import soak_command, summary_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stress.run import StressRun


@click.group("stress")
def stress_command() -> None:
    """Run scenarios with real threads, and watch for crashes, hangs and leaks.

    Exploration tries the orders of a small scenario one by one; stress runs the same scenario
    large, on real threads, in a process of its own. It finds what only real memory and a real
    system show: a page fault, a leak of threads or mappings, a lost wake-up among a hundred.

    A scenario of your own is a function with @stress.scenario above it. List it in pyproject.toml,
    and --all runs it with the others:

    \b
      [tool.holdfast.stress]
      scenarios = ["bank.scenarios:transfers"]
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines


@stress_command.command("list")
def list_command() -> None:
    """List the scenarios with what must hold in each.

    Ours, those that installed distributions bring (entry-point group `holdfast.scenarios`), and
    those that `[tool.holdfast.stress]` of the pyproject.toml here lists. Each is imported in a
    child process; one that cannot be is listed with the reason.

    Exit codes: 0 all can be had; 2 one cannot.
    """
    try:
        found = describe_scenarios(scenario_targets(), import_s=IMPORT_S)
    except StressError as error:
        raise click.UsageError(str(error)) from error
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("scenario", no_wrap=True)
    table.add_column("threads", justify="right")
    table.add_column("operations", justify="right")
    table.add_column("what must hold")
    for one in found:
        if not one.broken:
            table.add_row(one.name, str(one.threads), str(one.operations), one.what)
    console = Console()
    console.print(table)
    broken = [one for one in found if one.broken]
    for one in broken:
        words = f"{one.name} cannot be loaded: {one.broken}"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    if broken:
        sys.exit(EXIT_USAGE)


@stress_command.command("run")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Every scenario that `list` shows.")
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    help=f"Full-size runs of each scenario.  [default: {DEFAULT_ROUNDS}; none with --time]",
)
@click.option(
    "--time", "--seconds", "seconds", type=Seconds(), help="Begin no round after this: 10s, 5m."
)
@conditions
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the results in this report store.",
)
def run_command(
    *,
    names: tuple[str, ...],
    everything: bool,
    rounds: int | None,
    seconds: float | None,
    store: Path | None,
    **options: Any,  # noqa: ANN401  # those of `conditions`
) -> None:
    """Run scenarios, each in a child process with limits.

    NAME is one that `holdfast stress list` shows, or package.module:NAME of a scenario of your
    own. For each it prints how the child ended: passed, an exception, a signal, an exit code, a
    hang (with the stacks of all threads and who holds which lock), a leak (of threads, processes,
    descriptors, temporary files, mappings, locked pages, memory), or too much memory or disk.

    \b
      holdfast stress run flow_100_waiters
      holdfast stress run --all --time 10s --store build/store
      holdfast stress run bank.scenarios:transfers --threads 32 --noise heavy --seed 7

    Memory leaks show as a slope: give it 20 rounds or more. Threads are real, so a seed settles
    only what is drawn and when threads are disturbed: run a failing line several times. A scenario
    that cannot be loaded is named, and the others run. Ctrl-C ends the running child and keeps
    what was done.

    Exit codes: 0 all passed; 1 one failed; 2 wrong usage, or one could not be loaded; 130 Ctrl-C.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    wanted = chosen_names(names, everything=everything)
    if rounds is None and seconds is None:
        rounds = DEFAULT_ROUNDS
    budget = Budget(rounds=rounds, seconds=seconds, **condition_fields(options))
    runs: list[StressRun] = []
    try:
        _run_all(wanted, budget, runs)
    except KeyboardInterrupt:  # between two scenarios
        _keep(runs, store)
        sys.exit(EXIT_INTERRUPTED)
    _keep(runs, store)
    sys.exit(exit_code(run.ending for run in runs))


def _run_all(names: Sequence[str], budget: Budget, runs: list[StressRun]) -> None:
    """Run the scenarios and add what came of each to `runs`, so that an interrupt loses none."""
    console = Console()
    for name in names:
        with console.status(f"{name}: starting") as status:
            run = run_scenario(
                name,
                budget,
                progress=lambda head, name=name: status.update(f"{name}: {head.rounds} rounds"),  # type: ignore[misc]
            )
        runs.append(run)
        show_run(console, run)
        if run.ending is Ending.INTERRUPTED:
            break


def _keep(runs: Sequence[StressRun], store: Path | None) -> None:
    if store is None or not runs:
        return
    try:
        paths = keep_runs(runs, store=store, source="holdfast stress run")
    except ReportsError as error:
        raise click.ClickException(str(error)) from error
    for path in paths:
        click.echo(f"kept in {path}")


stress_command.add_command(soak_command)
stress_command.add_command(summary_command)
