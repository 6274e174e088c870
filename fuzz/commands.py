"""`holdfast fuzz`: random inputs and schedules, each target in a child process that is watched."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from fuzz.campaign import DEFAULT_FOLDER, Progress, choose_engine, run_campaign
from fuzz.campaign_run import DEFAULT_SECONDS, MIB, Budget, CampaignRun, Found, Verdict
from fuzz.catalogue import find_target, target_names
from fuzz.errors import EngineMissingError, InputFileError, UnknownTargetError
from fuzz.records import record_of
from reports import ReportsError, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_FOUND: Final = 1
EXIT_UNDECIDED: Final = 3
EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended
LINE_EVERY_S: Final = 5.0  # progress where there is no terminal to draw on
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_UNIT_S: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
STORY_LINES: Final = 40  # of a finding's story that a campaign prints; a replay prints all


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """Seconds, from `10s`, `5m`, `8h`, `500ms` or a bare number of seconds."""

    name = "duration"

    def convert(
        self,
        value: Any,  # noqa: ANN401  # as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the seconds."""
        match = _DURATION.fullmatch(str(value).strip())
        seconds = float(match[1]) * _UNIT_S[match[2]] if match else 0.0
        if not seconds > 0:
            self.fail(f"{value!r} is no time above 0; write 10s, 5m or 8h", param, ctx)
        return seconds


@click.group("fuzz")
def fuzz_command() -> None:
    """Run targets on generated inputs, and keep whatever makes one fail.

    A target turns bytes into calls, and some into a schedule as well. With Atheris installed inputs
    are guided by code coverage; elsewhere the plain seeded generator makes them.
    """


@fuzz_command.command("list")
def list_command() -> None:
    """List the targets with what must hold in each."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("target", no_wrap=True)
    table.add_column("what is fuzzed")
    for name in target_names():
        table.add_row(name, find_target(name).what)
    console = Console()
    console.print(table)
    console.print(f"Inputs come from: {choose_engine('auto').value}.", highlight=False)


@fuzz_command.command("run")
@click.argument("names", nargs=-1, metavar="TARGET...")
@click.option("--all", "everything", is_flag=True, help="Every target that `list` shows.")
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    help=f"For each target: 10s, 5m, 8h.  [default: {DEFAULT_SECONDS:g}s; no limit with --runs]",
)
@click.option("--runs", type=click.IntRange(min=1), help="Inputs for each target.")
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**31 - 1),
    help="Of the generator.  [default: another each time; it is printed]",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "atheris", "plain"]),
    default="auto",
    show_default=True,
    help="What makes the inputs; auto is Atheris where it can run.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Run the one input in FILE, and tell everything about it.",
)
@click.option(
    "--memory-mib",
    default=1024,
    show_default=True,
    type=click.IntRange(min=1),
    help="End a child that holds more resident memory.",
)
@click.option(
    "--folder",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Keeps corpus and crashes, a folder for each target.",
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
    seconds: float | None,
    runs: int | None,
    seed: int | None,
    engine: str,
    replay: Path | None,
    memory_mib: int,
    folder: Path,
    store: Path | None,
) -> None:
    """Fuzz targets, each in a child process with limits.

    TARGET is one that `holdfast fuzz list` shows, or package.module:NAME of a fuzz.Target of your
    own. Crashes that were saved before run first. A failing input is saved under
    FOLDER/TARGET/crashes and printed with the line that runs it again; the campaign goes on, and
    keeps one input for each finding.

    \b
      holdfast fuzz run secret_operations flow_operations --time 5s
      holdfast fuzz run --all --time 8h --store build/store
      holdfast fuzz run flow_operations --replay build/fuzz/flow_operations/crashes/3f2a...

    Exit codes: 0 clean; 1 a finding, new or saved before and not fixed; 2 wrong usage; 3 undecided:
    nothing was run, or the fuzzing itself failed; 130 Ctrl-C, with everything found so far kept.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    chosen = _known(target_names() if everything else names, everything=everything, names=names)
    if replay is not None and len(chosen) != 1:
        raise click.UsageError("--replay takes exactly one target")
    if seconds is None and runs is None:
        seconds = DEFAULT_SECONDS
    budget = Budget(seconds=seconds, runs=runs, memory_bytes=memory_mib * MIB)
    if seed is None:
        seed = int.from_bytes(os.urandom(4)) >> 1
    show = _Show()
    finished = []
    try:
        for name in chosen:
            run = run_campaign(
                name,
                engine=choose_engine(engine),
                seed=seed,
                budget=budget,
                folder=folder,
                replay=replay,
                progress=show.progress,
            )
            show.result(run, replay=replay)
            finished.append(run)
            if run.interrupted:
                break
    except (EngineMissingError, InputFileError) as error:
        raise click.UsageError(str(error)) from error
    _keep(finished, store)
    sys.exit(_exit_code(finished))


def _known(chosen: Sequence[str], *, everything: bool, names: Sequence[str]) -> Sequence[str]:
    """Refuse a wrong name before the first child starts, not after ten minutes."""
    if everything == bool(names):
        raise click.UsageError("give the targets to run, or --all; `holdfast fuzz list` shows them")
    for name in chosen:
        try:
            find_target(name)
        except UnknownTargetError as error:
            raise click.UsageError(str(error)) from error
    return chosen


def _exit_code(finished: Sequence[CampaignRun]) -> int:
    """Return the code of the worst; an interrupted run says so whatever else it found."""
    if any(run.interrupted for run in finished):
        return EXIT_INTERRUPTED
    verdicts = {run.verdict for run in finished}
    if Verdict.FOUND in verdicts:
        return EXIT_FOUND
    return EXIT_UNDECIDED if Verdict.UNDECIDED in verdicts else 0


def _keep(finished: Sequence[CampaignRun], store: Path | None) -> None:
    if store is None:
        return
    try:
        path = write_run(
            [record_of(run) for run in finished], store=store, source="holdfast fuzz run"
        )
    except ReportsError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_UNDECIDED)
    click.echo(f"kept in {path}")


class _Show:
    """Writes to the terminal."""

    def __init__(self) -> None:
        self._console = Console()
        self._status = self._console.status("starting")
        self._next_line_s = time.monotonic() + LINE_EVERY_S

    def progress(self, progress: Progress) -> None:
        """Show how far it is: a changing line, or a line now and then without a terminal."""
        text = f"{progress.target}: {progress}"
        if self._console.is_terminal:
            self._status.start()
            self._status.update(text)
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            self._line(text)

    def result(self, run: CampaignRun, *, replay: Path | None) -> None:
        """Show what came of a campaign."""
        self._status.stop()
        colour = "green" if run.verdict is Verdict.CLEAN else "bold red"
        self._console.print(
            f"[{colour}]{run.verdict.value:>15}[/]  {run.target}: {run.executions:,} executions in "
            f"{run.elapsed_s:.1f} s ({run.rate:,.0f}/s)"
            + ("" if replay else f", {self._covered(run)}"),
            highlight=False,
            soft_wrap=True,
        )
        if replay is None:
            self._line(f"{'':15}  {run.engine.value}; seed {run.seed}")
            if run.replayed:
                self._line(
                    f"{'':15}  {run.replayed} saved crashes ran first: {run.fixed} fail no more"
                )
        for found in run.found:
            self._found(found, whole=replay is not None)
        if run.why_undecided and not run.found:
            self._line(run.why_undecided)

    def _covered(self, run: CampaignRun) -> str:
        edges = "" if run.coverage is None else f"{run.coverage} edges, "
        return f"{edges}{run.features} features, {run.corpus} inputs kept"

    def _found(self, found: Found, *, whole: bool) -> None:
        crash = found.crash
        lines = crash.story.splitlines()
        if not whole and len(lines) > STORY_LINES:
            half = STORY_LINES // 2
            left_out = f"  ... {len(lines) - 2 * half} lines; the replay shows them ..."
            lines = [*lines[:half], left_out, *lines[-half:]]
        saved = "saved before, fails still" if found.known and not whole else str(crash.kind)
        self._line(f"\n{saved}, {len(crash.data)} bytes of input")
        self._line("\n".join(lines))
        self._line(f"again: {found.replay}")

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
