"""The twins' side of an execution, as the engine asks for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from harness.primitives.asyncio_loop import set_real_loop
from harness.primitives.lock import adopt
from harness.primitives.thread import call_user_excepthook

if TYPE_CHECKING:
    from harness.engine.execution import Execution
    from harness.engine.task import Task


class StandardHost:
    """Answers the engine with the twins of the standard library."""

    __slots__ = ()

    def body_returned(self, execution: Execution) -> None:
        """Let the workers of executors that were not shut down go, as the interpreter does."""
        futures = sys.modules.get("concurrent.futures.thread")
        if futures is None:
            return
        for thread, queue in list(futures._threads_queues.items()):  # noqa: SLF001  # as at exit
            task = thread.__dict__.get("_task")
            if task is not None and not task.finished and task in execution.tasks:
                queue.put(None)

    def call_excepthook(self, task: Task, error: BaseException) -> bool:
        """Give `error` to the user's own `threading.excepthook`; False if there is none."""
        return call_user_excepthook(task, error)

    def adopt(self, lock: Any) -> Any:  # noqa: ANN401  # real locks have no common type
        """Return a new twin that stands for a real lock."""
        return adopt(lock)

    def set_running_loop(self, loop: Any) -> None:  # noqa: ANN401  # any event loop
        """Make `loop` the OS thread's running event loop."""
        set_real_loop(loop)
