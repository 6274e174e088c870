"""Explores the interleavings of a body, and replays one."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Final

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.engine.recorder import Recorder
from harness.errors import ArgumentError, DriftError
from harness.examination import finding_of
from harness.explorer import Explorer, seed_of
from harness.finding import kind_of
from harness.replay_token import MAX_CHOICES, Token, decode_token
from harness.strategies.registry import make_strategy
from harness.strategies.replay import RE_RECORD, Replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.strategies.protocol import Strategy

    Body = Callable[[], object]
    Progress = Callable[[int, float], None]

MODELS: Final = ("free-threaded", "gil")


def explore(  # noqa: PLR0913  # the public face; all but two are keyword-only
    body: Body,
    strategy: str | Strategy | None = None,
    *,
    executions: int = 1_000,
    seed: int = 0,
    max_steps: int = 20_000,
    model: str = "free-threaded",
    workers: int = 1,
    budget_s: float | None = None,
    progress: Progress | None = None,
) -> Exploration:
    """Run `body` under many schedules until one fails or the budget ends.

    Args:
        body: Takes nothing, starts ordinary threads and joins them, and asserts. Called once an
            execution; whatever it makes is new each time.
        strategy: `random`, `pct`, `dfs`, `package.module:Class`, an object with `begin` and
            `pick`, or None for the best default.
        executions: How many at most; `dfs` stops earlier when nothing is left.
        seed: The same seed, body and Python version give the same executions. A strategy that is
            an object has its own.
        max_steps: Choices in one execution after which it is given up, undecided.
        model: `free-threaded` switches at every shared access, `gil` where CPython with the GIL
            can: calls, function entries, loop turns, blocking operations.
        workers: 1; more processes come with a later version.
        budget_s: Wall time in seconds after which no further execution starts.
        progress: Called now and then with the executions and the seconds so far.

    Returns:
        The result: `.verdict`, `.executions`, `.exhausted`, `.finding`, `.evidence`.

    Raises:
        ArgumentError: An argument is not one of those.
        UncontrolledError: The body met something that cannot be scheduled; the error says what
            to do.
        ExplorationInterrupted: Ctrl-C; `.partial` is the result so far.
    """
    _check_body(body)
    check_arguments(
        executions=executions,
        seed=seed,
        max_steps=max_steps,
        model=model,
        workers=workers,
        budget_s=budget_s,
    )
    if progress is not None and not callable(progress):
        raise ArgumentError("progress", progress, "a function of executions and seconds, or None")
    name, chosen = make_strategy(strategy, seed)
    with visible_body(body) as (runnable, invisible):
        explorer = Explorer(
            runnable,
            chosen,
            name=name,
            seed=seed_of(chosen, strategy, seed),
            max_steps=max_steps,
            model=model,
            invisible=invisible,
        )
        return explorer.run(executions, budget_s, progress)


def visible_body(body: Body) -> AbstractContextManager[tuple[Body, str]]:
    """Make the accesses of a body visible that was imported in the ordinary way."""
    from harness.instrument.in_place import visible  # noqa: PLC0415  # keeps the import light

    return visible(body)


def replay(body: Body, token: str, *, interactive: bool = False) -> Finding | None:
    """Run the one schedule of a token again.

    Args:
        interactive: Let `breakpoint()` open the debugger, and wait for it.

    Returns:
        The finding if the execution fails, else None.

    Raises:
        TokenError: The token is damaged or of another format.
        DriftError: The code no longer does what it did when the token was made.
    """
    _check_body(body)
    wanted = decode_token(token)
    campaign = Campaign(
        model=wanted.model, max_steps=wanted.max_steps, interactive=interactive, body=body
    )
    with visible_body(body) as (runnable, _), campaign:
        return _replay(campaign, runnable, wanted)


def _replay(campaign: Campaign, body: Body, wanted: Token) -> Finding | None:
    try:
        return _follow(campaign, body, wanted)
    except DriftError as error:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        if wanted.python == here:
            raise
        reason = f"{error.reason} (it was made under Python {wanted.python}, this is {here})"
        raise DriftError(reason, error.remedy) from None


def _follow(campaign: Campaign, body: Body, wanted: Token) -> Finding | None:
    strategy = Replay(wanted.choices, early_timeouts=wanted.early, open_end=wanted.open_end)
    strategy.begin(0)
    recorder = Recorder()
    ending, _ = campaign.run(body, strategy, recorder=recorder)
    _check_marks(bytes(recorder.marks), wanted.marks)
    if strategy.left:
        raise DriftError(
            f"the run ended with {strategy.left} choices of the schedule left", RE_RECORD
        )
    if not wanted.open_end and recorder.decisions:
        _check_digest(recorder, recorder.decisions[-1], wanted.last)
    if ending.kind is EndingKind.STEP_BOUND:
        raise DriftError(f"the run met its bound of {wanted.max_steps} steps", RE_RECORD)
    kind = kind_of(ending)
    # A repaired run ends otherwise, under pytest even where the code is the same: a failing
    # assertion looks at its values again. All that it did up to the last choice was the same.
    repaired = kind is None and bool(wanted.choices)
    if not repaired and not wanted.open_end:
        _check_digest(recorder, min(wanted.events, len(recorder.events)), wanted.digest)
    return (
        None
        if kind is None
        else finding_of(kind, ending, recorder, token=wanted.encode(), model=wanted.model)
    )


def _check_digest(recorder: Recorder, events: int, wanted: int) -> None:
    if recorder.digests[events] != wanted:
        raise DriftError(
            f"the {events} operations up to the failure are not those of the token", RE_RECORD
        )


def _check_marks(made: bytes, wanted: bytes) -> None:
    for number, (mine, theirs) in enumerate(zip(made, wanted, strict=False), start=1):
        if mine != theirs:
            raise DriftError(
                f"before choice {number} the run did other operations than when the token was made",
                RE_RECORD,
            )


def check_arguments(  # noqa: PLR0913  # those of explore
    *,
    executions: object,
    seed: object,
    max_steps: object,
    model: object,
    workers: object,
    budget_s: object,
) -> None:
    """Check what `explore` takes beside the body and the strategy.

    Raises:
        ArgumentError: One is not what it takes; the error names it.
    """
    if type(executions) is not int or executions < 1:
        raise ArgumentError("executions", executions, "a whole number from 1")
    if type(seed) is not int:
        raise ArgumentError("seed", seed, "a whole number")
    if type(max_steps) is not int or not 1 <= max_steps <= MAX_CHOICES:
        wants = f"a whole number from 1 to {MAX_CHOICES}, which a token can hold"
        raise ArgumentError("max_steps", max_steps, wants)
    if model not in MODELS:
        raise ArgumentError("model", model, " or ".join(MODELS))
    if workers != 1:
        raise ArgumentError("workers", workers, "1 (more processes come with a later version)")
    if budget_s is not None and (type(budget_s) not in (int, float) or not budget_s > 0):  # type: ignore[operator]  # a number by then
        raise ArgumentError("budget_s", budget_s, "seconds above 0, or None")


def _check_body(body: object) -> None:
    if not callable(body):
        raise ArgumentError("body", body, "a function without arguments")
    if inspect.iscoroutinefunction(body):
        raise ArgumentError("body", body, "a plain function; call asyncio.run inside it")
    try:
        inspect.signature(body).bind()
    except TypeError as error:
        raise ArgumentError("body", body, f"a function without arguments ({error})") from None
    except ValueError:
        return  # a callable without a signature: the call will tell
