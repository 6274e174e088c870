"""`holdfast stress`: scenarios under real threads, each in a child process that is watched."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.console import Console
from rich.table import Table

from reports import ReportsError
from stress.budget import DEFAULT_ROUNDS, MIB, Budget
from stress.errors import StressError
from stress.parent import run_scenario
from stress.records import keep_runs
from stress.run import Ending
from stress.scenarios import find_scenario, scenario_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stress.run import StressRun

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


@click.group("stress")
def stress_command() -> None:
    """Run scenarios with real threads, and watch for crashes, hangs and leaks.

    Exploration tries the orders of a small scenario one by one; stress runs the same scenario
    large, on real threads, in a process of its own. It finds what only real memory and a real
    system show: a page fault, a leak of threads or mappings, a lost wake-up among a hundred.
    """


@stress_command.command("list")
def list_command() -> None:
    """List the scenarios with what must hold in each."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("scenario", no_wrap=True)
    table.add_column("threads", justify="right")
    table.add_column("what must hold")
    for name in scenario_names():
        found = find_scenario(name)
        table.add_row(name, str(found.stress_scale.threads), found.what)
    Console().print(table)


@stress_command.command("run")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Every scenario that `list` shows.")
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    help=f"Full-size runs of each scenario.  [default: {DEFAULT_ROUNDS}; none with --seconds]",
)
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="Begin no round after this."
)
@click.option("--seed", default=0, show_default=True, help="Of the thread-switching jitter.")
@click.option(
    "--memory-mib",
    default=1024,
    show_default=True,
    type=click.IntRange(min=1),
    help="End a child that holds more resident memory.",
)
@click.option(
    "--hang",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="A round that takes longer is stuck; its stacks are shown.  [default: the scenario's]",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the results in this report store.",
)
def run_command(  # noqa: PLR0913  # one argument an option
    *,
    names: tuple[str, ...],
    everything: bool,
    rounds: int | None,
    seconds: float | None,
    seed: int,
    memory_mib: int,
    hang: float | None,
    store: Path | None,
) -> None:
    """Run scenarios, each in a child process with limits.

    NAME is one that `holdfast stress list` shows, or package.module:NAME of a Scenario of your
    own. For each it prints how the child ended: passed, an exception, a signal, an exit code, a
    hang (with the stacks of all threads), a leak, or too much memory.

    \b
      holdfast stress run flow_100_waiters
      holdfast stress run --all --seconds 10 --store build/store
      holdfast stress run mine.scenarios:UPLOAD --rounds 100 --seed 7

    Threads are real, so a seed settles only the jitter: run a failing line several times. Ctrl-C
    ends the running child and keeps what was done.

    Exit codes: 0 all passed; 1 one did not; 2 wrong usage; 130 Ctrl-C.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    if everything == bool(names):
        raise click.UsageError(
            "give the scenarios to run, or --all; `holdfast stress list` shows them"
        )
    if rounds is None and seconds is None:
        rounds = DEFAULT_ROUNDS
    if seconds is not None and not math.isfinite(seconds):
        raise click.UsageError("--seconds takes a finite number; leave it away for no limit")
    budget = Budget(
        rounds=rounds, seconds=seconds, seed=seed, memory_bytes=memory_mib * MIB, hang_s=hang
    )
    runs: list[StressRun] = []
    try:
        _run_all(_known(scenario_names() if everything else names), budget, runs)
    except KeyboardInterrupt:  # between two scenarios
        _keep(runs, store)
        sys.exit(EXIT_INTERRUPTED)
    _keep(runs, store)
    if runs[-1].ending is Ending.INTERRUPTED:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(0 if all(run.passed for run in runs) else EXIT_FAILED)


def _known(names: Sequence[str]) -> Sequence[str]:
    """Refuse a wrong name before the first child starts, not after ten minutes."""
    for name in names:
        try:
            find_scenario(name)
        except StressError as error:
            raise click.UsageError(str(error)) from error
    return names


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
        _show(console, run)
        if run.ending is Ending.INTERRUPTED:
            break


def _show(console: Console, run: StressRun) -> None:
    colour = "green" if run.passed else "bold red"
    console.print(
        f"[{colour}]{run.ending.value:>10}[/]  {run.name}: {run.rounds} rounds in "
        f"{run.elapsed_s:.1f} s, {run.cpu_s:.1f} s of CPU, peak {run.peak_bytes // MIB} MiB",
        highlight=False,
        soft_wrap=True,
    )
    if run.passed:
        return
    for text in (run.message, run.stacks, f"again: {run.replay}"):
        if text:
            console.print(text, markup=False, highlight=False, soft_wrap=True)


def _keep(runs: Sequence[StressRun], store: Path | None) -> None:
    if store is None or not runs:
        return
    try:
        paths = keep_runs(runs, store=store, source="holdfast stress run")
    except ReportsError as error:
        raise click.ClickException(str(error)) from error
    for path in paths:
        click.echo(f"kept in {path}")
