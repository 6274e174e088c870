"""Explores in a child process, so that what kills the interpreter is a finding and not the end.

The child keeps its schedule in a file that outlives it, choice by choice. When a signal kills it,
further children shrink that schedule a little and tell its trace, each until it dies.
"""

from __future__ import annotations

import dataclasses
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from harness.child_process import run_in_child
from harness.child_start import choose_start
from harness.crash import Crash
from harness.engine import board
from harness.errors import (
    ArgumentError,
    ExplorationInterrupted,
    NestedExplorationError,
    StuckExecutionError,
)
from harness.exchange import ChildFailedError, Exchange
from harness.exploration import Exploration, Verdict
from harness.exploring import chance_seed_of, check_arguments, explore, replay
from harness.replay_token import decode_token
from harness.rules import rules_from
from harness.strategies.registry import make_strategy
from harness.target import load_target
from harness.watchdog import EXIT_STUCK, STUCK_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.child_life import Send
    from harness.exchange import Outcome
    from harness.exploring import Body
    from harness.finding import Finding
    from harness.headway import Progress
    from harness.strategies.protocol import Strategy

MIN_MEMORY_BYTES: Final = 64 * 1024 * 1024  # an interpreter with the engine needs about 40 MiB


def explore_isolated(  # noqa: PLR0913  # as explore
    target: str | Body,
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
    instrument: Sequence[str] = (),
    memory_bytes: int | None = None,
    start: str | None = None,
) -> Exploration:
    """Explore in a child process; a signal that kills it is a finding `CRASH`.

    Args:
        target: A body, or "package.module:function", which the child imports with its accesses
            visible, if this process has not imported it.
        instrument: For a target by name: more packages to instrument.
        memory_bytes: Address space that the child may add to what it begins with; None: no
            limit. Not on Windows.
        start: `fork` or `spawn` a child; None forks where the system can. A forked child has all
            that this process has in memory; a spawned one needs a target by name.

    The other arguments, the result and the errors are those of `explore`.

    Raises:
        UncontrolledError: A function is the target, and this system cannot fork.
        ChildFailedError: The child left by itself, without a result.
    """
    check_arguments(
        executions=executions, seed=seed, max_steps=max_steps, model=model, workers=workers,
        budget_s=budget_s,
    )  # fmt: skip
    _check(memory_bytes)
    rules = rules_from(fail_on)
    if type(early_timeouts) is not bool:
        raise ArgumentError("early_timeouts", early_timeouts, "True or False")
    if workers > 1:
        from harness.workers import Workers  # noqa: PLC0415  # it is made of what is here

        shared = {
            "executions": executions, "seed": seed, "max_steps": max_steps, "model": model,
            "workers": workers, "budget_s": budget_s, "fail_on": rules,
            "early_timeouts": early_timeouts,
        }  # fmt: skip
        return Workers(
            Subject(target, tuple(instrument)), strategy, shared, start=start,
            memory_bytes=memory_bytes, progress=progress, resume=resume,
        ).run()  # fmt: skip
    how = choose_start(start, target)
    name, _ = make_strategy(strategy, seed)
    subject = Subject(target, tuple(instrument))
    settings = {
        "executions": executions, "seed": seed, "max_steps": max_steps, "model": model,
        "workers": workers, "budget_s": budget_s, "resume": resume, "fail_on": rules,
        "early_timeouts": early_timeouts,
    }  # fmt: skip
    started_s, started_cpu_s = time.perf_counter(), _children_cpu_s()
    with _exchange() as exchange:
        outcome = run_in_child(
            ExploreJob(subject, strategy, settings, told=progress is not None), exchange, start=how,
            memory_bytes=memory_bytes, progress=progress,
        )  # fmt: skip
        if not outcome.death:
            result: Exploration = returned(outcome)
            return result
        crash = Crash(
            subject, exchange, outcome, start=how, max_steps=max_steps,
            chance_seed=chance_seed_of(strategy, seed),
        )  # fmt: skip
        finding = crash.examine()
    return Exploration(
        name=subject.name,
        verdict=Verdict.FAILED,
        executions=crash.executions,
        exhausted=False,
        finding=finding,
        evidence=f"execution {crash.executions} killed the process ({name}, seed {seed})",
        strategy=name,
        seed=seed,
        model=model,
        elapsed_s=time.perf_counter() - started_s,
        cpu_s=_children_cpu_s() - started_cpu_s,
    )


def replay_isolated(
    target: str | Body,
    token: str,
    *,
    instrument: Sequence[str] = (),
    start: str | None = None,
) -> Finding | None:
    """Run the schedule of a token in a child process; see `replay` and `explore_isolated`."""
    wanted = decode_token(token)
    how = choose_start(start, target)
    subject = Subject(target, tuple(instrument))
    with _exchange() as exchange:
        outcome = run_in_child(ReplayJob(subject, token), exchange, start=how)
        if not outcome.death:
            finding: Finding | None = returned(outcome)
            return finding
        crash = Crash(
            subject, exchange, outcome, start=how, max_steps=wanted.max_steps,
            chance_seed=wanted.chance_seed or 0,
        )  # fmt: skip
        return crash.tell_again()


class DistantError(Exception):
    """Stands for an exception that stayed in a child process.

    Attributes:
        types: Its class and the bases of it, as "module.Class".
    """

    def __init__(self, types: tuple[str, ...], text: str) -> None:
        super().__init__(types, text)
        self.types = types
        self.text = text

    def __str__(self) -> str:
        return self.text


def type_names(error: BaseException) -> tuple[str, ...]:
    """Return an exception's class and the bases of it, as "module.Class"."""
    return tuple(type_name(kind) for kind in type(error).__mro__)


def type_name(kind: type) -> str:
    """Return a class as "module.Class"."""
    return f"{kind.__module__}.{kind.__qualname__}"


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """What a child runs: a body, or the name of one."""

    target: str | Body
    instrument: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name, for people."""
        if isinstance(self.target, str):
            return self.target
        return getattr(self.target, "__qualname__", type(self.target).__name__)

    def body(self) -> Body:
        """Return the body; imports it."""
        if isinstance(self.target, str):
            return load_target(self.target, self.instrument)
        return self.target


@dataclasses.dataclass(frozen=True, slots=True)
class ExploreJob:
    """`explore`, in a child."""

    subject: Subject
    strategy: str | Strategy | None
    settings: dict[str, Any]
    told: bool = False

    def __call__(self, send: Send) -> Exploration:
        """Return the result without what cannot be sent."""
        told = send if self.told else None
        try:
            result = explore(self.subject.body(), self.strategy, progress=told, **self.settings)
        except ExplorationInterrupted as interrupt:
            raise ExplorationInterrupted(self._named(interrupt.partial)) from None
        return self._named(result)

    def _named(self, result: Any) -> Exploration:  # noqa: ANN401  # an interrupt does not say
        finding = portable(result.finding)
        named: Exploration = dataclasses.replace(result, name=self.subject.name, finding=finding)
        return named


@dataclasses.dataclass(frozen=True, slots=True)
class ReplayJob:
    """`replay`, in a child."""

    subject: Subject
    token: str

    def __call__(self, _send: Send) -> Finding | None:
        """Return the finding without what cannot be sent."""
        return portable(replay(self.subject.body(), self.token))


def portable(finding: Finding | None) -> Finding | None:
    """Put words in the exception object's place: it may hold anything."""
    if finding is None or finding.error is None:
        return finding
    return dataclasses.replace(
        finding, error=DistantError(type_names(finding.error), str(finding.error))
    )


def returned(outcome: Outcome) -> Any:  # noqa: ANN401  # what the job returned
    """Return a child's result, or raise what it raised."""
    error = outcome.error
    if isinstance(error, ExplorationInterrupted):
        raise ExplorationInterrupted(error.partial)
    if error is not None:
        raise error
    if outcome.interrupted and not outcome.done:
        raise KeyboardInterrupt
    if outcome.done:
        return outcome.result
    if outcome.status == EXIT_STUCK:
        raise StuckExecutionError(STUCK_S, "(in the isolated child; its own report is above)")
    raise ChildFailedError(
        f"it left with exit status {outcome.status} and no result: something in the body ends the "
        "process (os._exit, or exit() of a C library). Replace that call by one that raises"
    )


@contextmanager
def _exchange() -> Iterator[Exchange]:
    if board.current() is not None:
        raise NestedExplorationError
    exchange = Exchange()
    try:
        yield exchange
    finally:
        exchange.close()


def _check(memory_bytes: object) -> None:
    if memory_bytes is None:
        return
    if type(memory_bytes) is not int or memory_bytes < MIN_MEMORY_BYTES:
        raise ArgumentError("memory_bytes", memory_bytes, f"None, or bytes from {MIN_MEMORY_BYTES}")


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system
