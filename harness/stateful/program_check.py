"""`check_program`: one program of calls, judged under many schedules, or that of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import ArgumentError
from harness.exploration import Verdict
from harness.exploring import explore, replay
from harness.linearizability.judgement import Criterion
from harness.replay_token import decode_token
from harness.stateful.checked import Checked, UndecidedCheckError
from harness.stateful.factory_check import check_operations, sample_of
from harness.stateful.program_body import ProgramBody
from harness.stateful.program_exploring import functions_of, judge_from, values_of
from harness.stateful.program_telling import Teller, criterion_from, raise_failing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.exploration import Exploration
    from harness.linearizability.model import Model
    from harness.stateful.program import Program
    from harness.stateful.program_judge import ProgramJudge
    from harness.strategies.protocol import Strategy


def check_program(  # noqa: PLR0913  # the public face; all but two are keyword-only
    make: Callable[[], Any],
    program: Program,
    *,
    model: Model[Any] | Callable[[], Any] | None = None,
    token: str | None = None,
    criterion: str = Criterion.LINEARIZABLE,
    invariants: Iterable[Callable[[Any], object]] = (),
    executions: int = 1_000,
    strategy: str | Strategy | None = None,
    seed: int = 0,
    budget_s: float | None = None,
    switching: str = "free-threaded",
    max_steps: int = 20_000,
    fail_on: str | Iterable[str] = (),
    early_timeouts: bool = False,
) -> Checked:
    """Check one program: that what its calls return is explained by some order of them.

    This is what the test that a failing `check_linearizable` prints is made of.

    Args:
        token: Run this one schedule, which must not fail again; no other one is run.

    The other arguments, and the errors, are those of `check_linearizable`.

    Raises:
        DriftError: The code no longer does what it did when the token was made.
        TokenError: The token is damaged.
    """
    __tracebackhide__ = True
    if token is not None and not isinstance(token, str):
        raise ArgumentError("token", token, "the token of a schedule, or None")
    checked = tuple(invariants)
    chosen = criterion_from(criterion)
    program.check()
    sample = sample_of(make)
    check_operations(sample, (), [program])
    judge = judge_from(
        model,
        make,
        functions=functions_of([program]),
        values=values_of([program]),
        made=type(sample),
        criterion=chosen,
    )
    body = ProgramBody(make, program, judge, invariants=checked, classes=(type(sample),))
    teller = Teller(make, model, chosen, max_steps=max_steps)
    if token is not None:
        decode_token(token)
        finding, result = replay(body, token), None
    else:
        result = explore(
            body,
            strategy,
            executions=executions,
            seed=seed,
            max_steps=max_steps,
            model=switching,
            budget_s=budget_s,
            fail_on=fail_on,
            early_timeouts=early_timeouts,
        )
        finding = result.finding
    if finding is not None:
        raise_failing(teller.of(body, judge, finding))
    return _passed(body.__name__, judge, result)


def _passed(name: str, judge: ProgramJudge, result: Exploration | None) -> Checked:
    """Return what was run; raise where that decides nothing."""
    __tracebackhide__ = True
    checked = Checked(
        name=name,
        verdict=Verdict.PASSED if result is None else result.verdict,
        programs=1,
        largest="",
        exhausted=0 if result is None else int(result.exhausted),
        executions=1 if result is None else result.executions,
        histories=judge.histories,
        judged_by=judge.described(),
        searched_by="its token" if result is None else f"{result.strategy}, seed {result.seed}",
        doubts=() if result is None else (result.evidence,),
        elapsed_s=0.0 if result is None else result.elapsed_s,
    )
    if checked.verdict is Verdict.UNDECIDED:
        raise UndecidedCheckError(checked)
    return checked
