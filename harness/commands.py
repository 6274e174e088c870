"""`holdfast explore` and `holdfast replay`."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

import click
from click.core import ParameterSource

from harness.errors import (
    ArgumentError,
    ExplorationInterrupted,
    HarnessError,
    TargetError,
    TokenError,
)
from harness.exploration import Exploration, Verdict
from harness.exploring import MAX_WORKERS, MODELS, explore, replay
from harness.hash_seed import DEFAULT as DEFAULT_HASH_SEED
from harness.hash_seed import can_restart, current_hash_seed, restart
from harness.instrument.errors import InstrumentError
from harness.isolate import explore_isolated, replay_isolated
from harness.progress import ProgressLine
from harness.replay_token import decode_token
from harness.rules import RULE_NAMES
from harness.strategies.registry import STRATEGY_NAMES
from harness.target import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.finding import Finding
    from harness.headway import Progress

EXIT_FOUND: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNDECIDED: Final = 3
EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended
MAX_DURATION_S: Final = 366 * 24 * 3600.0
Result = TypeVar("Result")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
# In a context's `meta`: what explores elsewhere, put there by an option of another package.
EXPLORER: Final = "harness.explorer"
_WRONG_USE: Final = (ArgumentError, TargetError, TokenError, InstrumentError)


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
        if not 0 < seconds <= MAX_DURATION_S:
            self.fail(f"{value!r} is no duration; write 90, 90s, 5m or 8h", param, ctx)
        return seconds


_instrument = click.option(
    "--instrument",
    multiple=True,
    metavar="PACKAGE",
    help="Make the shared accesses of this package visible, too; may be repeated. "
    "The target's own top package always is.",
)


_explain = click.option(
    "--explain",
    is_flag=True,
    help="Tell what failed as numbered sentences: who did what, and what that made wrong.",
)
_html = click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write what failed here, as one page with a time line: a column a thread.",
)


@click.command("explore")
@click.argument("target", metavar="PACKAGE.MODULE:FUNCTION")
@click.option(
    "--strategy",
    metavar="NAME",
    help=f"{', '.join(STRATEGY_NAMES)}, or package.module:Class.  [default: the best there is]",
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
@click.option(
    "--max-steps",
    default=20_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Choices after which one execution is given up, undecided.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1, max=MAX_WORKERS),
    help="Processes that share the executions.",
)
@click.option(
    "--resume",
    metavar="PLACE",
    help="Go on where an earlier run stopped; it printed this line.",
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(RULE_NAMES),
    help="Fail on this, too, where an execution survives it; may be repeated. Executions then run "
    "recorded, some 15 times slower.",
)
@click.option(
    "--early-timeouts",
    is_flag=True,
    help="Let waits with a timeout give up at any moment, in every execution.",
)
@click.option("--isolated", is_flag=True, help="In a child process: a crash becomes a finding.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the result here, for `holdfast report ingest`.",
)
@_explain
@_html
@_instrument
@click.pass_context
def explore_command(  # noqa: PLR0913  # an argument an option
    ctx: click.Context,
    /,
    target: str,
    *,
    instrument: tuple[str, ...],
    isolated: bool,
    explain: bool,
    html_file: Path | None,
    json_file: Path | None,
    **settings: Any,  # noqa: ANN401  # the options that explore takes under the same names
) -> None:
    """Run a function under many thread interleavings until one fails.

    The function takes nothing, starts ordinary threads, joins them and asserts. It is imported
    with the current directory in the path.

    \b
      holdfast explore app.pool:body
      holdfast explore app.pool:body --strategy dfs --executions 100000
      holdfast explore app.pool:body --time 8h --seed 7 --instrument app_core

    Where PYTHONHASHSEED is not set, the command starts itself anew with PYTHONHASHSEED=0, so that
    sets are walked in one order; the token keeps it, and replay does the same.

    Without --executions, --time alone ends the search. A run that was cut short prints the line
    that goes on with it.

    Exit codes: 0 none failed, 1 one failed, 2 wrong usage, 3 undecided (a budget ended first, or
    the code could not be controlled), 130 interrupted.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    _fix_hashes(ctx, DEFAULT_HASH_SEED)
    if settings["budget_s"] is not None and _left_out(ctx, "executions"):
        settings["executions"] = sys.maxsize
    setting = _shared_options(instrument, isolated=isolated)
    elsewhere: Explorer | None = ctx.meta.get(EXPLORER)
    result, interrupted = _guarded(
        lambda: _explored(
            target, instrument, isolated=isolated, settings=settings, elsewhere=elsewhere
        )
    )
    result = _with_command(result, target, setting)
    if json_file is not None:
        _write_json(result, json_file)
    if result.finding is None:
        click.echo(str(result))
    else:
        _show(result.finding, explain=explain, html_file=html_file)
        click.echo(f"\n{target}: FAILED: {result.evidence}")
        sys.exit(EXIT_FOUND)
    if result.resume and result.verdict is Verdict.UNDECIDED and not result.overruns:
        words = ["holdfast", "explore", target, *_rest(ctx, settings, result), *setting]
        words += () if elsewhere is None else elsewhere.options
        click.echo(f"Go on:   {shlex.join(words)}")
    if interrupted:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(EXIT_UNDECIDED if result.verdict is Verdict.UNDECIDED else 0)


def _fix_hashes(ctx: click.Context, seed: int) -> None:
    """Start the program anew with fixed hashes, if it is one and drew its own."""
    own_process = isinstance(ctx.obj, dict) and ctx.obj.get("own_process")
    if own_process and current_hash_seed() is None and can_restart():
        restart(seed)


def _left_out(ctx: click.Context, option: str) -> bool:
    return ctx.get_parameter_source(option) is ParameterSource.DEFAULT


class Explorer(Protocol):
    """Explores on behalf of the command.

    Attributes:
        options: What the command line needs to have it explore again.
    """

    options: Sequence[str]

    def __call__(
        self, target: str, instrument: Sequence[str], *, progress: Progress, **settings: object
    ) -> Exploration:
        """Explore as `explore_isolated` does."""


def _explored(
    target: str,
    instrument: Sequence[str],
    *,
    isolated: bool,
    settings: dict[str, Any],
    elsewhere: Explorer | None,
) -> tuple[Exploration, bool]:
    """Return the result, and whether Ctrl-C ended it."""
    body = load_target(target, instrument)
    run = explore_isolated if isolated else explore
    with ProgressLine(target) as progress:
        try:
            if elsewhere is not None:
                return elsewhere(target, instrument, progress=progress, **settings), False
            return run(body, progress=progress, **settings), False
        except ExplorationInterrupted as interrupt:
            return cast("Exploration", interrupt.partial), True


def _rest(ctx: click.Context, settings: dict[str, Any], result: Exploration) -> list[str]:
    """Return the options that run what an exploration has left undone."""
    words: list[str] = []
    left = settings["executions"] - result.executions
    if settings["executions"] != sys.maxsize:
        # As many again, if that budget ended before the space did.
        words += ["--executions", str(left if left > 0 else settings["executions"])]
    if settings["budget_s"] is not None:
        left_s = settings["budget_s"] - result.elapsed_s
        words += ["--time", f"{left_s if left_s > 1 else settings['budget_s']:.0f}s"]
    words += ["--resume", result.resume]
    for option in ("strategy", "seed", "model", "max_steps", "workers"):
        if not _left_out(ctx, option):
            words += [f"--{option.replace('_', '-')}", str(settings[option])]
    words += ["--early-timeouts"] * settings["early_timeouts"]
    return words + [word for rule in settings["fail_on"] for word in ("--fail-on", rule)]


def _with_command(result: Exploration, target: str, setting: list[str]) -> Exploration:
    """Put the command that replays a finding into it."""
    result = dataclasses.replace(result, name=target)
    if result.finding is None or not result.finding.token:
        return result
    command = shlex.join(["holdfast", "replay", target, result.finding.token, *setting])
    return dataclasses.replace(result, finding=dataclasses.replace(result.finding, command=command))


def _shared_options(instrument: Sequence[str], *, isolated: bool) -> list[str]:
    """Return the options that every command about one target repeats."""
    words = [word for name in instrument for word in ("--instrument", name)]
    return [*words, "--isolated"] if isolated else words


def _write_json(result: Exploration, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result.to_json(), indent=1) + "\n", "utf-8")
    except OSError as error:
        click.echo(f"holdfast: the result cannot be written to {path}: {error}", err=True)


@click.command("replay")
@click.argument("target", metavar="PACKAGE.MODULE:FUNCTION")
@click.argument("token")
@click.option("--isolated", is_flag=True, help="In a child process, for a schedule that crashes.")
@_explain
@_html
@_instrument
@click.pass_context
def replay_command(  # noqa: PLR0913  # an argument an option
    ctx: click.Context,
    /,
    target: str,
    token: str,
    *,
    instrument: tuple[str, ...],
    isolated: bool,
    explain: bool,
    html_file: Path | None,
) -> None:
    """Run the one interleaving of a token again, and tell its story.

    `breakpoint()` in the code opens the debugger, in the thread that reaches it; not with
    --isolated.

    \b
      holdfast replay app.pool:body hf2.aGVsbG8

    Exit codes: 0 it no longer fails, 1 it fails again, 2 wrong usage, or the token does not fit
    the code, 3 the code could not be controlled, 130 interrupted.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    wanted = _guarded(lambda: decode_token(token))
    _fix_hashes(ctx, DEFAULT_HASH_SEED if wanted.hash_seed is None else wanted.hash_seed)
    finding = _guarded(
        lambda: (
            replay_isolated(load_target(target, instrument), token)
            if isolated
            else replay(load_target(target, instrument), token, interactive=True)
        )
    )
    if finding is None:
        click.echo(f"{target}: this schedule does not fail")
        return
    options = _shared_options(instrument, isolated=isolated)
    command = shlex.join(["holdfast", "replay", target, token.strip(), *options])
    _show(dataclasses.replace(finding, command=command), explain=explain, html_file=html_file)
    sys.exit(EXIT_FOUND)


def _show(finding: Finding, *, explain: bool, html_file: Path | None) -> None:
    """Print a finding in the form that was asked for, and write its page."""
    click.echo(finding.explain() if explain else str(finding))
    if html_file is None:
        return
    try:
        html_file.parent.mkdir(parents=True, exist_ok=True)
        html_file.write_text(finding.to_html(), "utf-8")
    except OSError as error:
        click.echo(f"holdfast: the page cannot be written to {html_file}: {error}", err=True)
    else:
        click.echo(f"Page:    {html_file}")


def _guarded(run: Callable[[], Result]) -> Result:
    """Turn an error of the tool into its sentence and an exit code."""
    try:
        return run()
    except HarnessError as error:
        click.echo(f"holdfast: {error}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, _WRONG_USE) else EXIT_UNDECIDED)
