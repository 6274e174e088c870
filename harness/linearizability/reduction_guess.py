"""Which operations a wrong result has most likely to do with: those of its values, and the latest.

A guess need not be right: what it leaves out is left out only if the rest is still wrong. In a long
history a good one saves hundreds of steps of delta debugging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from harness.linearizability.operation import Operation

WORTH_GUESSING: Final = 12  # operations; fewer are gone through as fast
LATEST: Final = (2, 8, 32, 128, 512)  # how many of the last ones to take besides
_COMMON: Final = (None, True, False, ())  # values that say nothing about what belongs together


def likely(operations: Sequence[Operation], free: Sequence[int], straw: int) -> Iterator[list[int]]:
    """Yield growing parts of some operations that may be enough to show what is wrong.

    Args:
        operations: All of them.
        free: Those to choose from; the parts keep their order.
        straw: The operation whose result cannot be.
    """
    if len(free) < WORTH_GUESSING:
        return
    values = _values(operations[straw])
    related = {index for index in free if values & _values(operations[index])}
    by_call = sorted(free, key=lambda index: (operations[index].call, index))
    for count in LATEST:
        chosen = related.union(by_call[-count:])
        if 2 * len(chosen) > len(free):
            return
        yield [index for index in free if index in chosen]


def _values(operation: Operation) -> set[Hashable]:
    given = [*operation.arguments, *(value for _, value in operation.keywords), operation.output]
    return {one for value in given for one in _atoms(value, 2)}


def _atoms(value: Any, depth: int) -> Iterator[Hashable]:  # noqa: ANN401  # whatever was given
    content = value.content if isinstance(value, Frozen) else value
    if isinstance(content, tuple | frozenset) and depth:
        for one in content:
            yield from _atoms(one, depth - 1)
        return
    try:
        if not any(one is value for one in _COMMON):
            hash(value)
            yield value
    except TypeError:  # what cannot be hashed cannot be looked for, either
        return
