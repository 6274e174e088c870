"""Says whether an object could make its caller wait: whether it leads to a lock, or to a queue."""

from __future__ import annotations

import _queue
import _thread
import gc
import types
from typing import Any, Final

MAX_OBJECTS: Final = 20_000  # that are looked at: some 10 ms
_LOCKS: Final[tuple[Any, ...]] = (
    _thread.LockType,
    _thread.RLock,  # at import, so before anything is patched
    _queue.SimpleQueue,
)
# What these lead to is the program, not the object.
_BEYOND: Final = (type, types.ModuleType, types.CodeType, types.FrameType, types.FunctionType)


def may_wait(value: object) -> bool:
    """Say whether an object leads to something that its methods could wait for.

    A lock that is made only later, or one that a global of the class's module holds, is not seen.
    """
    waiting, seen = [value], {id(value)}
    while waiting and len(seen) < MAX_OBJECTS:
        one = waiting.pop()
        if isinstance(one, _LOCKS) or type(one).__module__.startswith("harness.primitives."):
            return True
        for inner in gc.get_referents(one):
            if id(inner) not in seen and not isinstance(inner, _BEYOND):
                seen.add(id(inner))
                waiting.append(inner)
    return False
