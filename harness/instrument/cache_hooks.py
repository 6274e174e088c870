"""Hooks for functions with `functools.lru_cache`: a look, the function, and what is put in.

Each of the three is one step, and others may come between any two: two tasks that both look before
one has put something in both run the function, and each gets a result of its own.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from harness.engine import board
from harness.engine.board import CONTENT, OPAQUE, READ, WRITE

_looking: Final[list[list[Any]]] = []  # each a cache that was looked into by a call


def call_cached(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Call a function, or method, that has a cache."""
    __tracebackhide__ = True
    cache = getattr(function, "__func__", function)
    if board.alone:
        return function(*args, **kwargs)
    board.access(WRITE, cache, CONTENT)  # also a hit is counted, and moves to the front
    looked = [cache]
    _looking.append(looked)
    misses = cache.cache_info().misses
    try:
        result = function(*args, **kwargs)
    finally:
        begun = not looked
        if not begun:
            _looking.remove(looked)
    if begun:
        board.also(WRITE, cache, CONTENT)  # put in within the step in which the function returned
    elif cache.cache_info().misses != misses:
        # The function is not rewritten, or got its cache in another way than by a decorator of that
        # name: nobody could come between the look and the result.
        board.also(OPAQUE, cache, CONTENT)
    if board.gil:
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
