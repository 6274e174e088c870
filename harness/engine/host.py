"""What an execution needs from the twins above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from harness.engine.execution import Execution
    from harness.engine.task import Task


class Host(Protocol):
    """The side of the standard library's twins that the engine calls."""

    def body_returned(self, execution: Execution) -> None:
        """Do what the interpreter does at exit, before it waits for threads."""

    def new_real_threads(self) -> int:
        """Return how many real threads were started since the execution began and still run."""

    def call_excepthook(self, task: Task, error: BaseException) -> bool:
        """Give `error` to the user's own `threading.excepthook`; False if there is none."""

    def adopt(self, lock: Any) -> Any:  # noqa: ANN401  # real locks have no common type
        """Return a new twin that stands for a real lock."""

    def set_running_loop(self, loop: Any) -> None:  # noqa: ANN401  # any event loop
        """Make `loop` the OS thread's running event loop."""
