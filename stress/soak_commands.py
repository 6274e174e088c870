"""`holdfast stress soak` and `holdfast stress summary`."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from reports import ReportsError
from reports.layout import claim_store
from stress.errors import StressError
from stress.options import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Seconds,
    chosen_names,
    condition_fields,
    conditions,
)
from stress.records import keep_runs
from stress.run import Ending, StressRun
from stress.showing import exit_code
from stress.soak import Soak
from stress.soak_journal import KILLED, SoakJournal, read_journal, running_turn
from stress.soak_plan import TURN_S, SoakPlan
from stress.soak_summary import idle_names, show_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.status import Status

    from stress.soak import SoakHeadway
    from stress.turn import Turn

FOLDER: Final = Path("build/soak")
SHOWN_EVERY_S: Final = 0.1


@click.command("soak")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Every scenario that `list` shows.")
@click.option("--time", "total_s", type=Seconds(), help="Of the whole soak: 60m, 8h.")
@click.option("--each", "each_s", type=Seconds(), help="Of each scenario: 5m.")
@click.option(
    "--turn", "turn_s", type=Seconds(), default=TURN_S, show_default="5m", help="Longest turn."
)
@click.option("--restart", is_flag=True, help="Give a scenario that failed further turns.")
@conditions
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the result of every turn in this report store.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the soak notes how far it is.  [default: a new one in build/soak]",
)
@click.option("--resume", is_flag=True, help="Go on with the soak in --folder.")
def soak_command(  # noqa: PLR0913  # one argument an option
    *,
    names: tuple[str, ...],
    everything: bool,
    total_s: float | None,
    each_s: float | None,
    turn_s: float,
    restart: bool,
    store: Path | None,
    folder: Path | None,
    resume: bool,
    **options: Any,  # noqa: ANN401  # those of `conditions`
) -> None:
    """Run scenarios in turn, for hours, and say at the end what came of it.

    Each turn is a child process that runs rounds of one scenario, with a seed of its own. What
    grows by a few bytes a round shows after thousands of them, and a wake-up that is lost once in a
    million operations shows here, too.

    \b
      holdfast stress soak --all --time 8h --store build/store
      holdfast stress soak bank.scenarios:transfers --each 30m --noise heavy
      holdfast stress soak --resume --folder build/soak/20260101-220000

    Every round is noted in the folder. Ctrl-C ends the running turn and keeps what it has shown;
    after `kill -9`, or a power cut, at most the running round is lost: --resume goes on with the
    time that is left, and `holdfast stress summary` shows what was done.

    Exit codes: 0 all passed; 1 one failed, or had not one round; 2 wrong usage, or one could not
    be loaded; 130 Ctrl-C.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    fields = condition_fields(options)
    try:
        if store is not None:
            claim_store(store)  # a folder that is none is told now, and not after the first turn
        if resume:
            journal, plan = _resumed(folder, names, everything=everything, store=store)
        else:
            plan = _plan(
                chosen_names(names, everything=everything),
                {"total_s": total_s, "each_s": each_s, "turn_s": turn_s, "restart": restart},
                fields,
            )
            journal = SoakJournal.new(folder or _new_folder(), plan)
    except (StressError, ReportsError) as error:
        raise click.UsageError(str(error)) from error
    with journal:
        turns, interrupted = _soak(plan, journal, store)
    click.echo(f"noted in {journal.folder}")
    sys.exit(_exit_code(plan, turns, interrupted=interrupted))


@click.command("summary")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def summary_command(folder: Path) -> None:
    """Show what a soak in FOLDER has done up to now, also one that was killed or still runs.

    Exit codes: as those of the soak.
    """
    try:
        plan, turns = read_journal(folder)
    except StressError as error:
        raise click.UsageError(str(error)) from error
    running = running_turn(folder, over=len(turns))
    turns = turns if running is None else (*turns, running)
    show_summary(Console(), turns, names=plan.names)
    sys.exit(_exit_code(plan, turns, interrupted=False))


def _plan(names: tuple[str, ...], times: dict[str, Any], fields: dict[str, Any]) -> SoakPlan:
    if times["total_s"] is None and times["each_s"] is None:
        raise click.UsageError(
            "give --time 60m for the whole soak, --each 5m for a scenario, or both"
        )
    return SoakPlan(names=names, **times, conditions=fields)


def _resumed(
    folder: Path | None, names: tuple[str, ...], *, everything: bool, store: Path | None
) -> tuple[SoakJournal, SoakPlan]:
    if folder is None:
        raise click.UsageError("--resume takes the --folder of the soak to go on with")
    if names or everything:
        raise click.UsageError("--resume goes on with the scenarios of the soak; give no others")
    journal, plan = SoakJournal.resume(folder)
    lost = journal.cut_short
    if lost is not None:
        _keeper(store)(
            StressRun(
                name=lost.name,
                budget=plan.budget(max(lost.elapsed_s, 1.0), turn=len(journal.turns) - 1),
                ending=Ending.INTERRUPTED,
                message=KILLED,
                rounds=lost.rounds,
                operations=lost.operations,
                elapsed_s=lost.elapsed_s,
                peak_bytes=lost.peak_bytes,
            )
        )
    return journal, plan


def _new_folder() -> Path:
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return FOLDER / f"{now}-{os.getpid()}"


def _soak(
    plan: SoakPlan, journal: SoakJournal, store: Path | None
) -> tuple[tuple[Turn, ...], bool]:
    console = Console()
    with console.status("starting") as status:
        soak = Soak(plan, journal, keep=_keeper(store, console), progress=_shower(console, status))
        turns = soak.run()
    show_summary(console, turns, names=plan.names)
    return turns, soak.interrupted


def _keeper(store: Path | None, console: Console | None = None) -> Callable[[StressRun], None]:
    """Return what puts a run into the store, and says how a turn ended where nobody watches."""

    def keep(run: StressRun) -> None:
        if console is not None and (not console.is_terminal or not run.passed):
            words = f"{run.ending.value}: {run.name}, {run.rounds} rounds in {run.elapsed_s:.1f} s"
            console.print(words, markup=False, highlight=False, soft_wrap=True)
        if store is None:
            return
        try:
            keep_runs([run], store=store, source="holdfast stress soak")
        except (ReportsError, OSError) as error:
            # A disk that is full at three in the morning does not end the night: the folder of the
            # soak has the turn as well.
            click.echo(f"not kept in {store}: {error}", err=True)

    return keep


def _shower(console: Console, status: Status) -> Callable[[SoakHeadway], None]:
    shown_s = 0.0

    def show(headway: SoakHeadway) -> None:
        nonlocal shown_s
        if not console.is_terminal or time.monotonic() - shown_s < SHOWN_EVERY_S:
            return
        shown_s = time.monotonic()
        status.update(progress_line(headway))

    return show


def progress_line(headway: SoakHeadway) -> str:
    """Return how far a soak is, on one line."""
    failed = f", {headway.failed} failed" if headway.failed else ""
    return (
        f"{headway.name}: {headway.rounds:,} rounds; {headway.turns} turns over{failed}; "
        f"{_clock(headway.elapsed_s)} of {_clock(headway.whole_s)}"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _exit_code(plan: SoakPlan, turns: tuple[Turn, ...], *, interrupted: bool) -> int:
    if interrupted:
        return EXIT_INTERRUPTED
    # A turn that a kill cut short was gone on with; what is judged is what ended by itself.
    code = exit_code(turn.ending for turn in turns if turn.ending is not Ending.INTERRUPTED)
    return EXIT_FAILED if code == 0 and idle_names(turns, plan.names) else code
