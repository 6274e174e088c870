"""`holdfast fuzz triage`, `minimize` and `regress`: the findings of a campaign.

See which fail still, make them small, keep them for ever as tests.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fuzz.duration import Duration
from fuzz.errors import FuzzError
from fuzz.triaging.minimizing import DEFAULT_SECONDS, Minimized, MinimizeEnd, minimize
from fuzz.triaging.regression import write_regressions
from fuzz.triaging.terminal_lines import (
    AS_JSON,
    EXIT_BROKEN,
    EXIT_FAILS,
    EXIT_INTERRUPTED,
    FOLDER,
    Show,
    shortened,
)
from fuzz.triaging.triage_report import TIMES, Status, TriageReport, targets_with_crashes, triage

if TYPE_CHECKING:
    from fuzz.triaging.minimizing import Step
    from fuzz.triaging.triage_report import TriagedFinding

_COLOURS: Final = {
    Status.FAILS: "bold red",
    Status.FLAKY: "yellow",
    Status.UNDECIDED: "yellow",
    Status.FIXED: "green",
}


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
    show = Show(quiet=as_json)
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


def _show_reports(show: Show, reports: list[TriageReport], folder: Path, *, broken: bool) -> None:
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


def _show_finding(show: Show, finding: TriagedFinding) -> None:
    crash = finding.crash
    times = f"{finding.failed} of {finding.runs} runs"
    show.console.print(
        f"[{_COLOURS[finding.status]}]{finding.status}[/]  {finding.key}  in {times}",
        soft_wrap=True,
    )
    message = crash.message if crash is not None else "nobody wrote down what it did"
    show.line(f"  {finding.target}: {shortened(message)}")
    if crash is not None and crash.frames:
        show.line(f"  in {', called by '.join(crash.frames)}")
    size = len(finding.smallest.saved.data)
    inputs = f"{len(finding.inputs)} inputs, the smallest of " if len(finding.inputs) > 1 else ""
    show.line(f"  {inputs}{size} bytes; first seen {finding.first_seen}")
    show.line(f"  again: {finding.replay}")


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
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    show = Show(quiet=as_json)

    def progress(step: Step) -> None:
        show.progress(
            f"{step.key}: {step.before_bytes} bytes, now {step.now_bytes}, "
            f"{step.executions:,} candidates in {step.elapsed_s:.0f} s"
        )

    with show.working():
        done = minimize(
            name, keys=keys, folder=folder, seconds=seconds, executions=runs, progress=progress
        )
    if as_json:
        show.json([one.to_json() for one in done])
    else:
        _show_minimized(show, done, folder)
    ends = {one.end for one in done}
    if MinimizeEnd.INTERRUPTED in ends:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(EXIT_FAILS if ends & {MinimizeEnd.UNCONFIRMED, MinimizeEnd.PASSES} else 0)


def _show_minimized(show: Show, done: tuple[Minimized, ...], folder: Path) -> None:
    if not done:
        show.line(f"no saved crashes below {folder}")
    for one in done:
        show.line(
            f"{one.key}  {one.before_bytes} bytes -> {one.after_bytes}: {one.end}; "
            f"{one.executions:,} candidates in {one.elapsed_s:.1f} s"
        )
        show.line(f"  {shortened(one.message)}")
        if one.means:
            show.line(f"  the bytes mean: {shortened(one.means)}")
        show.line(f"  again: {one.replay}")


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
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    show = Show()
    show.progress(f"{name}: running the saved inputs")
    with show.working():
        done = write_regressions(name, keys=keys, output=output, folder=folder)
    for path in done.skipped:
        show.line(f"left out, it does not fail and nobody wrote down what it did: {path}")
    for added in done.added:
        show.line(f"added  {added}")
    kept = f", {len(done.kept)} findings were there already" if done.kept else ""
    show.line(f"{len(done.added)} tests added{kept}; run: pytest {done.path}")
