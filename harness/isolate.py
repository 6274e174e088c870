"""Explores in a child process, so that what kills the interpreter is a finding and not the end.

The child keeps its schedule in memory shared with the parent, choice by choice. When a signal
kills it, further children shrink that schedule a little and tell its trace, each until it dies.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final

from harness.campaign import Campaign
from harness.child_process import ChildFailedError, Outcome, run_in_child
from harness.engine.recorder import Recorder
from harness.errors import (
    DriftError,
    ExplorationInterrupted,
    StuckExecutionError,
    UncontrolledError,
)
from harness.exploration import Exploration, Verdict
from harness.explore import check_arguments, explore, replay, visible_body
from harness.finding import Finding, FindingKind, Trace
from harness.journal import Journal
from harness.replay_token import Token, decode_token
from harness.strategies.registry import make_strategy
from harness.strategies.replay import RE_RECORD, Guide, Replay
from harness.target import load_target
from harness.watchdog import EXIT_STUCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.engine.task import Task
    from harness.explore import Body
    from harness.strategies.protocol import Strategy

SHRINK_CHILDREN: Final = 24  # children that look for a smaller schedule of a crash
SHRINK_S: Final = 5.0  # wall time for it


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
    memory_bytes: int | None = None,
) -> Exploration:
    """Explore in a child process; a signal that kills it is a finding `CRASH`.

    Args:
        target: A body, or "package.module:function", which the child imports.
        memory_bytes: Address space of the child; None leaves it as it is.

    The other arguments, the result and the errors are those of `explore`.

    Raises:
        UncontrolledError: This system cannot fork.
        ChildFailedError: The child left by itself, without a result.
    """
    _need_fork()
    check_arguments(
        executions=executions, seed=seed, max_steps=max_steps, model=model, workers=workers,
        budget_s=budget_s,
    )  # fmt: skip
    name, _ = make_strategy(strategy, seed)

    def job(_send: Callable[[Any], None]) -> Exploration:
        result = explore(
            _body(target), strategy, executions=executions, seed=seed, max_steps=max_steps,
            model=model, workers=workers, budget_s=budget_s,
        )  # fmt: skip
        return _portable(result)

    started_s, started_cpu_s = time.perf_counter(), _children_cpu_s()
    journal = Journal()
    try:
        outcome = run_in_child(job, journal, memory_bytes=memory_bytes)
        if not outcome.signal:
            result: Exploration = _returned(outcome)
            return result
        crash = _Crash(target, journal, outcome.signal, max_steps=max_steps, model=model)
        done, finding = crash.examine()
    finally:
        journal.close()
    return Exploration(
        name=target if isinstance(target, str) else getattr(target, "__qualname__", "body"),
        verdict=Verdict.FAILED,
        executions=done,
        exhausted=False,
        finding=finding,
        evidence=f"execution {done} killed the process ({name}, seed {seed})",
        strategy=name,
        seed=seed,
        model=model,
        elapsed_s=time.perf_counter() - started_s,
        cpu_s=_children_cpu_s() - started_cpu_s,
    )


def replay_isolated(target: str | Body, token: str) -> Finding | None:
    """Run the schedule of a token in a child process; see `replay`."""
    _need_fork()
    wanted = decode_token(token)

    def job(_send: Callable[[Any], None]) -> Finding | None:
        finding = replay(_body(target), token)
        return None if finding is None else dataclasses.replace(finding, error=None)

    journal = Journal()
    try:
        outcome = run_in_child(job, journal)
        if not outcome.signal:
            finding: Finding | None = _returned(outcome)
            return finding
        crash = _Crash(
            target, journal, outcome.signal, max_steps=wanted.max_steps, model=wanted.model
        )
        return crash.tell(list(wanted.choices), early=wanted.early, marks=wanted.marks)
    finally:
        journal.close()


class _Crash:
    """A signal that killed a child, and what can still be found out about it."""

    def __init__(
        self, target: str | Body, journal: Journal, number: int, *, max_steps: int, model: str
    ) -> None:
        self._target = target
        self._journal = journal
        self._signal = number
        self._max_steps = max_steps
        self._model = model

    def examine(self) -> tuple[int, Finding]:
        """Return which execution it was, and the finding with a small schedule."""
        done, choices, early = self._journal.read()
        choices = self._shrink(choices, early=early)
        return done, self.tell(choices, early=early)

    def tell(self, choices: list[int], *, early: bool, marks: bytes | None = None) -> Finding:
        """Run a schedule once more, recorded, and return what was seen until the end.

        Raises:
            DriftError: `marks` are given, and the code does something else.
        """
        outcome, _ = self._run(Guide(choices, early_timeouts=early), recorded=True)
        events = [note for note in outcome.notes if not isinstance(note, int)]
        made = bytes(note for note in outcome.notes if isinstance(note, int))
        if marks is not None and not made.startswith(marks[: len(made)]):
            raise DriftError("a choice came at another operation than in the token", RE_RECORD)
        token = Token(
            choices=tuple(choices), marks=made, early=early, model=self._model,
            max_steps=self._max_steps,
        ).encode()  # fmt: skip
        return Finding(
            kind=FindingKind.CRASH,
            message=self._message(events, outcome),
            token=token,
            trace=Trace(tuple(events)),
        )

    def _message(self, events: list[Any], outcome: Outcome) -> str:
        name = signal.Signals(self._signal).name
        text = f"{name} ({signal.strsignal(self._signal)}) killed the process"
        if outcome.signal != self._signal:
            return f"{text}; the same schedule, run again, did not"
        if not events:
            return text
        last = events[-1]
        return f"{text} in {last.task_name}, after {last.site.text()}"

    def _shrink(self, choices: list[int], *, early: bool) -> list[int]:
        """Look for a shorter schedule that ends alike, within a few children."""
        deadline_s = time.perf_counter() + SHRINK_S
        left = SHRINK_CHILDREN
        for candidate in _shorter(choices):
            if not left or time.perf_counter() > deadline_s:
                break
            left -= 1
            outcome, ran = self._run(Guide(candidate, early_timeouts=early))
            if outcome.signal == self._signal and len(_runs(ran)) < len(_runs(choices)):
                return self._shrink_further(ran, early=early, left=left, deadline_s=deadline_s)
        return choices

    def _shrink_further(
        self, choices: list[int], *, early: bool, left: int, deadline_s: float
    ) -> list[int]:
        """Leave out one run of a task after another."""
        index = 0
        while left and index < len(_runs(choices)) and time.perf_counter() < deadline_s:
            runs = _runs(choices)
            candidate = [choice for run in runs[:index] + runs[index + 1 :] for choice in run]
            left -= 1
            outcome, ran = self._run(Guide(candidate, early_timeouts=early))
            if outcome.signal == self._signal and len(_runs(ran)) < len(runs):
                choices = ran
            else:
                index += 1
        return choices

    def _run(
        self, strategy: Guide | Replay, *, recorded: bool = False
    ) -> tuple[Outcome, list[int]]:
        """Run one execution in a child; return how it ended and the choices it made."""

        def job(send: Callable[[Any], None]) -> None:
            strategy.begin(0)
            recorder = StreamingRecorder(send) if recorded else None
            campaign = Campaign(model=self._model, max_steps=self._max_steps)
            with visible_body(_body(self._target)) as (body, _), campaign:
                campaign.run(body, strategy, recorder=recorder)

        outcome = run_in_child(job, self._journal)
        return outcome, self._journal.read()[1]


class StreamingRecorder(Recorder):
    """A recorder whose events leave the process before they happen."""

    __slots__ = ("_send",)

    def __init__(self, send: Callable[[Any], None]) -> None:
        super().__init__()
        self._send = send

    def decision(self, task: Task | None, label: object) -> None:
        """Send the mark of a choice."""
        super().decision(task, label)
        self._send(self.marks[-1])

    def _append(self, *arguments: Any) -> Any:  # noqa: ANN401  # as the base
        event = super()._append(*arguments)
        self._send(event)
        return event


def _shorter(choices: list[int]) -> Iterator[list[int]]:
    """Yield candidates: few switches first."""
    runs = _runs(choices)
    for keep in range(len(runs)):
        yield [choice for run in runs[:keep] for choice in run]


def _runs(choices: list[int]) -> list[list[int]]:
    """Split a schedule where the task changes."""
    runs: list[list[int]] = []
    for choice in choices:
        if runs and runs[-1][-1] == choice:
            runs[-1].append(choice)
        else:
            runs.append([choice])
    return runs


def _body(target: str | Body) -> Body:
    return load_target(target) if isinstance(target, str) else target


def _portable(result: Exploration) -> Exploration:
    """Leave out what cannot be sent: the exception object."""
    if result.finding is None:
        return result
    return dataclasses.replace(result, finding=dataclasses.replace(result.finding, error=None))


def _returned(outcome: Outcome) -> Any:  # noqa: ANN401  # what the job returned
    """Return a child's result, or raise what it raised."""
    error = outcome.error
    if isinstance(error, ExplorationInterrupted):
        raise ExplorationInterrupted(error.partial)
    if error is not None:
        raise error
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.status == EXIT_STUCK:
        raise StuckExecutionError(0.0, "(in the isolated child; its own report is above)")
    if outcome.status:
        raise ChildFailedError(f"it left with exit status {outcome.status} and no result")
    return outcome.result


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _need_fork() -> None:
    if not hasattr(os, "fork"):
        raise UncontrolledError(
            "isolation", "this system", "It has no fork; use explore, or Linux or macOS."
        )
