"""Judges the executions of a program: by a model, each history once.

An execution that ends with calls that wait is right where the model would have them wait, too: a
`get` on a queue that nobody fills. Any other is the deadlock or lost wakeup that the engine calls
it.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from harness.engine.ending import Breach, Ending, EndingKind
from harness.errors import HarnessError
from harness.finding import FindingKind
from harness.linearizability.checker import check
from harness.linearizability.judgement import Criterion
from harness.linearizability.shown_values import Values
from harness.stateful.errors import ModelFaultError
from harness.stateful.phases import Phased

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator

    from harness.judged import Alone
    from harness.linearizability.history import History
    from harness.linearizability.judgement import Judgement
    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation
    from harness.stateful.program_record import Record, Seat

    Seats = tuple[tuple[Seat, ...], ...]
    Known = dict[Hashable, tuple["Worth", Breach | None]]

JUDGING_S: Final = 5.0  # wall time for one history: those of programs take a millisecond
MAX_KNOWN: Final = 100_000  # histories that are remembered, some 50 MB
_WAITS: Final = (EndingKind.DEADLOCK, EndingKind.LOST_WAKEUP, EndingKind.LEAKED_TASK)


class Worth(Enum):
    """What came of judging an execution."""

    RIGHT = auto()
    WRONG = auto()
    STUCK = auto()  # what came back is right, but calls wait that should not
    UNKNOWN = auto()


class ProgramJudge:
    """Judges histories of the programs of one object. Lives as long as its programs are searched.

    Attributes:
        model: The sequential specification.
        undecided: How many histories could not be judged within their budget.
        histories: How many different ones were judged.
        executions: How many executions these stand for.
    """

    def __init__(
        self, model: Model[Any] | None = None, *, criterion: Criterion = Criterion.LINEARIZABLE
    ) -> None:
        self.model: Model[Any]
        if model is not None:  # else it is set before anything is judged: it needs `run`
            self.model = model
        self.criterion = criterion
        self.histories = 0
        self.executions = 0
        self._alone: Alone | None = None  # while it judges
        self.undecided = 0
        self._why = ""

    def judge(
        self, ending: Ending, record: Record, seats: Seats, *, known: Known, alone: Alone
    ) -> Ending:
        """Return what an execution is worth.

        Args:
            known: What histories of the same program are worth; grows.

        Raises:
            ModelFaultError: The model failed.
        """
        self.executions += 1
        waits = ending.kind in _WAITS
        key = (waits, record.key())
        found = known.get(key)
        if found is None:
            with self.running(alone):
                found = self._decide(record.history(seats, name=""), waits=waits)
            if len(known) < MAX_KNOWN:
                known[key] = found
        return _worth(ending, *found)

    @contextmanager
    def running(self, alone: Alone) -> Iterator[None]:
        """Let a model of real code run it so, inside."""
        before, self._alone = self._alone, alone
        try:
            yield
        finally:
            self._alone = before

    def run(self, body: Callable[[], object], /) -> Ending:
        """Run something of the model's as one task of an execution of its own."""
        assert self._alone is not None, "a model is asked outside of a campaign"
        return self._alone(body)

    def judgement(self, history: History, *, blocked: Collection[int] = ()) -> Judgement:
        """Return the whole judgement of a history.

        Raises:
            ModelFaultError: The model failed.
        """
        model = self.model
        if self.criterion is Criterion.SEQUENTIALLY_CONSISTENT:
            model = Phased(model, history)
        try:
            return check(
                history,
                model,
                criterion=self.criterion,
                budget_s=JUDGING_S,
                blocked=blocked,
            )
        except HarnessError:
            raise
        except Exception as error:
            raise self._fault(history, error) from error

    def doubts(self, before: int = 0) -> str:
        """Return why what was found right may not be.

        Args:
            before: How many histories were undecided before whoever asks began.
        """
        undecided = self.undecided - before
        s = "y" if undecided == 1 else "ies"
        return f"{undecided} histor{s} could not be judged ({self._why})" if undecided else ""

    def described(self) -> str:
        """Return what judges, in words."""
        if self.criterion is Criterion.LINEARIZABLE:
            return self.model.name
        return f"{self.model.name}, {self.criterion}"

    def _decide(self, history: History, *, waits: bool) -> tuple[Worth, Breach | None]:
        self.histories += 1
        judgement = self.judgement(history)
        if judgement.holds is None:
            return self._unknown(judgement)
        if not judgement.holds:
            return Worth.WRONG, breach_of(history, judgement)
        if not waits:
            return Worth.RIGHT, None
        pending = [index for index, one in enumerate(history) if one.pending]
        if not pending:
            return Worth.STUCK, None
        blocked = self.judgement(history, blocked=pending)
        if blocked.holds is None:
            return self._unknown(blocked)
        return (Worth.RIGHT if blocked.holds else Worth.STUCK), None

    def _unknown(self, judgement: Judgement) -> tuple[Worth, None]:
        self.undecided += 1
        self._why = judgement.why
        return Worth.UNKNOWN, None

    def _fault(self, history: History, error: Exception) -> ModelFaultError:
        shown = "; ".join(f"{one.client}: {one.name}{one.arguments!r}" for one in history)
        return ModelFaultError(self.model.name, shown, f"{type(error).__name__}: {error}")


def _worth(ending: Ending, worth: Worth, breach: Breach | None) -> Ending:
    match worth:
        case Worth.WRONG:
            return dataclasses.replace(
                ending, kind=EndingKind.BREACH, breach=breach, cycle=(), places=()
            )
        case Worth.STUCK:
            return ending
        case Worth.RIGHT | Worth.UNKNOWN:
            return Ending(EndingKind.FINISHED) if ending.kind in _WAITS else ending


def breach_of(history: History, judgement: Judgement) -> Breach:
    """Return the breach of a history that has no order."""
    return Breach(FindingKind.NOT_LINEARIZABLE.name, told(history, judgement), ())


def told(history: History, judgement: Judgement) -> str:
    """Return the calls with their results and intervals."""
    values = Values()
    lines = [f"no order of these calls is {judgement.criterion} ({judgement.model}):"]
    width = max((len(str(one.client)) for one in history), default=0)
    for one in history:
        until = "and never came back" if one.ret is None else f"to {one.ret:g}"
        name = str(one.client).ljust(width)
        lines.append(f"  {name}  {_words(one, values)}   from {one.call:g} {until}")
    return "\n".join(lines)


def _words(operation: Operation, values: Values) -> str:
    positional = [values.show(one) for one in operation.arguments]
    named = [f"{name}={values.show(one)}" for name, one in operation.keywords]
    call = f"{operation.name}({', '.join(positional + named)})"
    known = operation.known and operation.output is not None
    return f"{call} -> {values.show(operation.output)}" if known else call
