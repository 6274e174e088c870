"""A program of a machine as a body: each execution makes the machine, runs it, and is judged.

Recording is exact, and what came back before what is known to partial order reduction, in the way
in which `program_body` says it.
"""

from __future__ import annotations

import inspect
import threading
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from hypothesis.stateful import RuleBasedStateMachine

from harness.engine import board
from harness.engine.ending import Ending, EndingKind
from harness.engine.place import is_ours
from harness.errors import HarnessError
from harness.judged import JudgedBody
from harness.linearizability.raised import raised
from harness.stateful.machine_rules import MARKERS, rules_of
from harness.stateful.machine_sequence import Names, NoResult, fresh, settled
from harness.stateful.machine_steps import thread_name
from harness.stateful.machine_values import Slots
from harness.stateful.program_body import LAST, Returns, stand_aside
from harness.stateful.program_record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.judged import Alone
    from harness.stateful.machine_rules import MachineRule
    from harness.stateful.machine_steps import MachineProgram, Step

JUDGED: Final = (
    EndingKind.FINISHED,
    EndingKind.STEP_BOUND,
    EndingKind.DEADLOCK,
    EndingKind.LOST_WAKEUP,
    EndingKind.LEAKED_TASK,
)


class Judge(Protocol):
    """Judges the executions of one program."""

    def judge(self, ending: Ending, record: Record, alone: Alone) -> Ending:
        """Return what an execution is worth: itself, a breach, or finished."""

    def doubts(self) -> str:
        """Return why what was found right may not be."""


class Seat:
    """A step of a program with its number and its rule."""

    __slots__ = ("index", "rule", "step")

    def __init__(self, index: int, step: Step, rule: MachineRule) -> None:
        self.index = index
        self.step = step
        self.rule = rule


class MachineBody(JudgedBody):
    """Runs one program on a fresh machine. One execution at a time.

    Attributes:
        record: Of the last execution.

    Args:
        parts: Classes that the machine's rules are about, to be made visible beside its own.
    """

    def __init__(
        self,
        machine: type,
        program: MachineProgram,
        judge: Judge,
        *,
        parts: Sequence[type] = (),
    ) -> None:
        self.machine = machine
        self.program = program
        self.record = Record(len(program))
        self._judge = judge
        self._parts = tuple(parts)
        self._rules = rules_of(machine)
        self._seats = _seats(program, self._rules.rule_of)
        self._functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        self._from_class = _called_from(machine)
        self.__name__ = machine.__name__
        self.__qualname__ = machine.__qualname__
        self.__module__ = machine.__module__

    def __call__(self) -> None:
        """Make the machine, run the prefix, the threads and the suffix; check the invariants."""
        record = self.record = Record(len(self.program))
        seats = [[_fresh(seat) for seat in part] for part in self._seats]
        self._from_class(lambda: self._live(record, seats))

    def _live(self, record: Record, seats: list[list[Seat]]) -> None:
        machine = self.machine()
        try:
            self._run(_Run(record, machine, self._functions), seats)
        finally:
            machine.teardown()

    def _run(self, run: _Run, seats: list[list[Seat]]) -> None:
        prefix, *parts, suffix = seats
        self._check(run, initialized=not self._initializers_left(prefix, 0))
        for number, seat in enumerate(prefix):
            run.apply(seat)
            self._check(run, initialized=not self._initializers_left(prefix, number + 1))
        run.in_threads(parts)
        if any(parts):
            self._check(run, initialized=True)
        for seat in suffix:
            run.apply(seat)
            self._check(run, initialized=True)

    def _initializers_left(self, prefix: list[Seat], done: int) -> bool:
        return any(seat.rule.name in self._rules.initializers for seat in prefix[done:])

    def _check(self, run: _Run, *, initialized: bool) -> None:
        for invariant in self._rules.invariants:
            if initialized or invariant.during_init:
                function = self._functions.get(invariant.function, invariant.function)
                if all(condition(run.machine) for condition in invariant.preconditions):
                    function(run.machine)

    # -- judging ---------------------------------------------------------------------------------

    def judge(self, ending: Ending, alone: Alone) -> Ending:
        """Return what the last execution is worth."""
        if ending.kind not in JUDGED:
            return ending
        return self._judge.judge(ending, self.record, alone)

    def doubts(self) -> str:
        """Return why nothing may have been found."""
        return self._judge.doubts()

    @contextmanager
    def visible(self) -> Iterator[str]:
        """Make visible the rules and invariants of the machine, and what they are about."""
        from harness.instrument.in_place import visible_parts  # noqa: PLC0415  # keeps import light

        rules = [*self._rules.rules.values(), *self._rules.initializers.values()]
        functions = [one.function for one in rules]
        functions += [one.function for one in self._rules.invariants]
        # Not the class: what it holds for rules are Hypothesis' functions around these.
        others = _own_functions(self.machine)
        with visible_parts([*functions, *others, *self._parts]) as (chosen, why):
            self._functions = dict(zip(functions, chosen[: len(functions)], strict=True))
            try:
                yield why
            finally:
                self._functions = {}


class _Run:
    """One execution of a program. One task of it runs at a time."""

    __slots__ = ("_functions", "_names", "_record", "_slots", "machine")

    def __init__(
        self,
        record: Record,
        machine: Any,  # noqa: ANN401  # the user's
        functions: dict[Callable[..., Any], Callable[..., Any]],
    ) -> None:
        self.machine = machine
        self._record = record
        self._functions = functions
        self._names = Names()
        self._slots = Slots()

    def in_threads(self, parts: list[list[Seat]]) -> None:
        """Run the threads of the program and wait for them."""
        clocks = [Returns() for _ in parts]
        for clock in clocks:
            board.also(board.WRITE, clock, LAST)  # known before a thread touches it
        threads = []
        for number, part in enumerate(parts):
            others = [*clocks[:number], *clocks[number + 1 :]]
            arguments = (part, clocks[number], others)
            name = thread_name(number)
            threads.append(threading.Thread(target=self._thread, args=arguments, name=name))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _thread(self, part: list[Seat], clock: Returns, others: list[Returns]) -> None:
        first = True
        for seat in part:
            if others and not board.alone:
                stand_aside(others, switch=not first)
            first = False
            self.apply(seat)
            board.also(board.WRITE, clock, LAST)

    def apply(self, seat: Seat) -> None:
        """Apply a rule. An assertion that fails in it fails the execution."""
        step, rule = seat.step, seat.rule
        function = self._functions.get(rule.function, rule.function)
        arguments = self._names.arguments(step)
        self._record.called(seat.index)
        if arguments is None:
            self._record.came_back(seat.index, NoResult.SKIPPED)
            return
        try:
            result = function(self.machine, **arguments)
        except (HarnessError, AssertionError):
            raise
        except Exception as error:  # noqa: BLE001  # what a rule raises is its result
            outcome: Any = raised(error)
        else:
            self._names.keep(step, rule, result)
            outcome = settled(result, self._slots)
        running = board.execution
        if running is not None and not running.stopping:  # else it was told to end
            self._record.came_back(seat.index, outcome)


def _called_from(machine: type) -> Callable[[Callable[[], None]], None]:
    """Return a function that calls another one from the line of the machine's class.

    Else nothing of the user's would be above what starts and joins threads, and a story that tells
    where something was done would name lines of ours.
    """
    call = lambda inner: inner()  # noqa: E731  # on one line: the code that is moved has no other
    try:
        path = inspect.getsourcefile(machine)
        _, line = inspect.getsourcelines(machine)
    except (OSError, TypeError):  # it was not written into a file
        return call
    code = call.__code__.replace(
        co_filename=path or "", co_firstlineno=line, co_name=machine.__name__,
        co_qualname=machine.__qualname__,
    )  # fmt: skip
    return types.FunctionType(code, {})


def _own_functions(machine: type) -> list[Any]:
    """Return the methods of a machine class that are no rules."""
    bases = machine.__mro__[: machine.__mro__.index(RuleBasedStateMachine)]
    return [
        member
        for base in bases
        for member in vars(base).values()
        if isinstance(member, types.FunctionType)
        and member.__module__ == base.__module__
        and not is_ours(member.__code__.co_filename)
        and not any(marker in vars(member) for marker in MARKERS)
    ]


def _seats(program: MachineProgram, rule_of: Callable[[Step], MachineRule]) -> list[list[Seat]]:
    numbers = iter(range(len(program)))
    return [[Seat(next(numbers), step, rule_of(step)) for step in part] for part in program.parts()]


def _fresh(seat: Seat) -> Seat:
    return Seat(seat.index, fresh(seat.step), seat.rule)
