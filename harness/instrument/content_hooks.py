"""Hooks for what reads an object's content without naming an attribute or item of it."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.engine.board import CONTENT, READ, WRITE
from harness.instrument.type_facts import Kind, facts_of, underlying

if TYPE_CHECKING:
    from collections.abc import Callable


def record_content(obj: Any) -> None:  # noqa: ANN401  # any object has a content
    """Record that all of an object is read."""
    for inner in underlying(obj):
        uses_up = facts_of(type(inner)).kind is Kind.ITERATOR
        board.access(WRITE if uses_up else READ, inner, CONTENT)


def content(obj: Any) -> Any:  # noqa: ANN401  # hooks pass anything through
    """Run before an operation reads all of `obj`: a spread, `in`, an operator."""
    if not board.alone and facts_of(type(obj)).operands:
        record_content(obj)
    return obj


def truth(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before the truth or the length of `obj` is asked for."""
    if not board.alone and facts_of(type(obj)).truth:
        for inner in underlying(obj):
            board.access(READ, inner, CONTENT)
    return obj


def text(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj` is turned into text."""
    if not board.alone and facts_of(type(obj)).text:
        for inner in underlying(obj):
            board.access(READ, inner, CONTENT)
    return obj


def subject(obj: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `obj` is matched against patterns, which may read its items and attributes."""
    if not board.alone:
        kind = facts_of(type(obj)).kind
        if kind is not Kind.ITERATOR:
            for inner in underlying(obj):
                board.access(READ, inner, CONTENT)
    return obj


def pair(obj: Any, other: Any) -> Any:  # noqa: ANN401  # as above
    """Run before an operation on two objects, one of them `other`; return `obj`."""
    if not board.alone:
        content(obj)
        content(other)
    return obj


def augment(operand: Any, current: Any) -> Any:  # noqa: ANN401  # as above
    """Run before `current += operand`, which changes a container in place; return `operand`."""
    if not board.alone:
        content(operand)
        kind = facts_of(type(current))
        if kind.kind is Kind.CONTAINER or (kind.kind is Kind.INSTANCE and kind.operands):
            board.access(WRITE, current, CONTENT)
    return operand


def operation(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return `function` with its hook, for operands that both come from code that can switch."""

    def operate(left: Any, right: Any) -> Any:  # noqa: ANN401  # as above
        __tracebackhide__ = True
        if not board.alone:
            content(left)
            content(right)
        return function(left, right)

    return operate


OPERATIONS = {
    f"op_{name}": operation(getattr(operator, name))
    for name in (
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift"),
        *("or_", "xor", "and_", "eq", "ne", "lt", "le", "gt", "ge"),
    )
}
