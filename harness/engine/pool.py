"""Worker greenlets, kept from one execution to the next.

Making and ending a greenlet costs about as much as 35 switches, so a finished worker parks itself
and waits for its next task.
"""

from __future__ import annotations

import ctypes
from contextvars import Context
from typing import TYPE_CHECKING

from greenlet import GreenletExit, getcurrent, greenlet

from harness.engine import board
from harness.engine.task import TaskKilled

if TYPE_CHECKING:
    from harness.engine.task import Task


class Worker(greenlet):  # type: ignore[misc]  # greenlet ships no complete stubs
    """A greenlet that runs one task after another."""

    task: Task | None

    def run(self, maker: greenlet) -> None:
        """Go back to who made it, then serve tasks until the pool is closed.

        A greenlet goes on at the depth of whoever switches to it first. Left to a task that ends,
        a thousand tasks that run one after the other would be as many levels deep.
        """
        maker.switch()
        while True:
            self.serve()

    def serve(self) -> None:
        """Run the task that was handed over, then leave to whoever runs next."""
        task = self.task
        execution = board.execution
        assert task is not None
        assert execution is not None
        task.started = True
        try:
            execution.begin_task(task)
            task.entry()
            execution.step("end", task)
        except TaskKilled:
            pass
        except BaseException as error:  # noqa: BLE001  # everything that ends a task is judged
            execution.task_raised(task, error)
        following = execution.retire(task)
        # Drop what this frame holds: a parked worker must not keep a finished execution alive.
        self.task = None
        del task, execution
        following.switch()


class Pool:
    """The idle workers of one campaign. One OS thread only."""

    __slots__ = ("_hub", "_idle")

    def __init__(self) -> None:
        self._hub = getcurrent()
        self._idle: list[Worker] = []

    def take(self) -> Worker:
        """Return a parked worker, or a new one, with a fresh empty context."""
        idle = self._idle
        if idle:
            worker = idle.pop()
        else:
            worker = Worker()
            worker.parent = self._hub  # by default whoever starts it: a worker that may be parked
            worker.switch(getcurrent())
        worker.gr_context = Context()
        return worker

    def put(self, worker: Worker) -> None:
        """Keep a worker for the next task."""
        self._idle.append(worker)

    def close(self) -> None:
        """End every parked worker."""
        for worker in self._idle:
            if worker.gr_frame is not None:  # started, and parked
                worker.throw(GreenletExit)
        self._idle.clear()


def abandon(worker: Worker) -> None:
    """Keep a worker that will not end out of every later clean-up.

    Collecting it would throw GreenletExit into it once more, and it would swallow that too, this
    time outside any execution, where its waits are real: the interpreter would hang at exit.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(worker))
