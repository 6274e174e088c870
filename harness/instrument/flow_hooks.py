"""Hooks for entering functions, going round loops, iterating, taking locks and finalising."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.board import CONTENT, WRITE
from harness.instrument.content_hooks import contents, record_all
from harness.instrument.type_facts import Kind, facts_of
from harness.primitives import real

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

REAL_LOCKS: Final = frozenset((real.LockType, real.RLockType))
_WALKED: Final = (Kind.CONTAINER, Kind.WINDOW, Kind.ITERATOR)


def enter() -> bool:
    """Run first in a function: a switching point of CPython with the GIL."""
    if board.gil:
        board.gil_point()
    return True


def loop() -> None:
    """Run where a `while` loop goes back to its start."""
    if board.counting:
        board.loop_point()
        if board.gil:
            board.gil_point()


def turns(obj: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Return an object for a loop that is alone in using it."""
    return _with_points(obj) if board.gil and board.execution is not None else obj


def iterate(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Return `obj` for a loop; inside an execution each step of it is recorded."""
    if board.execution is None:
        return obj
    if board.gil:
        return _with_points(obj)
    kind = facts_of(type(obj)).kind
    if kind in _WALKED:
        return _recorded(obj)
    return _stepped(obj) if kind is Kind.GENERATOR else obj


def iterate_result(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Do the same for what a call has just returned: a generator is then this loop's own."""
    if facts_of(type(obj)).kind is Kind.GENERATOR:
        return turns(obj)
    return iterate(obj)


def delegate(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Return `obj` for `yield from`; a generator stays itself, it takes what is sent in."""
    if board.execution is None or facts_of(type(obj)).kind not in _WALKED:
        return obj
    return _recorded(obj)


def _stepped(generator: Any) -> Iterator[Any]:  # noqa: ANN401  # as above
    """Yield the items of a generator that others may step, too."""
    __tracebackhide__ = True
    if type(generator) is not types.GeneratorType:
        yield from generator  # raises what the loop itself would
        return
    while True:
        if not board.alone:
            board.access(WRITE, generator, CONTENT)
        try:
            item = next(generator)
        except StopIteration:
            return
        yield item


def _recorded(obj: Any) -> Iterator[Any]:  # noqa: ANN401  # as above
    """Yield the items of a builtin container or iterator, an access before each."""
    __tracebackhide__ = True
    items = iter(obj)
    while True:
        if not board.alone:
            record_all(contents(obj))
        try:
            item = next(items)
        except StopIteration:
            return
        yield item
        if board.counting:
            board.loop_point()


def _with_points(obj: Any) -> Iterator[Any]:  # noqa: ANN401  # as above
    """Yield the items of anything, with a switching point where the loop goes back."""
    __tracebackhide__ = True
    source = _recorded(obj) if facts_of(type(obj)).kind in _WALKED else obj
    for item in source:
        yield item
        if board.gil:
            board.gil_point()


def manage(manager: Any) -> Any:  # noqa: ANN401  # as above
    """Return the context manager of a `with`: for a real lock, its twin in the execution."""
    if type(manager) in REAL_LOCKS and board.execution is not None:
        return board.stand_in(manager)
    return manager


class _Nothing:
    """A context manager that does nothing; one serves all."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_exc: object) -> None:
        return None


_NOTHING: Final = _Nothing()


def region(reason: str) -> AbstractContextManager[None]:
    """Return a block that runs as one step inside an execution."""
    return _NOTHING if board.execution is None else board.region(reason)
