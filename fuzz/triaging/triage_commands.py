"""`holdfast fuzz triage`, `minimize`, `merge`, `coverage`, `regress` and `add`.

What comes after a campaign: look at what it found, make it small, keep it for ever.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from fuzz.campaign.campaign_folder import DEFAULT_FOLDER, CampaignFolder
from fuzz.duration import Duration
from fuzz.errors import FuzzError
from fuzz.triaging.coverage_report import reach
from fuzz.triaging.minimizing import DEFAULT_SECONDS, Minimized, MinimizeEnd, minimize
from fuzz.triaging.regression import write_regressions
from fuzz.triaging.scaffold import PROJECT, add_target
from fuzz.triaging.scaffold_text import TargetKind
from fuzz.triaging.triage_report import TIMES, Status, TriageReport, targets_with_crashes, triage

if TYPE_CHECKING:
    from fuzz.triaging.coverage_report import Reached
    from fuzz.triaging.minimizing import Step
    from fuzz.triaging.triage_report import TriagedFinding

MOST_MISSED: Final = 12  # functions that were never reached and that the terminal shows
EXIT_FAILS: Final = 1
EXIT_BROKEN: Final = 2
EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended
_COLOURS: Final = {
    Status.FAILS: "bold red",
    Status.FLAKY: "yellow",
    Status.UNDECIDED: "yellow",
    Status.FIXED: "green",
}

FOLDER: Final = click.option(
    "--folder",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where campaigns keep corpus and crashes, a folder for each target.",
)
AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


class _Show:
    """Writes to the terminal: results to standard output, progress to standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(highlight=False)
        self._progress = Console(stderr=True, highlight=False)
        self._status = self._progress.status("starting")
        self._quiet = quiet

    def progress(self, text: str) -> None:
        """Change the line that says how far it is; nothing where there is no terminal."""
        if self._progress.is_terminal and not self._quiet:
            self._status.start()
            self._status.update(text)

    def stop(self) -> None:
        """Take the line away."""
        self._status.stop()

    def line(self, text: str = "") -> None:
        """Write a line as it is."""
        self.stop()
        self.console.print(text, markup=False, soft_wrap=True)

    def json(self, value: Any) -> None:  # noqa: ANN401  # plain values
        """Write a document."""
        self.stop()
        click.echo(json.dumps(value, indent=1))


@click.command("triage")
@click.argument("names", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--times",
    default=TIMES,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often each input runs; more tells better how flaky a finding is.",
)
@FOLDER
@AS_JSON
def triage_command(names: tuple[str, ...], *, times: int, folder: Path, as_json: bool) -> None:
    """Run every saved crash again, and say which findings fail still.

    All inputs are run, each several times and each in a process of its own: one that hangs or dies
    stops nothing. Inputs that fail in the same way, by exception and innermost functions, are one
    finding; its smallest input stands for it. Without TARGET: all that have saved crashes.

    \b
      holdfast fuzz triage
      holdfast fuzz triage mine.fuzzing:PARSER --times 20
      holdfast fuzz triage --json > findings.json

    Exit codes: 0 nothing fails; 1 something fails, or fails at times; 2 a target is broken, or
    wrong usage.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    show = _Show(quiet=as_json)
    reports: list[TriageReport] = []
    broken: dict[str, str] = {}
    for name in names or targets_with_crashes(folder):
        try:
            reports.append(
                triage(
                    name,
                    folder=folder,
                    times=times,
                    progress=lambda done, of, name=name: show.progress(  # type: ignore[misc]
                        f"{name}: {done} of {of} saved inputs"
                    ),
                )
            )
        except FuzzError as error:
            broken[name] = str(error)
            show.stop()
            click.echo(f"Error: {error}", err=True)
    show.stop()
    if as_json:
        show.json({"targets": [one.to_json() for one in reports], "broken": broken})
    else:
        _show_reports(show, reports, folder, broken=bool(broken))
    if broken:
        sys.exit(EXIT_BROKEN)
    sys.exit(EXIT_FAILS if any(one.failing for one in reports) else 0)


def _show_reports(show: _Show, reports: list[TriageReport], folder: Path, *, broken: bool) -> None:
    for report in reports:
        for problem in report.problems:
            show.line(f"skipped: {problem}")
    findings = [one for report in reports for one in report.findings]
    if not findings:
        if not broken:
            show.line(f"no saved crashes below {folder}")
        return
    for number, finding in enumerate(findings):
        if number:
            show.line()
        _show_finding(show, finding)
    failing = sum(1 for one in findings if one.failed)
    show.line()
    show.line(f"{len(findings)} findings: {failing} fail, {len(findings) - failing} do not")


def _show_finding(show: _Show, finding: TriagedFinding) -> None:
    crash = finding.crash
    times = f"{finding.failed} of {finding.runs} runs"
    show.console.print(
        f"[{_COLOURS[finding.status]}]{finding.status}[/]  {finding.key}  in {times}",
        soft_wrap=True,
    )
    message = crash.message if crash is not None else "nobody wrote down what it did"
    show.line(f"  {finding.target}: {_shortened(message)}")
    if crash is not None and crash.frames:
        show.line(f"  in {', called by '.join(crash.frames)}")
    size = len(finding.smallest.saved.data)
    inputs = f"{len(finding.inputs)} inputs, the smallest of " if len(finding.inputs) > 1 else ""
    show.line(f"  {inputs}{size} bytes; first seen {finding.first_seen}")
    show.line(f"  again: {finding.replay}")


def _shortened(message: str) -> str:
    lines = message.strip().splitlines() or [""]
    return lines[0] if len(lines) == 1 else f"{lines[0]} ..."


@click.command("minimize")
@click.argument("name", metavar="TARGET")
@click.argument("keys", nargs=-1, metavar="[FINDING]...")
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    default=DEFAULT_SECONDS,
    show_default="60s",
    help="For each finding: 10s, 5m, 8h.",
)
@click.option("--runs", type=click.IntRange(min=1), help="Candidates for each finding.")
@FOLDER
@AS_JSON
def minimize_command(  # noqa: PLR0913  # one argument an option
    name: str, keys: tuple[str, ...], *, seconds: float, runs: int | None, folder: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """Make the input of a finding as small as it goes; the original stays.

    Bytes are left out, lowered and sorted as long as the input shows *the same finding*: another
    crash does not count. Where the bytes are operations and a schedule, operations go first. The
    result lies beside the original, and says from which it was made. What is minimal already is
    left alone. FINDING is the beginning of a key that `triage` shows, or a file of an input.

    \b
      holdfast fuzz minimize mine.fuzzing:PARSER
      holdfast fuzz minimize mine.fuzzing:PARSER 3f2a --time 10m

    Exit codes: 0 done; 1 a finding could not be shown again, so nothing was made of it; 2 a target
    is broken, or wrong usage; 130 Ctrl-C, with the best so far kept.
    """  # noqa: D301  # as above
    show = _Show(quiet=as_json)

    def progress(step: Step) -> None:
        show.progress(
            f"{step.key}: {step.before_bytes} bytes, now {step.now_bytes}, "
            f"{step.executions:,} candidates in {step.elapsed_s:.0f} s"
        )

    try:
        done = minimize(
            name, keys=keys, folder=folder, seconds=seconds, executions=runs, progress=progress
        )
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    finally:
        show.stop()
    if as_json:
        show.json([one.to_json() for one in done])
    else:
        _show_minimized(show, done, folder)
    ends = {one.end for one in done}
    if MinimizeEnd.INTERRUPTED in ends:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(EXIT_FAILS if ends & {MinimizeEnd.UNCONFIRMED, MinimizeEnd.PASSES} else 0)


def _show_minimized(show: _Show, done: tuple[Minimized, ...], folder: Path) -> None:
    if not done:
        show.line(f"no saved crashes below {folder}")
    for one in done:
        show.line(
            f"{one.key}  {one.before_bytes} bytes -> {one.after_bytes}: {one.end}; "
            f"{one.executions:,} candidates in {one.elapsed_s:.1f} s"
        )
        show.line(f"  {_shortened(one.message)}")
        if one.means:
            show.line(f"  the bytes mean: {_shortened(one.means)}")
        show.line(f"  again: {one.replay}")


@click.command("merge")
@click.argument("name", metavar="TARGET")
@click.argument(
    "sources", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="[FOLDER]...",
)  # fmt: skip
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that gets the result.  [default: the target's corpus]",
)
@FOLDER
@AS_JSON
def merge_command(
    name: str, sources: tuple[Path, ...], *, into: Path | None, folder: Path, as_json: bool
) -> None:
    """Bring corpora together, with few small inputs that reach all that many reached.

    Every input is measured; of those that reach the same the smallest are kept. Inputs that crash
    are left out and named. Without FOLDER it makes the target's own corpus smaller. Nothing is
    removed before the new set has been shown to reach all that the old one did.

    \b
      holdfast fuzz merge mine.fuzzing:PARSER
      holdfast fuzz merge mine.fuzzing:PARSER from-the-lab/ from-oss-fuzz/

    Exit codes: 0 done; 2 a target is broken, or wrong usage; 130 Ctrl-C, with nothing removed.
    """  # noqa: D301  # as above
    from fuzz.engines.merging import merge  # noqa: PLC0415  # loads what measures

    show = _Show(quiet=as_json)
    place = into or CampaignFolder(folder, name).corpus
    try:
        result = merge(
            name,
            sources=sources,
            into=place,
            progress=lambda done, of: show.progress(f"{name}: {done} of {of} inputs measured"),
        )
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    finally:
        show.stop()
    crashed = [str(path) for path in result.crashed]
    if as_json:
        show.json(
            {
                "target": name, "into": str(place), "before": result.before,
                "after": result.after, "features": result.features, "crashed": crashed,
            }
        )  # fmt: skip
        return
    show.line(
        f"{name}: {result.before} inputs -> {result.after}, the same {result.features} features, "
        f"in {place}"
    )
    for path in crashed:
        show.line(f"  left out, it crashes: {path}")


@click.command("regress")
@click.argument("name", metavar="TARGET")
@click.argument("keys", nargs=-1, metavar="[FINDING]...")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of tests.  [default: tests/test_TARGET_regressions.py]",
)
@FOLDER
def regress_command(name: str, keys: tuple[str, ...], *, output: Path | None, folder: Path) -> None:
    """Turn crashes into a file of pytest tests, one for each finding.

    A test fails with the whole story as long as its input fails, and passes once the bug is mended;
    then it stays, so that the bug cannot come back unseen. Each input runs in a child process: one
    that hangs or dies fails its test alone. Run again, the command only adds tests for new findings
    at the end of the file: what you have edited stays. FINDING is the beginning of a key that
    `triage` shows; without it every finding gets a test, mended ones included.

    \b
      holdfast fuzz minimize mine.fuzzing:PARSER
      holdfast fuzz regress mine.fuzzing:PARSER
      holdfast fuzz regress mine.fuzzing:PARSER 3f2a --output tests/test_parser_bugs.py

    Exit codes: 0 done; 2 a target is broken, or wrong usage.
    """  # noqa: D301  # as above
    show = _Show()
    show.progress(f"{name}: running the saved inputs")
    try:
        done = write_regressions(name, keys=keys, output=output, folder=folder)
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    finally:
        show.stop()
    for path in done.skipped:
        show.line(f"left out, it does not fail and nobody wrote down what it did: {path}")
    for added in done.added:
        show.line(f"added  {added}")
    kept = f", {len(done.kept)} findings were there already" if done.kept else ""
    show.line(f"{len(done.added)} tests added{kept}; run: pytest {done.path}")


@click.command("coverage")
@click.argument("name", metavar="TARGET")
@click.argument(
    "extra", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="[FOLDER]...",
)  # fmt: skip
@click.option(
    "--html",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pages with every line into this folder.",
)
@FOLDER
@AS_JSON
def coverage_command(
    name: str, extra: tuple[Path, ...], *, html: Path | None, folder: Path, as_json: bool
) -> None:
    """Tell which code of a target's modules its corpus reaches, and which it never does.

    Corpus, saved crashes, seeds and the inputs in each FOLDER are run again in a plain child
    process, without a fuzzer, under coverage.py. What is never reached is where to help: with a
    seed, a dictionary, or another target.

    \b
      holdfast fuzz coverage mine.fuzzing:PARSER
      holdfast fuzz coverage mine.fuzzing:PARSER --html build/coverage

    Exit codes: 0 done; 2 a target is broken, there is nothing to run, or wrong usage.
    """  # noqa: D301  # as above
    show = _Show(quiet=as_json)
    try:
        reached = reach(
            name,
            folder=folder,
            html=html,
            extra=extra,
            progress=lambda done, of: show.progress(f"{name}: {done} of {of} inputs"),
        )
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    finally:
        show.stop()
    if as_json:
        show.json(reached.to_json())
    else:
        _show_reached(show, reached)


def _show_reached(show: _Show, reached: Reached) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("module", overflow="fold")
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("branches", justify="right", no_wrap=True)
    for one in reached.modules:
        table.add_row(
            one.path,
            _share(one.lines_reached, one.lines),
            _share(one.branches_reached, one.branches),
        )
    show.console.print(table)
    missed = sorted(
        (one for module in reached.modules for one in module.missed),
        key=lambda one: (-one.lines, one.place),
    )
    if missed:
        show.line("never reached:")
    for function in missed[:MOST_MISSED]:
        show.line(f"  {function.place}, {function.lines} lines")
    if len(missed) > MOST_MISSED:
        show.line(f"  and {len(missed) - MOST_MISSED} smaller functions")
    show.line(f"{reached.inputs} inputs were run, {len(reached.crashed)} of them failed")
    for path in reached.deadly:
        show.line(f"  it ended its process, so what it reached is not counted: {path}")
    if reached.html is not None:
        show.line(f"every line: {reached.html}")


def _share(reached: int, of: int) -> str:
    return f"{reached} of {of} ({100 * reached / of:.0f}%)" if of else "none"


@click.command("add")
@click.argument("name")
@click.option("--module", help="What is to be fuzzed: package.module. It is not imported.")
@click.option(
    "--kind",
    type=click.Choice([one.name.lower() for one in TargetKind]),
    default=TargetKind.BYTES.name.lower(),
    show_default=True,
    help="What the target takes; see above.",
)
def add_command(name: str, *, module: str | None, kind: str) -> None:
    """Write the file of a new target that runs at once, and register it.

    It becomes fuzz_targets/NAME.py, with comments that say how to go on, and gets a line in
    pyproject.toml, whose form stays as it is. Nothing is overwritten. Kinds:

    \b
      bytes       raw bytes: parsers, decoders, whatever reads a file or the network
      provider    typed values read from bytes: calls with arguments
      strategy    a value of a Hypothesis strategy
      controlled  operations and their schedule: code with threads and locks

    \b
      holdfast fuzz add parser --module mine.parser
      holdfast fuzz run parser --time 60s

    Exit codes: 0 done; 2 the name is taken, the file is there, or wrong usage.
    """  # noqa: D301  # as above
    show = _Show()
    try:
        added = add_target(name, kind=TargetKind[kind.upper()], module=module)
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    show.line(f"written: {added.path}")
    if added.project is None:
        show.line(f"to run it by its name, add this to {PROJECT}:\n\n{added.lines}\n")
        show.line(f"fuzz it: holdfast fuzz run {added.place} --time 60s")
    else:
        show.line(f"registered in {added.project.name}")
        show.line(f"fuzz it: holdfast fuzz run {added.name} --time 60s")


COMMANDS: Final[tuple[click.Command, ...]] = (
    triage_command,
    minimize_command,
    merge_command,
    coverage_command,
    regress_command,
    add_command,
)
