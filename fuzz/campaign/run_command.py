"""`holdfast fuzz run`: fuzz targets, or replay one input."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fuzz.campaign.campaign_books import read_seeds
from fuzz.campaign.campaign_folder import DEFAULT_FOLDER
from fuzz.campaign.campaign_run import DEFAULT_SECONDS, MIB, Budget, CampaignRun, Verdict
from fuzz.campaign.campaign_settings import MOST_WORKERS, Settings
from fuzz.campaign.terminal import Terminal
from fuzz.campaign.turns import Broken, run_in_turns
from fuzz.catalogue import place_of, target_names
from fuzz.duration import Duration
from fuzz.engines.dictionary_file import read_dictionary
from fuzz.engines.mixture import engine_choices
from fuzz.errors import BrokenTargetError, FuzzError, UnknownTargetError
from fuzz.records import record_of, record_of_broken
from fuzz.triaging.errors import InputFileError
from fuzz.triaging.replaying import replay_input
from fuzz.workers.interrupts import EXIT_INTERRUPTED, Interrupts
from reports import ReportsError, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_FOUND: Final = 1
EXIT_BROKEN: Final = 2
EXIT_UNDECIDED: Final = 3
SOURCE: Final = "holdfast fuzz run"

folder_option = click.option(
    "--folder",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Keeps corpus, crashes and figures, a folder for each target.",
)
store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the results in this report store.",
)
ignore_known_option = click.option(
    "--ignore-known",
    is_flag=True,
    help="Exit 0 where nothing but crashes fail that an earlier campaign has saved.",
)


@click.command("run")
@click.argument("names", nargs=-1, metavar="TARGET...")
@click.option("--all", "everything", is_flag=True, help="Every target that `list` shows.")
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    help=f"For each target: 10s, 5m, 8h.  [default: {DEFAULT_SECONDS:g}s; no limit with --runs "
    "or --stop-when-stale]",
)
@click.option("--runs", type=click.IntRange(min=1), help="Inputs for each target.")
@click.option(
    "--stop-when-stale",
    "stale_s",
    type=Duration(),
    metavar="DURATION",
    help="End a target when nothing new came for so long; the others get the time it had left.",
)
@click.option(
    "--workers",
    "-j",
    type=click.IntRange(min=1, max=MOST_WORKERS),
    help="Processes that run inputs, over one corpus.  [default: one for each processor]",
)
@click.option(
    "--engine",
    type=click.Choice(engine_choices()),
    default="auto",
    show_default=True,
    help="What makes the inputs; auto lets unlike engines take turns at the workers.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**31 - 1),
    help="Of the first worker.  [default: another each time; it is printed]",
)
@click.option(
    "--seeds",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIRECTORY",
    help="Inputs to begin with, a file each; copied into the corpus.",
)
@click.option(
    "--dict",
    "dictionary",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help='Pieces that inputs are likely to hold, as libFuzzer and AFL take them: name="\\x89PNG".',
)
@click.option(
    "--timeout",
    "hang_s",
    type=Duration(),
    metavar="DURATION",
    help="An input that runs longer hangs.  [default: what the target says, mostly 20s]",
)
@click.option(
    "--memory-mib",
    default=1024,
    show_default=True,
    type=click.IntRange(min=1),
    help="End a worker that holds more resident memory.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Run the one input in FILE, and tell everything about it.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Run rounds on the Dask cluster whose scheduler has this address.",
)
@ignore_known_option
@folder_option
@store_option
def run_command(  # noqa: PLR0913  # one argument an option
    *,
    names: tuple[str, ...],
    everything: bool,
    seconds: float | None,
    runs: int | None,
    stale_s: float | None,
    workers: int | None,
    engine: str,
    seed: int | None,
    seeds: Path | None,
    dictionary: Path | None,
    hang_s: float | None,
    memory_mib: int,
    replay: Path | None,
    cluster: str | None,
    ignore_known: bool,
    folder: Path,
    store: Path | None,
) -> None:
    """Fuzz targets, and keep every input that makes one fail.

    TARGET is one that `holdfast fuzz list` shows, or package.module:NAME of your own. Saved crashes
    run first. A failing input is saved under FOLDER/TARGET/crashes and printed with the line that
    runs it again; the campaign goes on, and keeps one input for each finding. Several targets take
    turns.

    \b
      holdfast fuzz run mine.fuzzing:PARSER --time 5m
      holdfast fuzz run --all --time 2h --stop-when-stale 20m
      holdfast fuzz run parser --replay build/fuzz/parser/crashes/3f2a...

    Whatever ends it, nothing that was found is lost: `holdfast fuzz resume` goes on after a crash
    of the machine, `holdfast fuzz status` says whether it is worth it. Ctrl-C ends cleanly, a
    second one at once.

    Exit codes: 0 nothing failed; 1 a finding, new, or saved before and not mended (such as a
    failing test; --ignore-known takes those for 0); 2 wrong usage, or a target that cannot be
    imported, with the results of the others kept; 3 undecided: not one input ran, or the fuzzing
    itself failed; 130 Ctrl-C, with everything found so far kept.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    chosen = known_names(names, everything=everything)
    if replay is not None:
        _replay(chosen, replay)
    if seconds is None and runs is None and stale_s is None:
        seconds = DEFAULT_SECONDS
    budget = Budget(seconds=seconds, runs=runs, memory_bytes=memory_mib * MIB, stale_s=stale_s)
    if seed is None:
        seed = int.from_bytes(os.urandom(4)) >> 1
    try:
        wanted = [
            Settings(
                target=name,
                engine=engine,
                workers=workers or os.cpu_count() or 1,
                seed=seed,
                budget=budget,
                dictionary=() if dictionary is None else read_dictionary(dictionary),
                hang_s=hang_s,
            )
            for name in chosen
        ]
        first = () if seeds is None else read_seeds(seeds)
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    if cluster is not None:
        # Only where somebody asks for it: it needs an extra.
        cluster_campaign: Any = importlib.import_module("fuzz.cluster.cluster_campaign")
        ended = cluster_campaign.run_on_cluster(wanted, cluster, folder=folder, seeds=first)
    else:
        ended = run_here(wanted, folder=folder, seeds=first)
    keep(ended, store, source=SOURCE)
    sys.exit(exit_code(ended, ignore_known=ignore_known))


def known_names(names: Sequence[str], *, everything: bool) -> Sequence[str]:
    """Refuse a wrong name before the first child starts, not after ten minutes."""
    if everything == bool(names):
        raise click.UsageError("give the targets to run, or --all; `holdfast fuzz list` shows them")
    try:
        chosen = target_names() if everything else tuple(dict.fromkeys(names))
        for name in chosen:
            place_of(name)
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    return chosen


def run_here(
    wanted: Sequence[Settings], *, folder: Path, seeds: Sequence[bytes]
) -> list[CampaignRun | Broken]:
    """Run campaigns on this machine, and show them."""
    ended: list[CampaignRun | Broken] = []
    with Terminal() as terminal, Interrupts(lambda: terminal.say(STOPPING)) as interrupts:
        terminal.waiting("importing targets, each in a child process")
        try:
            for one in run_in_turns(
                wanted,
                folder=folder,
                seeds=seeds,
                progress=terminal.progress,
                stop=interrupts.asked,
            ):
                ended.append(one)
                show(one, terminal)
        except UnknownTargetError as error:
            raise click.UsageError(str(error)) from error
        except FuzzError as error:
            raise CannotRunError(str(error)) from error
    return ended


STOPPING: Final = "ending; a second Ctrl-C ends at once"


class CannotRunError(click.ClickException):
    """The fuzzing cannot be done here: a folder, a database, an engine."""

    exit_code = EXIT_BROKEN


def show(one: CampaignRun | Broken, terminal: Terminal) -> None:
    """Show what came of one target."""
    if isinstance(one, Broken):
        terminal.broken(one)
    else:
        terminal.result(one)


def exit_code(ended: Sequence[CampaignRun | Broken], *, ignore_known: bool = False) -> int:
    """Return the code of the worst; an interrupted run says so whatever else it found."""
    runs = [one for one in ended if isinstance(one, CampaignRun)]
    if any(run.interrupted for run in runs):
        return EXIT_INTERRUPTED
    if any(isinstance(one, Broken) for one in ended):
        return EXIT_BROKEN
    if any(run.new if ignore_known else run.found for run in runs):
        return EXIT_FOUND
    undecided = [run for run in runs if run.why_undecided and not run.found]
    return EXIT_UNDECIDED if undecided or not runs else 0


def keep(ended: Sequence[CampaignRun | Broken], store: Path | None, *, source: str) -> None:
    """Write records of what was run, if somebody wants them."""
    if store is None or not ended:
        return
    records = [
        record_of_broken(one) if isinstance(one, Broken) else record_of(one) for one in ended
    ]
    try:
        path = write_run(records, store=store, source=source)
    except ReportsError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_UNDECIDED)
    click.echo(f"kept in {path}")


def _replay(chosen: Sequence[str], path: Path) -> None:
    if len(chosen) != 1:
        raise click.UsageError("--replay takes exactly one target")
    try:
        run = replay_input(chosen[0], path)
    except (BrokenTargetError, InputFileError) as error:
        raise click.UsageError(str(error)) from error
    with Terminal() as terminal:
        terminal.replayed(run)
    sys.exit(EXIT_FOUND if run.verdict is Verdict.FOUND else exit_code([run]))
