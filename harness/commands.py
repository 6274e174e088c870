"""`holdfast explore` and `holdfast replay`."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click
from rich.console import Console

from harness.errors import ExplorationInterrupted, HarnessError, TokenError
from harness.exploration import Verdict
from harness.explore import MODELS, explore, replay
from harness.isolate import explore_isolated, replay_isolated
from harness.strategies.registry import STRATEGY_NAMES
from harness.target import load_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.exploration import Exploration
    from harness.finding import Finding

EXIT_FOUND: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNDECIDED: Final = 3
EXIT_INTERRUPTED: Final = 130
Result = TypeVar("Result")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """Seconds, or a number with a unit: 90, 90s, 5m, 8h."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        text = str(value).strip().lower()
        number = text.rstrip("hmins")
        try:
            seconds = float(number) * _UNITS[text[len(number) :] or "s"]
        except (ValueError, KeyError):
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is no duration; write 90, 90s, 5m or 8h", param, ctx)
        return seconds


_instrument = click.option(
    "--instrument",
    multiple=True,
    metavar="PACKAGE",
    help="Make the shared accesses of this package visible, too; may be repeated. "
    "The target's own top package always is.",
)


@click.command("explore")
@click.argument("target", metavar="PACKAGE.MODULE:FUNCTION")
@click.option(
    "--strategy",
    default="random",
    show_default=True,
    metavar="NAME",
    help=f"{', '.join(STRATEGY_NAMES)}, or package.module:Class.",
)
@click.option("--executions", default=1_000, show_default=True, type=click.IntRange(min=1))
@click.option("--time", "budget_s", type=Duration(), help="Begin none after this: 60s, 5m, 8h.")
@click.option("--seed", default=0, show_default=True, type=int)
@click.option(
    "--model",
    default=MODELS[0],
    show_default=True,
    type=click.Choice(MODELS),
    help="Where threads can switch: at every shared access, or where CPython with the GIL does.",
)
@click.option("--max-steps", default=20_000, show_default=True, type=click.IntRange(min=1))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1, max=1))
@click.option("--isolated", is_flag=True, help="In a child process: a crash becomes a finding.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the result here.",
)
@_instrument
def explore_command(
    target: str,
    *,
    instrument: tuple[str, ...],
    isolated: bool,
    json_file: Path | None,
    **settings: Any,  # noqa: ANN401  # the options that explore takes under the same names
) -> None:
    """Run a function under many thread interleavings until one fails.

    The function takes nothing, starts ordinary threads, joins them and asserts.

    \b
      holdfast explore app.pool:body
      holdfast explore app.pool:body --strategy dfs --executions 100000
      holdfast explore app.pool:body --time 8h --seed 7 --instrument app_core

    Exit codes: 0 none failed, 1 one failed, 2 wrong usage, 3 undecided, 130 interrupted.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    console = Console()
    extra = "".join(f" --instrument {shlex.quote(name)}" for name in instrument)
    result = _guarded(lambda: _run(target, instrument, console, isolated=isolated, **settings))
    result = _with_command(result, target, extra + (" --isolated" if isolated else ""))
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_json(), indent=1), "utf-8")
    console.print(str(result), markup=False, highlight=False, soft_wrap=True)
    if result.finding is not None:
        console.print(f"\n{result.name}: FAILED: {result.evidence}", markup=False, highlight=False)
        sys.exit(EXIT_FOUND)
    if "interrupted" in result.evidence:
        words = shlex.join(_rest(settings, result))
        console.print(f"go on:   holdfast explore {target} {words}{extra}", soft_wrap=True)
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(EXIT_UNDECIDED if result.verdict is Verdict.UNDECIDED else 0)


def _run(
    target: str,
    instrument: tuple[str, ...],
    console: Console,
    *,
    isolated: bool,
    **settings: Any,  # noqa: ANN401  # as above
) -> Exploration:
    body = load_target(target, instrument)
    if isolated:
        return explore_isolated(body, **settings)
    wanted = settings["executions"]
    try:
        with console.status(f"exploring {target}") as status:

            def progress(done: int, seconds: float) -> None:
                rate = done / max(seconds, 1e-9)
                status.update(f"{target}: {done:,} of {wanted:,} executions, {rate:,.0f}/s")

            return explore(body, progress=progress if console.is_terminal else None, **settings)
    except ExplorationInterrupted as interrupt:
        return cast("Exploration", interrupt.partial)


def _rest(settings: dict[str, Any], result: Exploration) -> list[str]:
    """Return the options that run what an interrupted exploration left undone."""
    left = max(settings["executions"] - result.executions, 1)
    words = ["--strategy", str(settings["strategy"]), "--executions", str(left)]
    return [*words, "--seed", str(settings["seed"] + 1), "--model", settings["model"]]


def _with_command(result: Exploration, target: str, options: str) -> Exploration:
    """Put the command that replays a finding into it."""
    result = dataclasses.replace(result, name=target)
    if result.finding is None or not result.finding.token:
        return result
    command = f"holdfast replay {shlex.quote(target)} {result.finding.token}{options}"
    return dataclasses.replace(result, finding=dataclasses.replace(result.finding, command=command))


@click.command("replay")
@click.argument("target", metavar="PACKAGE.MODULE:FUNCTION")
@click.argument("token")
@click.option("--isolated", is_flag=True, help="In a child process, for a schedule that crashes.")
@_instrument
def replay_command(target: str, token: str, *, instrument: tuple[str, ...], isolated: bool) -> None:
    """Run the one interleaving of a token again, and tell its story.

    `breakpoint()` in the code opens the debugger, in the thread that reaches it.

    \b
      holdfast replay app.pool:body hf1.aGVsbG8…

    Exit codes: 0 it no longer fails, 1 it fails again, 2 the token does not fit.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines

    def run() -> Finding | None:
        body = load_target(target, instrument)
        return replay_isolated(body, token) if isolated else replay(body, token, interactive=True)

    finding = _guarded(run)
    if finding is None:
        click.echo(f"{target}: this schedule no longer fails")
        return
    words = shlex.join(["holdfast", "replay", target, token])
    click.echo(str(dataclasses.replace(finding, command=words)))
    sys.exit(EXIT_FOUND)


def _guarded(run: Callable[[], Result]) -> Result:
    """Turn an error of the tool into its sentence and an exit code."""
    try:
        return run()
    except TokenError as error:
        click.echo(f"holdfast: {error}.", err=True)
        sys.exit(EXIT_USAGE)
    except HarnessError as error:
        click.echo(f"holdfast: {error}", err=True)
        sys.exit(EXIT_USAGE)
