"""`ThreadPoolExecutor` in an execution: the standard library's own code over the twins.

Five things are not its threads' business: names count from the first executor of the process,
which would differ from one execution to the next; so would the order in which threads are joined
and futures are waited for, by their addresses; an executor that was made outside has real worker
threads; and at the end of the body idle workers are let go as the interpreter does at exit.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.place import caller_site
from harness.errors import UncontrolledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.engine.execution import Execution

_PACKAGE: Final = "concurrent.futures"
_MODULE: Final = "concurrent.futures.thread"
_MARK: Final = "_holdfast_execution"


def stand_ins() -> Iterator[tuple[Any, str, Any]]:
    """Yield what to put in the executor's class, if somebody has imported what leads to it."""
    if _PACKAGE not in sys.modules:
        return
    # The package loads it at the first use: in an execution that would be too late to patch it.
    module: Any = importlib.import_module(_MODULE)
    cls = module.ThreadPoolExecutor
    yield cls, "__init__", _marking(cls.__init__)
    yield cls, "submit", _checked(cls.submit)
    yield cls, "_counter", _counter(cls._counter)  # where default names come from
    base: Any = sys.modules["concurrent.futures._base"]
    yield base.Future, "__init__", _numbering(base.Future.__init__)
    yield base.Future, "__hash__", _number_of
    yield base, "id", _number_of  # `wait` and `as_completed` take their locks in this order


def _numbering(original: Callable[..., None]) -> Callable[..., None]:
    """Return `Future.__init__` that numbers the futures of an execution.

    The library keeps futures in sets and sorts them by id: with the addresses of the moment, every
    execution would take them in another order.
    """

    @functools.wraps(original)
    def init(self: Any) -> None:  # noqa: ANN401  # a Future
        original(self)
        execution = board.current()
        if execution is not None:
            execution.futures_made += 1
            self._holdfast_number = execution.futures_made

    return init


def _number_of(future: Any) -> int:  # noqa: ANN401  # a Future
    """Return a future's number in its execution; one from outside keeps its hash."""
    number: int | None = getattr(future, "_holdfast_number", None)
    return object.__hash__(future) if number is None else number


def let_workers_go(execution: Execution) -> bool:
    """End the idle workers of executors that were not shut down, as at the interpreter's exit.

    Returns:
        Whether there were any; then `open_again` is due when the execution is over.
    """
    module: Any = sys.modules.get(_MODULE)
    if module is None or not module._threads_queues:  # noqa: SLF001  # as at exit
        return False
    told = False
    for thread, queue in list(module._threads_queues.items()):  # noqa: SLF001  # as at exit
        task = thread.__dict__.get("_task")
        if task is not None and not task.finished and task in execution.tasks:
            told = module._shutdown = True  # noqa: SLF001  # as at exit
            queue.put(None)
    return told


def open_again() -> None:
    """Undo the end of the world that `let_workers_go` told the executors of."""
    module: Any = sys.modules.get(_MODULE)
    if module is not None:
        module._shutdown = False  # noqa: SLF001  # as at exit


class _InOrder(dict[Any, None]):
    """A set of threads in the order in which they were added: the same in every execution."""

    def add(self, thread: Any) -> None:  # noqa: ANN401  # a Thread
        """Add a thread."""
        self[thread] = None


def _marking(original: Any) -> Any:  # noqa: ANN401  # the original's own
    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # the original's own
        vars(self)[_MARK] = board.current()
        original(self, *args, **kwargs)
        if board.current() is not None:
            self._threads = _InOrder()  # a set would join them in the order of their addresses

    return init


def _checked(original: Any) -> Any:  # noqa: ANN401  # the original's own
    @functools.wraps(original)
    def submit(self: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        execution = board.current()
        if execution is not None and vars(self).get(_MARK) is not execution:
            execution.refuse(
                UncontrolledError(
                    "submit to an executor made outside the body, whose threads are real",
                    caller_site(None).text(),
                    "Make the executor inside the body.",
                )
            )
        if execution is not None and execution.recorder is not None and args:
            execution.recorder.submitted(args[0])
        return original(self, *args, **kwargs)

    return submit


def _counter(original: Any) -> Any:  # noqa: ANN401  # an iterator's __next__
    def count() -> int:
        execution = board.current()
        if execution is None:
            return int(original())
        execution.executors_made += 1
        return execution.executors_made - 1

    return staticmethod(count)
