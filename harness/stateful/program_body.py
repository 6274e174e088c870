"""A program as a body: each execution makes the object, runs the program, and is judged.

Recording is exact: one task runs at a time, so a call is noted right before it is made, and its
return right after. Two things follow.

- Between two calls of a thread there is a switching point, also where the object is written in C
  and has none. Without it no other call could come between them, and what only shows there (a
  stale read after a write has come back) would never show.
- Whether one call came back before another was made is part of what is judged. So it is part of
  what partial order reduction must keep: a thread's return changes a thing at which every call of
  another thread looks. For this a thread has its `Returns`.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.ending import Ending, EndingKind
from harness.errors import HarnessError
from harness.instrument.call_hooks import late_method
from harness.judged import JudgedBody
from harness.linearizability.frozen import frozen
from harness.linearizability.operation import Raised
from harness.linearizability.raised import raised
from harness.linearizability.shown_values import Values
from harness.primitives.twin_table import twin_table
from harness.stateful.factory_check import name_of
from harness.stateful.outputs import identities, settled
from harness.stateful.program import thread_name
from harness.stateful.program_lines import MAIN_NAME, functions_for
from harness.stateful.program_record import Record, seats_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.judged import Alone
    from harness.linearizability.history import History
    from harness.stateful.program import Call, Program
    from harness.stateful.program_judge import Known, ProgramJudge
    from harness.stateful.program_record import Seat

LAST: Final = "last"  # the one part of `Returns` that is touched
JUDGED: Final = (
    EndingKind.FINISHED,
    EndingKind.STEP_BOUND,
    EndingKind.DEADLOCK,
    EndingKind.LOST_WAKEUP,
    EndingKind.LEAKED_TASK,
)


class Returns(deque[int]):
    """Stands for what of a thread's calls has come back. Nothing is in it.

    A deque, because its operations are no race for any analysis.
    """

    __slots__ = ()

    def record_name(self) -> str:
        """Return the name that tokens show."""
        return "returns"


class Mark:
    """What a call, or what came of it, is called in a story."""

    __slots__ = ("__weakref__", "_text")

    def __init__(self, text: str) -> None:
        self._text = text

    def record_name(self) -> str:
        """Return the name that traces show."""
        return self._text


class _InThread:
    """Makes the calls of one thread.

    Args:
        make: Makes the call of a number.
        own: What of this thread's calls has come back.
        others: That of every other thread.
    """

    __slots__ = ("_began", "_make", "_others", "_own")

    def __init__(self, make: Callable[[int], None], own: Returns, others: list[Returns]) -> None:
        self._make = make
        self._own = own
        self._others = others
        self._began = False

    def call(self, index: int) -> None:
        """Make the call of that number."""
        if self._others and not board.alone:
            stand_aside(self._others, switch=self._began)
        self._began = True
        self._make(index)
        board.also(board.WRITE, self._own, LAST)


class ProgramBody(JudgedBody):
    """Runs one program on a fresh object. One execution at a time.

    Attributes:
        record: Of the last execution.

    Args:
        invariants: Called with the object at the end; one that raises or returns False is a
            failure.
        classes: Of the objects that are made: where `make` does not lead to them.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        program: Program,
        judge: ProgramJudge,
        *,
        invariants: Sequence[Callable[[Any], object]] = (),
        classes: Sequence[type] = (),
    ) -> None:
        self.program = program
        self.record = Record(len(program))
        self._made = make
        self._make = controlled(make)
        self._judge = judge
        self._undecided = judge.undecided
        self._checked = tuple(invariants)
        self._invariants = self._checked
        self._seats = seats_of(program)
        self._seat_of = [seat for part in self._seats for seat in part]
        self._seat_of.sort(key=lambda seat: seat.index)
        self.__name__ = self.__qualname__ = name_of(make, classes[0] if classes else None)
        self._lines = functions_for(program, self.__name__)
        self._known: Known = {}
        self._leaves: bool | None = None  # known once somebody asks
        self._classes = tuple(classes)
        self._given = identities(
            tuple(part for call in program.calls() for part in (call.arguments, call.keywords))
        )
        self._changing = frozenset(
            seat.index for part in self._seats for seat in part if _can_change(seat.call)
        )
        self._functions = {
            call.function: call.function for call in program.calls() if call.function
        }
        self.__module__ = getattr(make, "__module__", "")

    def __call__(self) -> None:
        """Make the object, run the prefix, the threads and the suffix; check the invariants."""
        record = self.record = Record(len(self.program))
        subject = self._make()
        clocks = [Returns() for _ in self.program.threads]
        for clock in clocks:
            board.also(board.WRITE, clock, LAST)  # known before a thread touches it
        main = functools.partial(self._call, record, subject)
        threads = []
        for number, own in enumerate(clocks):
            others = [*clocks[:number], *clocks[number + 1 :]]
            call = _InThread(main, own, others).call
            name = thread_name(number)
            arguments = (call,)
            threads.append(threading.Thread(target=self._lines[name], args=arguments, name=name))
        self._lines[MAIN_NAME](main, threads)
        for invariant in self._invariants:
            _hold(invariant, subject)

    def _call(self, record: Record, subject: object, index: int) -> None:
        """Make the call of that number."""
        self._apply(record, subject, self._seat_of[index])

    def _apply(self, record: Record, subject: Any, seat: Seat) -> None:  # noqa: ANN401  # the object
        call, index = seat.call, seat.index
        arguments, keywords = call.arguments, dict(call.keywords)
        if index in self._changing:
            arguments, keywords = copy.deepcopy((arguments, keywords))
        running = board.execution
        recorder = None if running is None else running.recorder
        if running is not None and recorder is not None:
            recorder.note(running.current, "calls", Mark(str(call)))
        record.called(index)
        try:
            if call.function is not None:
                output = self._functions[call.function](subject, *arguments, **keywords)
            else:
                output = getattr(late_method(subject, call.name), call.name)(*arguments, **keywords)
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001  # what an operation raises is its result
            output = raised(error)
        if running is None or running.stopping:  # it was told to end
            return
        result = settled(output, subject, self._given)
        record.came_back(index, result)
        if recorder is not None:
            recorder.note(running.current, *_outcome(call, result))

    # -- judging ---------------------------------------------------------------------------------

    def judge(self, ending: Ending, alone: Alone) -> Ending:
        """Return what the last execution is worth."""
        if ending.kind not in JUDGED:
            return ending
        if ending.kind is EndingKind.LEAKED_TASK and self._leaves_threads(alone):
            ending = Ending(EndingKind.FINISHED)
        return self._judge.judge(ending, self.record, self._seats, known=self._known, alone=alone)

    def _leaves_threads(self, alone: Alone) -> bool:
        """Say whether threads of the object go on waiting also where its calls are made in turn."""
        if any(self.record.waiting(self._seats)):
            return False
        if self._leaves is None:
            self._leaves = alone(self._in_turn).kind is EndingKind.LEAKED_TASK
        return self._leaves

    def _in_turn(self) -> None:
        subject, unseen = self._make(), Record(len(self.program))
        for seat in self._seat_of:
            self._apply(unseen, subject, seat)

    def doubts(self) -> str:
        """Return why nothing may have been found."""
        return self._judge.doubts(self._undecided)

    def history(self) -> History:
        """Return the history of the last execution."""
        return self.record.history(self._seats, name=self.__qualname__)

    @contextmanager
    def visible(self) -> Iterator[str]:
        """Make visible the class of the object, what makes it, and functions of calls."""
        from harness.instrument.in_place import visible_parts  # noqa: PLC0415  # as everywhere

        functions = list(self._functions)
        parts = [self._made, *functions, *self._checked, *self._classes]
        try:
            with visible_parts(parts) as (chosen, why):
                self._make = controlled(chosen[0])
                end = 1 + len(functions)
                self._functions = dict(zip(functions, chosen[1:end], strict=True))
                self._invariants = tuple(chosen[end : end + len(self._checked)])
                yield why
        finally:
            self._make = controlled(self._made)
            self._functions = {function: function for function in functions}
            self._invariants = self._checked


def controlled(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return the twin of a primitive's class, which nobody looks up by its name here."""
    twin: Callable[[], Any] = twin_table().get(id(make), make)
    return twin


def stand_aside(others: list[Returns], *, switch: bool) -> None:
    """Let others run before a call; it looks at what of theirs has come back."""
    rest = others
    if switch:
        if board.gil:
            board.gil_point()
        else:
            board.access(board.READ, others[0], LAST)
            rest = others[1:]
    for clock in rest:
        board.also(board.READ, clock, LAST)


def _outcome(call: Call, result: object) -> tuple[str, Mark]:
    """Return the label and the words of how a call ended, for a story."""
    if isinstance(result, Raised):
        return "raises", Mark(f"{result.type} from {call}")
    return "returns", Mark(f"{Values().show(result)} from {call}")


def _can_change(call: Call) -> bool:
    """Say whether something that a call is given can change."""
    given = (call.arguments, call.keywords)
    return frozen(given) is not given


def _hold(invariant: Callable[[Any], object], subject: object) -> None:
    if invariant(subject) is False:
        name = getattr(invariant, "__name__", repr(invariant))
        raise AssertionError(f"the invariant {name} does not hold")
