"""`holdfast report measure`: two commits on one machine, in turn."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from reports.command_line import (
    REGRESSION_EXIT,
    TROUBLE_EXIT,
    explained,
    give_up,
    say,
    store_option,
)
from reports.comparing.commands import floor_option, show, statistic_option
from reports.comparing.pairs import Options
from reports.comparing.sides import Statistic
from reports.comparing.verdict import Verdict
from reports.measuring.plan import PYTEST, RUNS, TIMEOUT_S, Plan, load_plan
from reports.measuring.session import Places, measure, new_session, with_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from reports.comparing.pairs import Comparison

_HOME: Final = Path(".holdfast/measure")
_TIME: Final = "time"


@click.command(
    name="measure",
    short_help="Two commits on this machine, in turn.",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": True},
    help="""Build two commits and run their benchmarks in turn, so that a noisy machine hits both.

    \b
      holdfast report measure main HEAD
      holdfast report measure HEAD . --runs 7 --benchmark parse
      holdfast report measure --resume 20260102-101500-3fa1

    BASE and HEAD are commits, branches or tags of the repository here; "." is the working tree
    with its uncommitted changes. Words after -- are added to the command. The repository is only
    read. Every run is stored at once, so that Ctrl-C keeps all that is finished.

    \b
    Exit codes:
      0  nothing is worse
      1  something is worse
      2  of some benchmark's time nothing can be told, or a side failed
    """,
)
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.argument("extra", nargs=-1, type=click.UNPROCESSED, metavar="[-- WORDS...]")
@store_option
@click.option(
    "--runs",
    type=click.IntRange(min=2),
    default=RUNS,
    show_default=True,
    help="Runs of each side; 5 to 7 show 5 % where runs differ by 1 %.",
)
@click.option("--time", "budget_s", type=float, metavar="SECONDS", help="Begin no round beyond it.")
@click.option("--benchmark", default="", metavar="PATTERN", help="Only these, as pytest -k does.")
@click.option(
    "--command",
    "command",
    metavar="COMMAND",
    help="What runs the benchmarks, with {python} and {json} for a side's Python and result file.",
)
@click.option("--python", default="", metavar="PROGRAM", help="Make environments with this Python.")
@click.option(
    "--install",
    multiple=True,
    metavar="COMMAND",
    help="Instead of pip install -e; may stand several times. {python} and {checkout} are filled.",
)
@click.option("--system-packages", is_flag=True, help="Environments see --python's own packages.")
@click.option("--no-build", is_flag=True, help="Make no environments; sides may be folders, too.")
@click.option("--timeout", "timeout_s", type=float, default=TIMEOUT_S, show_default=True)
@click.option("--cpus", default="", metavar="0,2", help="Run benchmarks on these processors.")
@click.option("--instructions", is_flag=True, help="Count them, too, by perf or else valgrind.")
@click.option("--resume", metavar="SESSION", help="Go on with a session that was cut short.")
@click.option(
    "--home", type=click.Path(path_type=Path), default=_HOME, show_default=True, help="For builds."
)
@click.option(
    "--cannot-tell",
    type=click.Choice(["fail", "pass"]),
    default="fail",
    show_default=True,
    help="Whether a time of which nothing can be told makes the exit code 2.",
)
@floor_option
@statistic_option
@click.option("--all", "every", is_flag=True, help="Show the pairs that did not change, too.")
@click.option("--markdown", "form", flag_value="markdown", help="Print it for a pull request.")
@click.option("--json", "form", flag_value="json", help="Print all there is, for scripts.")
@explained
def measure_command(  # noqa: PLR0913  # click calls it with one argument an option
    *,
    base: str | None,
    head: str | None,
    extra: tuple[str, ...],
    store: Path,
    runs: int,
    budget_s: float | None,
    benchmark: str,
    command: str | None,
    python: str,
    install: tuple[str, ...],
    system_packages: bool,
    no_build: bool,
    timeout_s: float,
    cpus: str,
    instructions: bool,
    resume: str | None,
    home: Path,
    cannot_tell: str,
    floor: float,
    statistic: str,
    every: bool,
    form: str | None,
) -> None:
    """Measure two commits in one session, and compare them."""
    if resume:
        if base or head:
            give_up("--resume takes its sides from the session: name none beside it.")
        plan = load_plan(resume, sessions=home / "sessions")
    else:
        if not base or not head:
            give_up("it takes BASE and HEAD, or --resume SESSION.")
        words = tuple(shlex.split(command)) if command else PYTEST
        plan = with_codes(
            Plan(
                session=new_session(),
                repository=str(Path.cwd()),
                base=base,
                head=head,
                base_key="",
                head_key="",
                runs=runs,
                budget_s=budget_s,
                timeout_s=timeout_s,
                command=(*words, *extra),
                benchmark=benchmark,
                build=not no_build,
                install=install,
                python=python,
                system_packages=system_packages,
                cpus=cpus,
                instructions=instructions,
            )
        )
    options = Options(floor=floor / 100, statistic=Statistic(statistic))
    found = _measured(plan, Places(store=store, home=home), options)
    show(found, form=form, every=every)
    _exit(found, unclear_fails=cannot_tell == "fail")


def _measured(plan: Plan, places: Places, options: Options) -> Comparison:
    on_terminal = sys.stderr.isatty()

    def tell(line: str) -> None:
        if on_terminal:
            say(line, to_stderr=True)

    say(f"session {plan.session}", to_stderr=True)
    try:
        with _asked_to_end():
            return measure(plan, places=places, options=options, tell=tell, warn=_warn)
    except KeyboardInterrupt:
        _say_how_to_go_on(plan)
        raise


@contextlib.contextmanager
def _asked_to_end() -> Iterator[None]:
    """Take a polite request to end, as a CI job gets it, for Ctrl-C: the benchmarks end, too."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _warn(line: str) -> None:
    say(line, to_stderr=True)


def _say_how_to_go_on(plan: Plan) -> None:
    say(
        "stopped; every finished run is kept. Go on with: "
        f"holdfast report measure --resume {plan.session}",
        to_stderr=True,
    )


def _exit(found: Comparison, *, unclear_fails: bool) -> NoReturn:
    if found.having(Verdict.WORSE):
        raise SystemExit(REGRESSION_EXIT)
    open_times = [one for one in found.having(Verdict.CANNOT_TELL) if one.metric == _TIME]
    # A command of one's own may measure something else than time: then all of it counts.
    timed = any(one.metric == _TIME for one in found.pairs)
    unclear = open_times if timed else found.having(Verdict.CANNOT_TELL)
    raise SystemExit(TROUBLE_EXIT if unclear and unclear_fails else 0)
