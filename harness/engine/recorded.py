"""An execution that keeps a record; it switches exactly where a fast one would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.engine.execution import Execution

if TYPE_CHECKING:
    from harness.engine.recorder import Recorder
    from harness.engine.task import Task


class RecordedExecution(Execution):
    """One run of a body under a recorder. Belongs to the OS thread that made it; not shared."""

    __slots__ = ("_record",)

    def __init__(self, *arguments: Any, recorder: Recorder, **settings: Any) -> None:  # noqa: ANN401  # those of the base
        super().__init__(*arguments, **settings)
        self._record = recorder
        self.recorder = recorder
        self.watched = True
        recorder.attach(self)

    def _hang_out_points(self) -> None:
        self.step = self._step_recorded
        board.access = self._access_gil_recorded if self.model else self._access_recorded
        board.also = self._access_gil_recorded
        board.gil_point = self._point_recorded

    def _step_recorded(self, label: str, obj: object) -> None:
        recorder = self._record
        recorder.settle()
        if not self._decide_recorded(label, obj):
            self._step_alone()
        task = self.current
        if task.timed_out:
            recorder.note(task, "timed out on", obj)
        else:
            recorder.operation(task, label, obj)

    def _point_recorded(self) -> None:
        self._decide_recorded("call")
        self._record.passed(self.current)

    def _access_recorded(self, kind: int, obj: object, key: object) -> None:
        recorder = self._record
        recorder.settle()
        self._decide_recorded(kind, obj, key)
        recorder.access(self.current, kind, obj, key)

    def _access_gil_recorded(self, kind: int, obj: object, key: object) -> None:
        recorder = self._record
        recorder.settle()
        recorder.access(self.current, kind, obj, key)

    def _decide_recorded(self, kind: int | str, obj: object = None, key: object = None) -> bool:
        """Switch exactly where the fast path would: the same schedule must fit both."""
        if not self._may_choose():
            return False
        record = self._record
        record.reach(self.current, kind, obj, key)
        record.decision(self.current, kind if isinstance(kind, str) else key)
        self._pause()
        return True

    def _watch_block(self, task: Task, on: object, label: str) -> None:
        recorder = self._record
        recorder.settle()
        recorder.places.waits(task, label)
        recorder.note(task, "blocks on", on)

    def _watch_resumption(self, task: Task, on: object) -> None:
        self._record.note(task, "timed out on" if task.timed_out else "goes on after", on)

    def _watch_beginning(self, task: Task) -> None:
        self._record.note(task, "begin", task)

    def _watch_end(self) -> None:
        self._record.end(self.tasks)

    def _watch_carried(self, task: Task, maker: Task) -> None:
        self._record.note(maker, "start", task)
