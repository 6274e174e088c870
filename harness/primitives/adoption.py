"""Takes up what was made before a campaign: real locks and what holds them.

A bare lock is replaced by a twin around it wherever a module, a class, a closure or a user's object
holds it. A Condition, Event, Semaphore, Barrier or Queue is left where it is and what it is: its
locks inside are replaced, and the standard library's own code then runs over the twins. The same
lock always gets the same twin, and the twin works as the lock outside an execution, so threads that
use it meanwhile notice nothing. All of it is undone when the campaign ends.
"""

from __future__ import annotations

import functools
import queue
import threading
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.place import caller_site
from harness.errors import UncontrolledError
from harness.primitives import real
from harness.primitives.condition import Condition
from harness.primitives.local import LocalAround
from harness.primitives.lock import adopt as twin_around
from harness.primitives.simple_queue import adopt as queue_around

if TYPE_CHECKING:
    from collections.abc import Callable

LOCKS: Final = (real.LockType, real.RLockType)
_TWIN_AROUND: Final[dict[type, Callable[[Any], Any]]] = {
    real.LockType: twin_around,
    real.RLockType: twin_around,
    real.LocalType: LocalAround,
    real.SimpleQueue: queue_around,
}
REPLACED: Final = tuple(_TWIN_AROUND)  # made in C: a twin takes their place where they are held
_BOUND: Final = ("acquire", "release", "_release_save", "_acquire_restore", "_is_owned")
_CONDITIONS: Final = ("not_empty", "not_full", "all_tasks_done")
_REMEDY: Final = "Make it inside the body, or at the top of an instrumented module."


class Adoption:
    """The twins of one campaign. Touched by its OS thread only."""

    __slots__ = ("_starts", "_twins", "_undo")

    def __init__(self, undo: list[Callable[[], None]]) -> None:
        self._twins: dict[int, tuple[Any, Any]] = {}
        self._undo = undo
        self._starts: list[tuple[dict[str, Any], str, Any]] = []

    def twin_of(self, value: Any) -> Any:  # noqa: ANN401  # a real lock or local
        """Return the twin of a real lock or local: always the same one."""
        known = self._twins.get(id(value))
        if known is None:
            twin = _TWIN_AROUND[type(value)](value)
            known = self._twins[id(value)] = (twin, value)  # holds the original: its id stays taken
        return known[0]

    def knows(self, lock: Any) -> bool:  # noqa: ANN401  # a real lock
        """Say whether a real lock has a twin."""
        return id(lock) in self._twins

    def forget(self) -> None:
        """Drop the twins; the places that held them are restored by the undo list."""
        self._twins.clear()
        self._starts.clear()

    def begin_execution(self) -> None:
        """Give what was taken up the state that it had before the campaign."""
        for values, name, value in self._starts:
            values[name] = value

    def take_up(self, value: Any) -> bool:  # noqa: ANN401  # any object
        """Replace the locks inside a primitive; False if it is none."""
        for cls, way in _WAYS:
            if issubclass(type(value), cls):
                way(self, value)
                return True
        return False

    def replace(self, values: dict[str, Any], name: str, new: object) -> None:
        """Put `new` in a dictionary until the campaign ends."""
        old = values[name]
        values[name] = new
        self._undo.append(functools.partial(_restore, values, name, new, old))

    def condition(self, condition: Any) -> None:  # noqa: ANN401  # a real Condition
        """Replace the lock of a condition."""
        values = vars(condition)
        lock = values.get("_lock")
        if type(lock) not in LOCKS:
            return
        twin = self.twin_of(lock)
        self.replace(values, "_lock", twin)
        for name in _BOUND:
            if name in values:
                self.replace(values, name, getattr(twin, name))
        if type(condition) is real.Condition:
            # The same object as a twin: it tells a lost wakeup from a deadlock. Whoever waits in
            # it outside goes on in `original`, which shares its dictionary.
            original = object.__new__(real.Condition)
            original.__dict__ = values
            values.update(_execution=None, _parked=[], _real=original)
            condition.__class__ = Condition  # type: ignore[assignment]  # the point of it
            self._undo.append(functools.partial(_restore_class, condition))

    def holder(self, holder: Any, *state: str) -> None:  # noqa: ANN401  # Event, Semaphore, Barrier
        """Replace the lock of what consists of a condition and some state."""
        values = vars(holder)
        inner = values.get("_cond")
        if inner is None or type(vars(inner).get("_lock")) not in LOCKS:
            return
        self.condition(inner)
        self._starts += [(values, name, values[name]) for name in state]

    def queue(self, items: Any) -> None:  # noqa: ANN401  # a Queue
        """Replace the locks of a queue."""
        values = vars(items)
        if type(values.get("mutex")) in LOCKS:
            self.replace(values, "mutex", self.twin_of(values["mutex"]))
        for name in _CONDITIONS:
            if name in values:
                self.condition(values[name])


_WAYS: Final[tuple[tuple[type, Callable[[Adoption, Any], None]], ...]] = (
    (real.Condition, lambda adoption, value: adoption.condition(value)),
    (real.Event, lambda adoption, value: adoption.holder(value, "_flag")),
    (real.Semaphore, lambda adoption, value: adoption.holder(value, "_value")),
    (threading.Barrier, lambda adoption, value: adoption.holder(value, "_state", "_count")),
    (queue.Queue, lambda adoption, value: adoption.queue(value)),
)
KINDS: Final = tuple(cls for cls, _ in _WAYS)
# The methods at which a primitive that was found nowhere is met and taken up.
_MET_AT: Final = (
    (real.Condition, ("__enter__",)),
    (real.Event, ("is_set", "isSet", "set", "clear", "wait")),
    (real.Semaphore, ("acquire", "__enter__", "release")),
    (real.BoundedSemaphore, ("release",)),
    (queue.Queue, ("qsize", "empty", "full", "shutdown")),
)
_NEED_THE_LOCK: Final = ("wait", "notify", "notify_all")


def meeting_places(adoption: Adoption) -> list[tuple[type, str, Any]]:
    """Return the methods to put in the real classes: class, name, function."""
    places: list[tuple[type, str, Any]] = [
        (cls, name, _taking_up(adoption, vars(cls)[name]))
        for cls, names in _MET_AT
        for name in names
        if name in vars(cls)
    ]
    places += [
        (real.Condition, name, _needing_the_twin(adoption, vars(real.Condition)[name]))
        for name in _NEED_THE_LOCK
    ]
    return places


def _taking_up(adoption: Adoption, original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that takes its object up when an execution meets it."""

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        if board.current() is not None:
            adoption.take_up(self)
        return original(self, *args, **kwargs)

    return call


def _needing_the_twin(adoption: Adoption, original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of Condition that refuses a lock which was taken past the engine."""

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        execution = board.current()
        if execution is not None and type(self._lock) in LOCKS:
            if adoption.knows(self._lock):  # another condition of the same lock was entered
                adoption.condition(self)
                return getattr(self, original.__name__)(*args, **kwargs)
            where = caller_site(None).text()
            execution.refuse(
                UncontrolledError("a Condition made before the exploration", where, _REMEDY)
            )
        return original(self, *args, **kwargs)

    return call


def _restore_class(condition: Any) -> None:  # noqa: ANN401  # a twin that was a Condition
    condition.__class__ = real.Condition
    for name in ("_execution", "_parked", "_real"):
        del vars(condition)[name]


def _restore(values: dict[str, Any], name: str, new: object, old: object) -> None:
    if values.get(name) is new:  # the user may have bound it anew
        values[name] = old
