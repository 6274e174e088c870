"""Tells a failing program: its smallest schedule, why no order is right, and a test of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from harness.campaign import Campaign
from harness.errors import ArgumentError, DriftError
from harness.exploring import explore, replay
from harness.finding import FindingKind
from harness.linearizability.history import History
from harness.linearizability.judgement import Criterion
from harness.linearizability.reduction import reduce
from harness.stateful.checked import (
    FailingProgram,
    NotLinearizableError,
    ProgramFailedError,
)
from harness.stateful.program_source import TestSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.finding import Finding
    from harness.linearizability.counterexample import Counterexample
    from harness.stateful.program_body import ProgramBody
    from harness.stateful.program_judge import ProgramJudge
    from harness.stateful.program_search import SearchSettings

_BELOW: Final = "the test below"  # no command has the program
REDUCING_S: Final = 2.0  # wall time: histories of programs take milliseconds


def criterion_from(given: object) -> Criterion:
    """Return the criterion of that name.

    Raises:
        ArgumentError: There is none.
    """
    if not isinstance(given, str) or given not in tuple(Criterion):
        raise ArgumentError("criterion", given, ", ".join(Criterion))
    return Criterion(given)


def raise_failing(failing: FailingProgram) -> NoReturn:
    """Raise the error of a failing program.

    Raises:
        NotLinearizableError: What its calls returned fits no order.
        ProgramFailedError: It failed in another way.
    """
    __tracebackhide__ = True
    wrong = failing.finding.kind is FindingKind.NOT_LINEARIZABLE
    raise (NotLinearizableError if wrong else ProgramFailedError)(failing)


class Teller:
    """Tells failing programs of one object."""

    def __init__(
        self,
        make: Callable[[], Any],
        model: object,
        criterion: Criterion,
        *,
        max_steps: int,
    ) -> None:
        self._make = make
        self._model = model
        self._criterion = criterion
        self._max_steps = max_steps

    def tell(  # noqa: PLR0913  # what is known of it
        self,
        body: ProgramBody,
        judge: ProgramJudge,
        settings: SearchSettings,
        *,
        seen: Finding,
        found: str,
        minimised: str,
    ) -> FailingProgram:
        """Explore a program that fails once more, this time down to its smallest schedule.

        Args:
            seen: The failure as it was met; told where it is not met again: a strategy of the
                user's may do something else.
        """
        _, strategy = settings.made()
        result = explore(
            body,
            strategy if settings.strategy is None else settings.strategy,
            executions=settings.executions,
            seed=settings.seed,
            max_steps=settings.max_steps,
            model=settings.switching,
            fail_on=settings.rules,
            early_timeouts=settings.early_timeouts,
        )
        return self.of(body, judge, result.finding or seen, found=found, minimised=minimised)

    def of(
        self,
        body: ProgramBody,
        judge: ProgramJudge,
        finding: Finding,
        *,
        found: str = "",
        minimised: str = "",
    ) -> FailingProgram:
        """Return what is to be told of a finding of this program."""
        name = body.__name__
        test = TestSource().write(
            self._make,
            body.program,
            finding.token,
            model=self._model,
            criterion=self._criterion,
            name=name,
        )
        history, counterexample = self._history(body, judge, finding)
        return FailingProgram(
            name=name,
            program=body.program,
            finding=replace(finding, command=_BELOW),
            history=history,
            criterion=self._criterion,
            counterexample=counterexample,
            test=test,
            found=found,
            minimised=minimised,
        )

    def _history(
        self, body: ProgramBody, judge: ProgramJudge, finding: Finding
    ) -> tuple[History, Counterexample | None]:
        """Run the schedule again for its history."""
        try:
            if not finding.token or replay(body, finding.token) is None:
                return History(()), None
        except DriftError:  # it does something else each time
            return History(()), None
        history = body.history()
        if finding.kind is not FindingKind.NOT_LINEARIZABLE:
            return history, None
        with (
            Campaign(model="free-threaded", max_steps=self._max_steps, body=body) as campaign,
            judge.running(campaign.run_alone),
        ):
            judgement = judge.judgement(history)
            if judgement.criterion is Criterion.SEQUENTIALLY_CONSISTENT:
                return history, None  # what is left out there would still be waited for
            return history, reduce(history, judgement, budget_s=REDUCING_S)
