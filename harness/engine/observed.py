"""An execution whose strategy is told of every operation; it switches where a fast one would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.engine.ending import Ending, EndingKind
from harness.engine.execution import Execution

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.recorder import Recorder
    from harness.engine.task import Task

    Perform = Callable[[Task, bool], None]
    Finish = Callable[[Sequence[Task], Ending], None]


def ignore(*_told: object) -> None:
    """Stand in for what a strategy does not want to be told."""


def _adds_item(obj: Any, key: tuple[Any, ...]) -> bool:  # noqa: ANN401  # any object
    """Say whether a write puts a new item into a dictionary: whoever iterates sees in which order.

    Asked when the task's turn has come. Such keys are of plain types: comparing runs no user code.
    """
    return key[0] == "item" and issubclass(type(obj), dict) and not dict.__contains__(obj, key[-1])


class ObservedExecution(Execution):
    """One run of a body in which every task says what it is about to do.

    `task.pending` holds the operation that a ready task does first when it is chosen. Right before
    an operation happens, `perform` is called with its task; its second argument is True where
    nobody could have been chosen in its stead: inside a no-switch region, and for plain accesses
    under the GIL model. Belongs to the OS thread that made it; not shared.

    Args:
        perform: Is told of every operation.
        finish: Is told how the execution ended, before tasks that are left are thrown out: theirs
            still say what they wait for, and would do next.
        recorder: Kept beside it, if there is one.
    """

    __slots__ = ("_finish", "_perform", "_record")

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401  # those of the base
        perform: Perform,
        finish: Finish,
        recorder: Recorder | None = None,
        **settings: Any,  # noqa: ANN401  # those of the base
    ) -> None:
        super().__init__(*arguments, **settings)
        self._perform = perform
        self._finish = finish
        self._record = self.recorder = recorder
        self.watched = True
        if recorder is not None:
            recorder.attach(self)

    def _hang_out_points(self) -> None:
        self.step = self._step_observed
        board.access = self._access_gil_observed if self.model else self._access_observed
        board.also = self._access_gil_observed
        board.gil_point = self._point_observed

    def _tell(self, task: Task, *, atomic: bool = False) -> None:
        """Tell the strategy what `task` does now; its own error is none of the body's."""
        try:
            self._perform(task, atomic)
        except BaseException as error:  # noqa: BLE001  # a strategy's error ends the execution
            self.fail(error)

    def _step_observed(self, label: str, obj: object) -> None:
        task = self.current
        task.pending = (label, obj, None)
        recorder = self._record
        if recorder is not None:
            recorder.settle()
        if self._may_choose():
            if recorder is not None:
                recorder.reach(task, label, obj)
                recorder.decision(task, label)
            self._pause()
        else:
            self._step_alone()
        self._tell(task, atomic=bool(self.regions))
        if recorder is not None:
            if task.timed_out:
                recorder.note(task, "timed out on", obj)
            else:
                recorder.operation(task, label, obj)

    def _point_observed(self) -> None:
        task = self.current
        task.pending = ("call", None, None)
        recorder = self._record
        if not self._may_choose():
            if recorder is not None:
                recorder.passed(task)
            return
        if recorder is not None:
            recorder.reach(task, "call")
            recorder.decision(task, "call")
        self._pause()
        if recorder is not None:
            recorder.passed(task)
        self._tell(task)

    def _access_observed(self, kind: int, obj: object, key: object) -> None:
        task = self.current
        task.pending = (kind, obj, key)
        recorder = self._record
        if recorder is not None:
            recorder.settle()
        if self._may_choose():
            if recorder is not None:
                recorder.reach(task, kind, obj, key)
                recorder.decision(task, key)
            self._pause()
        self._tell(task, atomic=bool(self.regions))
        if kind and type(key) is tuple and _adds_item(obj, key):
            task.pending = (board.WRITE, obj, board.ORDER)
            self._tell(task, atomic=True)
        if recorder is not None:
            recorder.access(task, kind, obj, key)

    def _access_gil_observed(self, kind: int, obj: object, key: object) -> None:
        task = self.current
        task.pending = (kind, obj, key)
        self._tell(task, atomic=True)
        if self._record is not None:
            self._record.settle()
            self._record.access(task, kind, obj, key)

    def glance(self, label: str, obj: object) -> None:
        """Tell the strategy that the current step looks at a primitive besides."""
        task = self.current
        task.pending = (label, obj, None)
        self._tell(task, atomic=True)

    # -- waiting ---------------------------------------------------------------------------------

    def _watch_block(self, task: Task, on: object, label: str) -> None:
        task.pending = task.resumption = (label, on, None)
        if self._record is not None:
            self._record.settle()
            self._record.places.waits(task, label)
            self._record.note(task, "blocks on", on)

    def _watch_resumption(self, task: Task, on: object) -> None:
        self._tell(task)
        if self._record is not None:
            self._record.note(task, "timed out on" if task.timed_out else "goes on after", on)

    def _watch_beginning(self, task: Task) -> None:
        self._tell(task)
        if self._record is not None:
            self._record.note(task, "begin", task)

    def _watch_carried(self, task: Task, maker: Task) -> None:
        before = maker.pending
        maker.pending = ("started", task, None)
        self._tell(maker, atomic=True)
        maker.pending = before
        if self._record is not None:
            self._record.note(maker, "start", task)

    def _watch_end(self) -> None:
        if self._record is not None:
            self._record.end(self.tasks)
        if self.tool_error is None:
            self._finish(self.tasks, self.ending or Ending(EndingKind.FINISHED))

    def wake(self, task: Task) -> None:
        """Let a parked task run again: it will do what it waited to do, not time out."""
        if task.parked:
            task.pending = task.resumption
        super().wake(task)

    def _park(self, task: Task) -> None:
        task.resumption = task.pending
        task.pending = ("timeout", task.waiting_on, None)
        super()._park(task)
