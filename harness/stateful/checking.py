"""`check_linearizable`: programs over an object, and the smallest one that goes wrong."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any, Final, NoReturn

from harness.errors import ArgumentError
from harness.exploration import Verdict
from harness.exploring import check_arguments
from harness.finding import FindingKind
from harness.headway import grouped
from harness.linearizability.judgement import Criterion
from harness.rules import rules_from
from harness.run_wishes import wished
from harness.settings import Undecided
from harness.stateful.checked import Checked, UndecidedCheckError
from harness.stateful.factory_check import check_operations, name_of, sample_of
from harness.stateful.program import MAX_CALLS, MAX_THREADS, Program
from harness.stateful.program_body import ProgramBody
from harness.stateful.program_drawing import MAX_BESIDE, Size
from harness.stateful.program_exploring import judge_from
from harness.stateful.program_minimising import ProgramMinimiser
from harness.stateful.program_origin import source_of
from harness.stateful.program_search import ProgramSearch, SearchSettings
from harness.stateful.program_telling import Teller, criterion_from, raise_failing
from harness.strategies.registry import make_strategy
from harness.verdict_errors import UndecidedWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.linearizability.model import Model
    from harness.stateful.program_origin import Source
    from harness.strategies.protocol import Strategy

MIN_THREADS: Final = 2  # with one there is nothing to search


def check_linearizable(  # noqa: PLR0913  # the public face; all but the first are keyword-only
    make: Callable[[], Any],
    *,
    operations: Iterable[object] = (),
    model: Model[Any] | Callable[[], Any] | None = None,
    programs: int | Sequence[Program] = 100,
    threads: int = 2,
    calls: int = 3,
    executions: int = 300,
    strategy: str | Strategy | None = None,
    seed: int = 0,
    budget_s: float | None = None,
    criterion: str = Criterion.LINEARIZABLE,
    invariants: Iterable[Callable[[Any], object]] = (),
    switching: str = "free-threaded",
    max_steps: int = 20_000,
    fail_on: str | Iterable[str] = (),
    early_timeouts: bool = False,
    undecided: str = "fail",
) -> Checked:
    """Check that calls made at once on an object work as if they were made one after the other.

    Programs of calls are written, the small ones first, each is run under many schedules, and what
    the calls returned is judged. A wrong program is made smaller before it is told.

    Args:
        make: Returns a new object each time: a class, or a function.
        operations: What may be called: `"get"`, `("put", [1, 2])`, a function of the object, or
            `operation("put", [1, 2], unique())`.
        model: What is right: a `Model`; a class, or function, whose objects do it when their
            methods are called one after the other; None for `make` itself, so.
        programs: How many to write, or programs of your own, which are all that is run then.
        threads: The most threads of a program, from 2.
        calls: The most calls of a thread; up to three more come before the threads, and after.
        executions: How many at most of each program; small ones need fewer, every schedule is run.
        strategy: That of each program; see `harness.explore`. None: a few samples, then every
            trace, and cheap samples of what has too many (`harness.strategies.brisk`).
        seed: The same seed writes the same programs and schedules.
        budget_s: Wall time in seconds for the search, shared among the programs.
        criterion: `linearizable`, `sequentially consistent` or `quiescently consistent`.
        invariants: Functions of the object, called at the end of each execution; one that raises
            or returns False is a failure.
        switching: `free-threaded` or `gil`: where tasks are switched; `model` of `harness.explore`.
        max_steps: Choices in one execution after which it is given up, undecided.
        fail_on: Rules that an execution may break and survive; see `harness.explore`.
        early_timeouts: A wait with a timeout may give up at any moment in every execution.
        undecided: `fail` or `warn` when a budget ends before it is shown.

    Returns:
        What was run: `.programs`, `.executions`, `.histories`, `.evidence`.

    Raises:
        NotLinearizableError: A program returned what no order of its calls explains. The error
            carries it, a failing schedule, the counterexample and a test.
        ProgramFailedError: A program went wrong in another way: a deadlock, an invariant.
        UndecidedCheckError: A budget ended first; nothing that was run was wrong.
        ArgumentError: An argument is not what it takes.
        FactoryError: `make` does not return a new object each time.
        OperationError: The model does not know an operation.
        UncontrolledError: The object does something that cannot be scheduled.

    Example:
        >>> harness.check_linearizable(BoundedQueue, operations=["get", ("put", [1, 2])])
    """
    __tracebackhide__ = True
    check_arguments(
        executions=executions, seed=seed, max_steps=max_steps, model=switching, workers=1,
        budget_s=budget_s,
    )  # fmt: skip
    _check(make, threads=threads, calls=calls, early_timeouts=early_timeouts, undecided=undecided)
    make_strategy(strategy, seed)
    wanted = wished({
        "strategy": strategy, "executions": executions, "seed": seed, "max_steps": max_steps,
        "model": switching, "budget_s": budget_s, "fail_on": rules_from(fail_on),
        "early_timeouts": early_timeouts, "undecided": Undecided(undecided),
    })  # fmt: skip
    settings = SearchSettings(
        strategy=wanted.strategy,
        executions=wanted.executions,
        seed=wanted.seed,
        max_steps=wanted.max_steps,
        switching=wanted.model,
        rules=wanted.fail_on,
        early_timeouts=wanted.early_timeouts,
    )
    check = LinearizabilityCheck(
        make,
        model,
        settings,
        source=source_of(operations, programs, Size(threads, calls), seed=wanted.seed),
        criterion=criterion_from(criterion),
        invariants=tuple(invariants),
    )
    checked = check.run(budget_s=wanted.budget_s)
    if checked.verdict is Verdict.UNDECIDED:
        if wanted.undecided is Undecided.FAIL:
            raise UndecidedCheckError(checked)
        warnings.warn(str(checked), UndecidedWarning, stacklevel=2)
    return checked


class LinearizabilityCheck:
    """One call of `check_linearizable`."""

    def __init__(  # noqa: PLR0913  # one call of check_linearizable
        self,
        make: Callable[[], Any],
        model: object,
        settings: SearchSettings,
        *,
        source: Source,
        criterion: Criterion,
        invariants: tuple[Callable[[Any], object], ...],
    ) -> None:
        self._started_s = time.perf_counter()
        self._make = make
        self._model = model
        self._settings = settings
        self._source = source
        self._criterion = criterion
        self._invariants = invariants
        sample = sample_of(make)
        self._class = type(sample)
        check_operations(sample, source.kinds, source.given)
        if callable(model):
            check_operations(sample_of(model), source.kinds, source.given, who="model")
        self._judge = judge_from(
            model,
            make,
            functions=source.functions(),
            values=source.values(),
            made=self._class,
            criterion=criterion,
        )
        self._search = ProgramSearch(self._body, settings)
        self._results: list[Exploration] = []

    def run(self, *, budget_s: float | None) -> Checked:
        """Search the programs; return what was run.

        Raises:
            ProgramFailedError: One failed.
        """
        __tracebackhide__ = True
        largest: Size | None = None
        stopped, count = "", self._source.count
        for number, (size, program) in enumerate(self._source.programs()):
            left_s = None
            if budget_s is not None:
                left_s = budget_s - (time.perf_counter() - self._started_s)
                if left_s <= 0:
                    stopped = f"the time budget ended after {number} of {count} programs"
                    break
                left_s /= count - number  # what one does not need, the others get
            result = self._search.look(program, budget_s=left_s)
            self._results.append(result)
            largest = size or largest
            if result.finding is not None:
                self._fail(program, result.finding)
        return self._checked(largest, stopped)

    def _body(self, program: Program) -> ProgramBody:
        return ProgramBody(
            self._make,
            program,
            self._judge,
            invariants=self._invariants,
            classes=(self._class,),
        )

    def _fail(self, program: Program, finding: Finding) -> NoReturn:
        """Make a failing program smaller, and raise its story."""
        __tracebackhide__ = True
        kind, minimised, small = finding.kind, "", program
        if kind is not FindingKind.NONDETERMINISM:  # what is not the same twice cannot be narrowed
            minimiser = ProgramMinimiser(
                lambda one: self._search.kind_of(one) is kind, self._source.kinds
            )
            small = minimiser.minimised(program)
            minimised = minimiser.words(program, small)
        teller = Teller(
            self._make, self._model, self._criterion, max_steps=self._settings.max_steps
        )
        failing = teller.tell(
            self._body(small),
            self._judge,
            self._settings,
            seen=finding,
            found=f"{self._count()} ({self._searched_by()})",
            minimised=minimised,
        )
        raise_failing(failing)

    def _checked(self, largest: Size | None, stopped: str) -> Checked:
        results = self._results
        undecided = [one for one in results if one.verdict is Verdict.UNDECIDED]
        doubts = [stopped] if stopped else []
        if undecided:
            first = undecided[0].evidence.removeprefix("undecided: ")
            one = len(undecided) == 1
            several = "1 program is" if one else f"{len(undecided)} programs are"
            doubts.append(f"{several} undecided: {first}")
        doubts += [words for words in (*self._search.unseen, self._search.opaque) if words]
        return Checked(
            name=name_of(self._make, self._class),
            verdict=Verdict.UNDECIDED if stopped or undecided or not results else Verdict.PASSED,
            programs=len(results),
            largest=str(largest) if largest else "",
            exhausted=sum(one.exhausted for one in results),
            executions=sum(one.executions for one in results),
            histories=self._judge.histories,
            judged_by=self._judge.described(),
            searched_by=self._searched_by(),
            doubts=tuple(doubts),
            elapsed_s=time.perf_counter() - self._started_s,
        )

    def _count(self) -> str:
        executions = sum(one.executions for one in self._results)
        return f"program {len(self._results)}, execution {grouped(executions)}"

    def _searched_by(self) -> str:
        name, seed = self._results[0].strategy, self._settings.seed
        return f"{name}, seed {seed}"


def _check(
    make: object, *, threads: object, calls: object, early_timeouts: object, undecided: object
) -> None:
    if not callable(make):
        raise ArgumentError("make", make, "a class, or a function that returns a new object")
    if type(threads) is not int or not MIN_THREADS <= threads <= MAX_THREADS:
        raise ArgumentError("threads", threads, f"a number from {MIN_THREADS} to {MAX_THREADS}")
    most = (MAX_CALLS - 2 * MAX_BESIDE) // threads
    if type(calls) is not int or not 1 <= calls <= most:
        raise ArgumentError("calls", calls, f"a number from 1 to {most}, with {threads} threads")
    if type(early_timeouts) is not bool:
        raise ArgumentError("early_timeouts", early_timeouts, "True or False")
    if undecided not in tuple(Undecided):
        raise ArgumentError("undecided", undecided, " or ".join(Undecided))
