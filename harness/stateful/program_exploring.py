"""Explores one program, and replays a schedule of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import ArgumentError
from harness.exploring import explore, replay
from harness.linearizability.judgement import Criterion
from harness.linearizability.model import Model
from harness.stateful.program import Program
from harness.stateful.program_body import ProgramBody
from harness.stateful.program_judge import ProgramJudge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.headway import Progress
    from harness.strategies.protocol import Strategy


def explore_program(  # noqa: PLR0913  # as explore
    make: Callable[[], Any],
    program: Program,
    *,
    judge: ProgramJudge | Model[Any] | None = None,
    invariants: Sequence[Callable[[Any], object]] = (),
    strategy: str | Strategy | None = None,
    executions: int = 1_000,
    seed: int = 0,
    max_steps: int = 20_000,
    model: str = "free-threaded",
    workers: int = 1,
    budget_s: float | None = None,
    progress: Progress | None = None,
    fail_on: str | Iterable[str] = (),
    early_timeouts: bool = False,
) -> Exploration:
    """Run a program on fresh objects under many schedules until one execution is wrong.

    Args:
        make: Returns a new object each time.
        judge: What histories are judged by: a `Model`, a `ProgramJudge`, or None for the object
            itself, whose calls are then made one after the other.
        invariants: Functions of the object; one that raises or returns False at the end of an
            execution makes it a failure.

    The other arguments, the result and the errors are those of `harness.explore`. `model` is how
    tasks are switched.

    Raises:
        ModelFaultError: The model could not judge a history.
    """
    body = program_body(make, program, judge=judge, invariants=invariants)
    return explore(
        body, strategy, executions=executions, seed=seed, max_steps=max_steps, model=model,
        workers=workers, budget_s=budget_s, progress=progress, fail_on=fail_on,
        early_timeouts=early_timeouts,
    )  # fmt: skip


def replay_program(
    make: Callable[[], Any],
    program: Program,
    token: str,
    *,
    judge: ProgramJudge | Model[Any] | None = None,
    invariants: Sequence[Callable[[Any], object]] = (),
) -> Finding | None:
    """Run the one schedule of a token again; see `harness.replay`."""
    return replay(program_body(make, program, judge=judge, invariants=invariants), token)


def program_body(
    make: Callable[[], Any],
    program: Program,
    *,
    judge: ProgramJudge | Model[Any] | None = None,
    invariants: Sequence[Callable[[Any], object]] = (),
    classes: Sequence[type] = (),
) -> ProgramBody:
    """Return a program as a body for `harness.explore`, `harness.replay` and the others."""
    if not callable(make):
        raise ArgumentError("make", make, "a class, or a function that returns a new object")
    if not isinstance(program, Program):
        raise ArgumentError("program", program, "a Program")
    program.check()
    for invariant in invariants:
        if not callable(invariant):
            raise ArgumentError("invariants", invariant, "functions of the object")
    return ProgramBody(
        make, program, judge_from(judge, make, program), invariants=invariants, classes=classes
    )


def judge_from(
    judge: object,
    make: Callable[[], Any],
    program: Program,
    *,
    criterion: Criterion = Criterion.LINEARIZABLE,
) -> ProgramJudge:
    """Return what judges histories: as it was given, by a model, or by the object itself."""
    if isinstance(judge, ProgramJudge):
        return judge
    if isinstance(judge, Model):
        return ProgramJudge(judge, criterion=criterion)
    raise ArgumentError("judge", judge, "a Model")
