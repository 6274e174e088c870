"""Hooks for what reads an object's content without naming an attribute or item of it."""

from __future__ import annotations

import operator
from itertools import chain
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.engine.board import CONTENT, READ, WRITE
from harness.instrument.type_facts import Kind, facts_of, underlying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


Part = tuple[int, Any]  # a kind of access, and the object whose content it is to


def record_all(parts: Iterable[Part]) -> list[Part]:
    """Record accesses to the content of some objects as one step, and return them.

    The program's operation happens after the last of them: with a switching point between two, the
    first one's object could change before it is really read. Only the first part is asked for
    before the switching point: what an iterator refers to changes when it is used up.
    """
    record = board.access
    done = []
    for part in parts:
        record(part[0], part[1], CONTENT)
        record = board.also
        done.append(part)
    return done


def contents(obj: Any) -> Iterator[Part]:  # noqa: ANN401  # any object has a content
    """Yield what is accessed when all of an object is read; an iterator is used up."""
    if facts_of(type(obj)).kind is Kind.ITERATOR:
        yield WRITE, obj
    for inner in underlying(obj):
        if inner is not obj or facts_of(type(obj)).kind is not Kind.ITERATOR:
            facts = facts_of(type(inner))
            yield WRITE if facts.kind is Kind.ITERATOR else facts.reading, inner


def operand(obj: Any) -> Iterable[Part]:  # noqa: ANN401  # as above
    """Return what an operation accesses that takes `obj`: a spread, `in`, an operator."""
    return contents(obj) if facts_of(type(obj)).operands else ()


def asked(obj: Any) -> Iterable[Part]:  # noqa: ANN401  # as above
    """Return what is accessed when the truth or the length of `obj` is asked for."""
    return _read(obj) if facts_of(type(obj)).truth else ()


def shown(obj: Any) -> Iterable[Part]:  # noqa: ANN401  # as above
    """Return what is accessed when `obj` is turned into text."""
    return [(READ, inner) for inner in underlying(obj)] if facts_of(type(obj)).text else ()


def _read(obj: Any) -> list[Part]:  # noqa: ANN401  # as above
    return [(facts_of(type(inner)).reading, inner) for inner in underlying(obj)]


def content(obj: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Run before an operation reads all of `obj`: a spread, `in`, an operator."""
    if not board.alone:
        record_all(operand(obj))
    return obj


def truth(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before the truth or the length of `obj` is asked for."""
    if not board.alone:
        record_all(asked(obj))
    return obj


def text(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj` is turned into text."""
    if not board.alone:
        record_all(shown(obj))
    return obj


def subject(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj` is matched against patterns, which may read its items and attributes."""
    if not board.alone:
        kind = facts_of(type(obj)).kind
        if kind is not Kind.ITERATOR:
            record_all((READ, inner) for inner in underlying(obj))
    return obj


def pair(obj: Any, other: Any) -> Any:  # noqa: ANN401  # as above
    """Run before an operation on two objects, one of them `other`; return `obj`."""
    if not board.alone:
        record_all(chain(operand(obj), operand(other)))
    return obj


def augment(obj: Any, current: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `current += obj`, which changes a container in place; return `obj`."""
    if not board.alone:
        kind = facts_of(type(current))
        changes = kind.kind is Kind.CONTAINER or (kind.kind is Kind.INSTANCE and kind.operands)
        record_all(chain(operand(obj), [(WRITE, current)] if changes else ()))
    return obj


def operation(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return `function` with its hook, for operands that both come from code that can switch."""

    def operate(left: Any, right: Any) -> Any:  # noqa: ANN401  # as above
        __tracebackhide__ = True
        if not board.alone:
            record_all(chain(operand(left), operand(right)))
        return function(left, right)

    return operate


OPERATIONS = {
    f"op_{name}": operation(getattr(operator, name))
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift"),
        *("or_", "xor", "and_", "eq", "ne", "lt", "le", "gt", "ge"),
    )
}
