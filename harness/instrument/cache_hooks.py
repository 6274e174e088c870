"""Hooks for functions with `functools.lru_cache`: a look, the function, and what is put in.

Each of the three is one step, and others may come between any two: two tasks that both look before
one has put something in both run the function, and each gets a result of its own.

A cache of a module outlives an execution, and what the first one has put in is there in the next.
Would filling it be a step, executions would differ by what ran before them. So it is none for what
will be found again: plain arguments, in a cache that the execution has not cleared itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.board import CONTENT, OPAQUE, READ, WRITE
from harness.instrument.type_facts import Kind, facts_of

if TYPE_CHECKING:
    from harness.engine.execution import Execution

_LOCAL: Final = "<locals>"  # in the name of a function that each call of another makes anew
_looking: Final[list[list[Any]]] = []  # each a cache that was looked into by a call


class _Cleared:
    """The caches that the running execution has cleared, by identity.

    Nobody hears of a clear by a task that is alone; but then a cache counts fewer calls than it did
    when the execution before was over.
    """

    __slots__ = ("_caches", "_execution")

    def __init__(self) -> None:
        self._execution: Execution | None = None
        self._caches: dict[int, object] = {}

    def add(self, cache: object) -> None:
        if self._execution is not board.execution:
            self._execution = board.execution
            self._caches = {}
        self._caches[id(cache)] = cache

    def holds(self, cache: Any) -> bool:  # noqa: ANN401  # hooks pass anything through
        calls = board.caches.setdefault(id(cache), [cache, 0])[1]
        if self._execution is board.execution and id(cache) in self._caches:
            return True
        info = cache.cache_info()
        if info.hits + info.misses >= calls:
            return False
        self.add(cache)
        return True


_cleared: Final = _Cleared()


def call_cached(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Call a function, or method, that has a cache."""
    __tracebackhide__ = True
    cache = getattr(function, "__func__", function)
    if board.alone:
        return function(*args, **kwargs)
    board.access(WRITE, cache, CONTENT)  # also a hit is counted, and moves to the front
    if board.execution is None:  # real threads, which must not share what follows
        return function(*args, **kwargs)
    looked = [cache]
    if cache is not function or _is_fresh(cache, (*args, *kwargs.values())):
        _looking.append(looked)
    misses = cache.cache_info().misses
    try:
        result = function(*args, **kwargs)
    finally:
        begun = not looked
        if not begun and looked in _looking:
            _looking.remove(looked)
    if begun:
        board.also(WRITE, cache, CONTENT)  # put in within the step in which the function returned
    elif cache.cache_info().misses != misses:
        # Filled for all executions, or of a function that is not rewritten, or that got its cache
        # in another way than by a decorator: nobody could come between the look and the result.
        board.also(OPAQUE, cache, CONTENT)
    if board.gil:
        board.gil_point()
    return result


def clear_cached(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
    """Call the `cache_clear` of a cache, which from then on is the execution's own."""
    __tracebackhide__ = True
    cache = function.__self__
    if not board.alone:
        board.access(WRITE, cache, CONTENT)
    _cleared.add(cache)
    result = function(*args, **kwargs)
    if board.gil and not board.alone:
        board.gil_point()
    return result


def enter_cached() -> None:
    """Run first in a function with a cache: others may look into it before this one is through."""
    if not _looking:
        return
    cache = _looking[-1][0]
    if sys._getframe(1).f_code is getattr(cache.__wrapped__, "__code__", None):  # noqa: SLF001  # who is entered
        _looking.pop().clear()
        if not board.alone:
            board.access(READ, cache, CONTENT)


def _is_fresh(cache: Any, arguments: tuple[Any, ...]) -> bool:  # noqa: ANN401  # as above
    """Say if what a call puts in is not there any more in the next execution."""
    if _LOCAL in getattr(cache, "__qualname__", _LOCAL) or _cleared.holds(cache):
        return True
    return not all(map(_is_plain, arguments))


def _is_plain(argument: object) -> bool:
    kind = facts_of(type(argument)).kind
    if kind is Kind.TUPLE:
        return all(map(_is_plain, argument))  # type: ignore[call-overload]  # a tuple
    return kind is Kind.FROZEN
