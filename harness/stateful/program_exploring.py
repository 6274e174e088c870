"""Explores one program, and replays a schedule of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import ArgumentError
from harness.exploring import explore, replay
from harness.linearizability.judgement import Criterion
from harness.linearizability.model import Model
from harness.stateful.factory_check import check_operations, name_of, sample_of
from harness.stateful.outputs import identities
from harness.stateful.program import Program
from harness.stateful.program_body import ProgramBody, controlled
from harness.stateful.program_judge import ProgramJudge
from harness.stateful.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.headway import Progress
    from harness.strategies.protocol import Strategy


def explore_program(  # noqa: PLR0913  # as explore
    make: Callable[[], Any],
    program: Program,
    *,
    judge: ProgramJudge | Model[Any] | Callable[[], Any] | None = None,
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
        judge: What histories are judged by: a `Model`; a class whose objects do it right when
            they are called one after the other; None for `make`, so; or a `ProgramJudge`.
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
    judge: ProgramJudge | Model[Any] | Callable[[], Any] | None = None,
    invariants: Sequence[Callable[[Any], object]] = (),
) -> Finding | None:
    """Run the one schedule of a token again; see `harness.replay`."""
    return replay(program_body(make, program, judge=judge, invariants=invariants), token)


def program_body(
    make: Callable[[], Any],
    program: Program,
    *,
    judge: ProgramJudge | Model[Any] | Callable[[], Any] | None = None,
    invariants: Sequence[Callable[[Any], object]] = (),
) -> ProgramBody:
    """Return a program as a body for `harness.explore`, `harness.replay` and the others.

    Raises:
        ArgumentError: The object has not the methods that the program calls.
        FactoryError: `make` does not return a new object each time.
    """
    if not callable(make):
        raise ArgumentError("make", make, "a class, or a function that returns a new object")
    if not isinstance(program, Program):
        raise ArgumentError("program", program, "a Program")
    program.check()
    for invariant in invariants:
        if not callable(invariant):
            raise ArgumentError("invariants", invariant, "functions of the object")
    sample = sample_of(make)
    check_operations(sample, (), [program])
    chosen = judge_from(
        judge,
        make,
        functions=functions_of([program]),
        values=values_of([program]),
        made=type(sample),
    )
    return ProgramBody(make, program, chosen, invariants=invariants, classes=(type(sample),))


def judge_from(  # noqa: PLR0913  # what histories are judged by
    model: object,
    make: Callable[[], Any],
    *,
    functions: Mapping[str, Callable[..., Any]],
    values: tuple[object, ...] = (),
    made: type | None = None,
    criterion: Criterion = Criterion.LINEARIZABLE,
) -> ProgramJudge:
    """Return what judges histories.

    Args:
        model: A `Model`; a class, or function, whose objects do it right when they are called one
            after the other; None for `make`; or what judges.
        functions: What stands for calls that are no methods, by name.
        values: What programs may put in.
        made: The class of the objects, where it is known.

    Raises:
        ArgumentError: It is none of these.
    """
    if isinstance(model, ProgramJudge):
        return model
    if isinstance(model, Model):
        return ProgramJudge(model, criterion=criterion)
    reference = make if model is None else model
    if not callable(reference):
        wants = "a Model, a class whose objects are called one after the other, or None"
        raise ArgumentError("model", model, wants)
    judge = ProgramJudge(criterion=criterion)
    judge.model = Reference(
        controlled(reference),
        functions,
        judge.run,
        name=f"{name_of(reference, made if model is None else None)}, one call after the other",
        given=identities(values),
    )
    return judge


def functions_of(programs: Iterable[Program]) -> dict[str, Callable[..., Any]]:
    """Return what stands for calls that are no methods, by name."""
    return {
        call.name: call.function
        for program in programs
        for call in program.calls()
        if call.function is not None
    }


def values_of(programs: Iterable[Program]) -> tuple[object, ...]:
    """Return what programs put in."""
    calls = [call for program in programs for call in program.calls()]
    return tuple(part for call in calls for part in (call.arguments, call.keywords))
