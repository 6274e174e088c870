"""Every single call fails in its turn, and what the subject makes of that is judged.

A body makes N calls that could fail: files, sockets, what goes through its ports and callbacks. It
is run N times, and in the nth run the nth call fails. What must hold then is the same each time:

- the body passes, or ends with an error that it may end with, and not with another one;
- its check holds afterwards: the file is the old one or the new one, the account balances;
- nothing is left behind: no thread, descriptor, locked page, child process, mapping;
- it ends at all: a lock that an error path forgets shows as a hang in the run after it.

The sweep is over when no call is reached any more, which an error path that makes calls of its own
may put off. With `executions` each of these runs is an exploration: the nth call fails under that
many schedules.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.faults.effect import Effect
from harness.faults.errors import BodyFailsError, NothingToFailError, PlanError, UnevenSweepError
from harness.faults.moment import Moment, When
from harness.faults.plan import FaultPlan
from harness.faults.rule import Rule
from harness.faults.sweep_explored import ExploredRuns
from harness.faults.sweep_leaks import LeakProbe
from harness.faults.sweep_run import Broken, Outcome
from harness.faults.sweep_threads import ThreadRuns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.faults.injection import Faults, Injected

    Body = Callable[[Faults], object]

DEFAULT_LIMIT_S: Final = 30.0  # of one run; a body of a sweep takes milliseconds
DEFAULT_MOST: Final = 2_000  # calls of one body; more is a loop that tries again for ever
ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFinding:
    """One call whose failure the subject does not survive.

    Attributes:
        call: Its name.
        nth: Which of the calls of that name, counted from 1.
        number: Which of all calls of the run; 0 where the faults are over, and have left something
            broken that each of them alone did not show.
        plan: The plan that makes it fail again.
        broken: What it broke.
        message: What was seen.
        body: Where the body is.
        token: The schedule, where runs were explored; else "".
    """

    call: str
    nth: int
    number: int
    plan: FaultPlan
    broken: Broken
    message: str
    body: str
    token: str = ""

    @property
    def again(self) -> str:
        """The line that runs it again."""
        token = f", token={self.token!r}" if self.token else ""
        return f"harness.faults.replay_fault({self.body}, {str(self.plan)!r}{token})"

    @property
    def _on(self) -> str:
        lasting = any(rule.moment.when is When.AFTER for rule in self.plan.rules)
        return " and all later ones do" if lasting else ""

    def __str__(self) -> str:
        if not self.number:
            return f"{self.body}: after all the faults, with none, {self.broken}.\n  {self.message}"
        return (
            f"{self.body}: when {self.call} number {self.nth} fails{self._on} (call {self.number} "
            f"of the run), {self.broken}.\n  {self.message}\n  again: {self.again}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What came of making every call fail in its turn; true when nothing broke.

    Attributes:
        body: Where the body is.
        runs: How many runs had a fault in them.
        failed: How often each call was made to fail, by its name.
        endings: How the runs with a fault ended: "passed", or the error's type, and how often.
        findings: What broke.
    """

    body: str
    runs: int
    failed: Mapping[str, int]
    endings: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[FaultFinding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the subject survived every fault."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        calls = ", ".join(f"{call} {count}" for call, count in sorted(self.failed.items()))
        ends = ", ".join(f"{ending} {count}" for ending, count in sorted(self.endings.items()))
        head = f"{self.body}: {self.runs} faults ({calls}); runs ended: {ends}; "
        if self.passed:
            return head + "none of them broke anything"
        told = "\n".join(str(finding) for finding in self.findings)
        return f"{head}{len(self.findings)} of them broke something\n{told}"


def each_failure(  # noqa: PLR0913  # all but the body have defaults
    body: Body,
    *,
    calls: Sequence[str] = (),
    how: str = "fails",
    allow: tuple[type[BaseException], ...] = (OSError,),
    check: Callable[[], object] | None = None,
    executions: int | None = None,
    seed: int = 0,
    limit_s: float = DEFAULT_LIMIT_S,
    most: int = DEFAULT_MOST,
    leaks: bool = True,
    lasting: bool = False,
) -> Sweep:
    """Run `body` once for each call it makes, and let that call fail.

    Args:
        body: Gets the plan in force (`faults.port`, `faults.callback`, `faults.meet`); builds the
            subject anew, uses it, ends it.
        calls: The Python callables that take part: `FILE_CALLS`, `SOCKET_CALLS`, `OS_CALLS` or
            names of your own. What goes through the body's argument always does.
        how: The effect, as in a plan. "fails" alone is each call's usual failure.
        allow: What the body may end with when a call has failed.
        check: Called after each run with no fault in force; raises when something is wrong.
        executions: Explore each run under so many schedules; None runs it once, on real threads.
        seed: Of the exploration.
        limit_s: The longest run.
        most: Calls after which the sweep gives up.
        leaks: Count threads, descriptors, locked pages, children and mappings after each run;
            not in explored runs, whose threads are the engine's.
        lasting: Run each fault a second time, in which every later call of that name fails as
            well: a disk that is full stays full, and what is tried again fails again.

    Raises:
        BodyFailsError: The body fails without a fault.
        NothingToFailError: It makes no call that could fail.
        UnevenSweepError: It made more than `most` calls.
        PlanError, UnknownCallError: `how` or `calls` are not what they should be.
    """
    effect = _effect(how)
    _check(limit_s=limit_s, most=most, executions=executions)
    runs: ThreadRuns | ExploredRuns
    probe = None
    if executions is None:
        runs = ThreadRuns(body, check, allow=allow, calls=tuple(calls), limit_s=limit_s)
        probe = LeakProbe(runs) if leaks else None
    else:
        runs = ExploredRuns(
            body, check, allow=allow, calls=tuple(calls), executions=executions, seed=seed
        )
    sweeping = _Sweeping(runs, effect, probe, most=most, name=name_of(body), lasting=lasting)
    return sweeping.run(tuple(calls))


def replay_fault(  # noqa: PLR0913  # as each_failure
    body: Body,
    plan: FaultPlan | str,
    *,
    calls: Sequence[str] = (),
    allow: tuple[type[BaseException], ...] = (OSError,),
    check: Callable[[], object] | None = None,
    token: str = "",
    limit_s: float = DEFAULT_LIMIT_S,
) -> FaultFinding | None:
    """Run `body` once under a plan, as a finding of `each_failure` says; None if nothing breaks.

    Args:
        token: The schedule of a finding that came from explored runs.

    Raises:
        PlanError: `plan` is none.
    """
    asked = FaultPlan.parse(plan) if isinstance(plan, str) else plan
    runs = (
        ExploredRuns(body, check, allow=allow, calls=tuple(calls), executions=1, token=token)
        if token
        else ThreadRuns(body, check, allow=allow, calls=tuple(calls), limit_s=limit_s)
    )
    outcome = runs.run(asked)
    return _finding(name_of(body), asked, outcome, outcome.log[0] if outcome.log else None)


class _Sweeping:
    """One sweep, from the run without a fault to the first that reaches no call any more."""

    def __init__(  # noqa: PLR0913  # all but three are keyword-only
        self,
        runs: ThreadRuns | ExploredRuns,
        effect: Effect,
        probe: LeakProbe | None,
        *,
        most: int,
        name: str,
        lasting: bool,
    ) -> None:
        self._runs = runs
        self._effect = effect
        self._probe = probe
        self._most = most
        self._name = name
        self._lasting = lasting
        self._failed: Counter[str] = Counter()
        self._endings: Counter[str] = Counter()
        self._findings: list[FaultFinding] = []

    def run(self, calls: tuple[str, ...]) -> Sweep:
        plain = self._runs.run(FaultPlan())
        if plain.broken:
            raise BodyFailsError(self._name, plain.message)
        if plain.ending:
            raise BodyFailsError(self._name, f"it raised {plain.ending}")
        if not plain.met:
            raise NothingToFailError(self._name, calls)
        if self._probe is not None:
            self._probe.begin()
        for number in range(1, self._most + 1):
            if not self._fail(number):
                return self._result()
        raise UnevenSweepError(self._name, self._most)

    def _fail(self, number: int) -> bool:
        """Let call `number` of the run fail; False when none was reached, or all is stuck."""
        outcome = self._run(_plan(ANY, Moment(when=When.NTH, first=number), self._effect))
        if not outcome.log and (outcome.broken is None or self._findings):
            return False  # what is broken now a fault before has broken, and for good
        if not outcome.log:
            self._take(FaultPlan(), outcome, None)
            return False
        first = outcome.log[0]
        once = Moment(when=When.NTH, first=first.nth)
        self._take(_plan(first.call, once, self._effect), outcome, first)
        if self._lasting and outcome.broken is not Broken.HANG:
            plan = _plan(first.call, Moment(when=When.AFTER, first=first.nth - 1), self._effect)
            outcome = self._run(plan)
            self._take(plan, outcome, first)
        return outcome.broken is not Broken.HANG

    def _run(self, plan: FaultPlan) -> Outcome:
        outcome = self._runs.run(plan)
        if outcome.broken is None and outcome.log and self._probe is not None:
            return self._probe.look(plan, outcome)
        return outcome

    def _take(self, plan: FaultPlan, outcome: Outcome, first: Injected | None) -> None:
        """Count a run, and keep what it broke."""
        if first is not None:
            self._failed[first.call] += 1
            self._endings["broken" if outcome.broken else (outcome.ending or "passed")] += 1
        finding = _finding(self._name, plan, outcome, first)
        if finding is not None:
            self._findings.append(finding)

    def _result(self) -> Sweep:
        return Sweep(
            body=self._name,
            runs=self._failed.total(),
            failed=dict(self._failed),
            endings=dict(self._endings),
            findings=tuple(self._findings),
        )


def _plan(call: str, moment: Moment, effect: Effect) -> FaultPlan:
    return FaultPlan((Rule(call=call, moment=moment, effect=effect),))


def _finding(
    name: str, plan: FaultPlan, outcome: Outcome, first: Injected | None
) -> FaultFinding | None:
    if outcome.broken is None:
        return None
    return FaultFinding(
        call=first.call if first else ANY,
        nth=first.nth if first else 0,
        number=first.number if first else 0,
        plan=plan,
        broken=outcome.broken,
        message=outcome.message,
        body=name,
        token=outcome.token,
    )


def name_of(body: object) -> str:
    """Return what to call a body in a line that is to be typed again."""
    qualified = str(getattr(body, "__qualname__", None) or repr(body))
    return qualified.rpartition("<locals>.")[2]


def _effect(how: str) -> Effect:
    if not isinstance(how, str):
        raise ArgumentError("how", how, "an effect in words, such as 'fails ENOSPC'")
    try:
        return Effect.parse(how.split())
    except ValueError as error:
        raise PlanError(how, how, str(error)) from error


def _check(*, limit_s: float, most: int, executions: int | None) -> None:
    if not limit_s > 0:
        raise ArgumentError("limit_s", limit_s, "a number of seconds above 0")
    if type(most) is not int or most < 1:
        raise ArgumentError("most", most, "a whole number from 1")
    if executions is not None and (type(executions) is not int or executions < 1):
        raise ArgumentError("executions", executions, "a whole number from 1, or None")
