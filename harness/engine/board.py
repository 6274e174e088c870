"""The board between code under test and the execution that controls it.

Instrumented code and the twins of the standard primitives read this module at every step, so it is
a module of plain globals and not an object: one dictionary look-up tells that there is nothing to
do. Only `harness.engine` writes here, and `harness.instrument.perturbation` while nothing runs.

A hook asks `if not board.alone: board.access(kind, obj, key)`; what the same step of the program
touches besides goes to `board.also`, which is no switching point. `alone` is True while no
execution runs, while only one task could run, and inside a no-switch region.
"""

from __future__ import annotations

import _thread
import builtins
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from harness.engine.execution import Execution

READ: Final = 0
WRITE: Final = 1
OPAQUE: Final = 2
CONTENT: Final = "*"  # the key of "everything inside": no attribute has this name
ORDER: Final = ("order",)  # the key of the order in which the items of a dictionary were added

get_os_ident = _thread.get_ident  # the real one, whatever is patched over `threading` later


def no_access(kind: int, obj: object, key: object) -> None:
    """Stand in for `access` while nothing runs."""


def no_point() -> None:
    """Stand in for a switching point while nothing runs."""


# Rewritten code reads `alone` as a builtin, which costs it a fraction of calling a hook that asks.
# Whoever sets one sets both: `board.alone = board.shared[board.ALONE_NAME] = ...`.
ALONE_NAME: Final = "__hf_alone__"
shared: Final[dict[str, Any]] = vars(builtins)

alone: bool = True
shared[ALONE_NAME] = True
gil: bool = False
counting: bool = False
execution: Execution | None = None
access: Callable[[int, Any, Any], None] = no_access
also: Callable[[int, Any, Any], None] = no_access
gil_point: Callable[[], None] = no_point
loop_point: Callable[[], None] = no_point
perturbed: bool = False  # accesses of real threads go to a backend, so no execution may run
# Caches of functions that outlive executions, by identity, with the calls that each had counted
# when the last one was over.
caches: dict[int, list[Any]] = {}


def count_cached_calls() -> None:
    """Note how many calls each cache counts."""
    for entry in caches.values():
        info = entry[0].cache_info()
        entry[1] = info.hits + info.misses


def current() -> Execution | None:
    """Return the running execution, or None where the caller is not one of its tasks."""
    running = execution
    if running is None or running.os_thread != get_os_ident():
        return None
    return running


class _NoRegion:
    """A region outside every execution: nothing."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


_NO_REGION: Final = _NoRegion()


def region(reason: str) -> AbstractContextManager[None]:
    """Run a block as one step: nobody else runs inside it, and blocking in it is an error.

    Args:
        reason: What the block is, for the error: "import of json", "finaliser of Pool".
    """
    running = current()
    return _NO_REGION if running is None else running.region(reason)


def stand_in(lock: Any) -> Any:  # noqa: ANN401  # real locks have no common type
    """Return the controlled twin of a real lock for the running execution, or the lock itself."""
    running = current()
    return lock if running is None else running.stand_in(lock)
