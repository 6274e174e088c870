"""The twins' side of an execution, as the engine asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.primitives import executor, real
from harness.primitives.asyncio_loop import set_real_loop
from harness.primitives.chance import chance
from harness.primitives.thread import call_user_excepthook

if TYPE_CHECKING:
    from harness.engine.execution import Execution
    from harness.engine.task import Task
    from harness.primitives.adoption import Adoption


class StandardHost:
    """Answers the engine with the twins of the standard library. One campaign long."""

    __slots__ = ("_adoption", "_at_exit", "_threads")

    def __init__(self, adoption: Adoption) -> None:
        self._adoption = adoption
        self._at_exit = False
        self._threads = 0

    def begin_execution(self) -> None:
        """Look at the world, and give back their state to primitives made before the campaign."""
        self._threads = real.count_threads()
        self._adoption.begin_execution()
        chance.begin_execution()

    def end_execution(self) -> None:
        """Undo what was told at the end of the body."""
        if self._at_exit:
            self._at_exit = False
            executor.open_again()

    def body_returned(self, execution: Execution) -> None:
        """Let the workers of executors that were not shut down go, as the interpreter does."""
        if execution.executors_made or len(execution.tasks) > 1:
            self._at_exit = executor.let_workers_go(execution) or self._at_exit

    def new_real_threads(self) -> int:
        """Return how many real threads were started since the execution began and still run."""
        return real.count_threads() - self._threads

    def call_excepthook(self, task: Task, error: BaseException) -> bool:
        """Give `error` to the user's own `threading.excepthook`; False if there is none."""
        return call_user_excepthook(task, error)

    def adopt(self, lock: Any) -> Any:  # noqa: ANN401  # real locks have no common type
        """Return the twin that stands for a real lock."""
        return self._adoption.twin_of(lock)

    def set_running_loop(self, loop: Any) -> None:  # noqa: ANN401  # any event loop
        """Make `loop` the OS thread's running event loop."""
        set_real_loop(loop)
