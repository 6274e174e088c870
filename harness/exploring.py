"""Explores the interleavings of a body, and replays one."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, Final

from harness.campaign import Campaign
from harness.errors import ArgumentError, TargetError
from harness.explorer import Explorer, seed_of
from harness.place import read_place, stream_seed
from harness.primitives.chance import MAX_SEED, chance
from harness.replay_token import MAX_CHOICES, decode_token
from harness.replaying import replay_token
from harness.rules import rules_from
from harness.strategies.registry import make_strategy
from harness.strategies.subtree import PartList
from harness.target import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.headway import Progress
    from harness.place import Place
    from harness.strategies.protocol import Strategy

    Body = Callable[[], object]

MAX_WORKERS: Final = 256  # processes; more is a slip of the finger
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
    resume: str | None = None,
    fail_on: str | Iterable[str] = (),
    early_timeouts: bool = False,
) -> Exploration:
    """Run `body` under many schedules until one fails or the budget ends.

    Args:
        body: Takes nothing, starts ordinary threads and joins them, and asserts. Called once an
            execution; whatever it makes is new each time. A coroutine function is run in an event
            loop of its own, whose tasks are interleaved at their awaits.
        strategy: `portfolio`, `random`, `pct`, `pos`, `surw`, `delay`, `rff`, `dpor`, `dfs`,
            `package.module:Class`, an object with `begin` and `pick`, or None for the best
            default, which is the portfolio. `docs/engine.md` says what each is good at.
        executions: How many at most; `dpor` and `dfs`, and the portfolio of a small program,
            stop earlier when nothing is left.
        seed: The same seed, body and Python version give the same executions. A strategy that is
            an object has its own. The body's random numbers follow it, too: the same in every
            execution.
        max_steps: Choices in one execution after which it is given up, undecided.
        model: `free-threaded` switches at every shared access, `gil` where CPython with the GIL
            can: calls, function entries, loop turns, blocking operations.
        workers: Processes that share the executions. No schedule of a search is run twice; what is
            drawn depends on the seed and on the number of workers. See `docs/engine.md`.
        budget_s: Wall time in seconds after which no further execution starts.
        progress: Called now and then with a `Headway`: executions, seconds, how much of the space
            that is, seconds left.
        fail_on: Rules that an execution may break and survive: `data-race`, `lock-order`,
            `lock-held`. Each makes a broken rule a failure; executions then run recorded, some 15
            times slower.
        resume: The `.resume` of an earlier result of the same call: goes on where that stopped.
        early_timeouts: A wait with a timeout may give up at any moment in every execution, not
            only when all tasks wait. `dpor` and `dfs` always do so, the others in a quarter.

    Returns:
        The result: `.verdict`, `.executions`, `.exhausted`, `.finding`, `.evidence`.

    Raises:
        ArgumentError: An argument is not one of those.
        UncontrolledError: The body met something that cannot be scheduled; the error says what
            to do.
        PlaceLeftError: The code is no longer the one that `resume` came from.
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
    rules = rules_from(fail_on)
    if type(early_timeouts) is not bool:
        raise ArgumentError("early_timeouts", early_timeouts, "True or False")
    if progress is not None and not callable(progress):
        raise ArgumentError("progress", progress, "a function of a Headway, or None")
    if workers > 1:
        from harness.isolate import explore_isolated  # noqa: PLC0415  # it is made of this

        return explore_isolated(
            target_of(body, workers), strategy, executions=executions, seed=seed,
            max_steps=max_steps, model=model, workers=workers, budget_s=budget_s,
            progress=progress, resume=resume, fail_on=fail_on, early_timeouts=early_timeouts,
        )  # fmt: skip
    place = read_place("0" if resume is None else resume)
    name, chosen = strategy_from(place, strategy, seed, resume=resume)
    with visible_body(body) as (runnable, invisible):
        explorer = Explorer(
            runnable,
            chosen,
            name=name,
            seed=shown_seed(chosen, strategy, seed),
            max_steps=max_steps,
            model=model,
            invisible=invisible,
            earlier=place.earlier,
            rules=rules,
            early_timeouts=early_timeouts,
        )
        return explorer.run(executions, budget_s, progress)


def target_of(body: Body, workers: int, *, forks: bool = hasattr(os, "fork")) -> Body | str:
    """Return what worker processes are given: a body, or its name where they are spawned.

    Raises:
        ArgumentError: They would be spawned, and the body has no name to be imported by.
    """
    if forks:
        return body
    name = f"{getattr(body, '__module__', '')}:{getattr(body, '__qualname__', '')}"
    try:
        found = load_target(name)
    except TargetError:
        found = None
    if found is not body or name.startswith("__main__:"):
        raise ArgumentError(
            "workers", workers,
            f"1 here: this system cannot fork, and {name} cannot be imported by other processes. "
            "Move the body to the top level of a module",
        )  # fmt: skip
    return name


def strategy_from(
    place: Place, strategy: str | Strategy | None, seed: int, *, resume: str | None
) -> tuple[str, Strategy]:
    """Return a strategy that goes on at a place, and its name.

    Raises:
        ArgumentError: There is no such strategy, or it cannot go on there.
    """
    by_name = strategy is None or isinstance(strategy, str)
    if by_name:
        seed = stream_seed(seed, earlier=place.earlier)
    name, chosen = make_strategy(strategy, seed)
    if resume is None:
        return name, chosen
    go_on: Any = getattr(chosen, "go_on", None)
    if callable(go_on) and place.parts is not None:
        go_on(PartList(place.parts), earlier=place.earlier, cut=place.cut)
        return name, chosen
    if callable(go_on) or place.parts is not None:
        raise ArgumentError("resume", resume, "the place of an exploration by the same strategy")
    if not by_name or (getattr(chosen, "exhaustive", False) and not _samples(chosen)):
        raise ArgumentError("resume", resume, f"None with {name}, which can only begin anew")
    return name, chosen


def _samples(strategy: Strategy) -> bool:
    return bool(getattr(strategy, "sampling", False))


def chance_seed_of(strategy: str | Strategy | None, seed: int) -> int:
    """Return what an exploration draws its random numbers from."""
    _, chosen = make_strategy(strategy, seed)
    return (shown_seed(chosen, strategy, seed) or 0) % MAX_SEED


def shown_seed(chosen: Strategy, strategy: str | Strategy | None, seed: int) -> int | None:
    """Return the seed that stands for what a strategy draws; None where it draws nothing."""
    own = seed_of(chosen, strategy, seed)
    return own if own is None or not isinstance(strategy, str | None) else seed


def visible_body(body: Body) -> AbstractContextManager[tuple[Body, str]]:
    """Make the accesses of a body visible that was imported in the ordinary way."""
    from harness.coroutine_body import runnable_body  # noqa: PLC0415  # keeps the import light

    return runnable_body(body)


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
        model=wanted.model,
        max_steps=wanted.max_steps,
        interactive=interactive,
        body=body,
        rules=wanted.rules,
    )
    with visible_body(body) as (runnable, _), chance.seeded(wanted.chance_seed or 0), campaign:
        return replay_token(campaign, runnable, wanted)


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
    if type(workers) is not int or not 1 <= workers <= MAX_WORKERS:
        raise ArgumentError("workers", workers, f"a whole number from 1 to {MAX_WORKERS}")
    if budget_s is not None and (type(budget_s) not in (int, float) or not budget_s > 0):  # type: ignore[operator]  # a number by then
        raise ArgumentError("budget_s", budget_s, "seconds above 0, or None")


def _check_body(body: object) -> None:
    if not callable(body):
        raise ArgumentError("body", body, "a function without arguments")
    if inspect.isasyncgenfunction(body):
        raise ArgumentError("body", body, "a function or coroutine function, no async generator")
    try:
        inspect.signature(body).bind()
    except TypeError as error:
        raise ArgumentError("body", body, f"a function without arguments ({error})") from None
    except ValueError:
        return  # a callable without a signature: the call will tell
