"""What a judgement shows: one order over all parts, or the longest of the part that fails."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from harness.linearizability.model import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.linearizability.operation import Operation
    from harness.linearizability.parts import Part

_moment = itemgetter(0)
PREFIXES: Final = 10  # more than a reader looks at


def longest_each(orders: Sequence[Sequence[int]]) -> list[int]:
    """Return which orders are the longest for one of their operations, as Porcupine shows them.

    Args:
        orders: The longest first.
    """
    chosen = []
    shown: set[int] = set()
    for number, order in enumerate(orders):
        if number == 0 or not shown.issuperset(order):
            chosen.append(number)
            shown.update(order)
            if len(chosen) == PREFIXES:
                break
    return chosen


def merged(parts: Iterable[tuple[Sequence[Operation], Sequence[int], Sequence[int]]]) -> list[int]:
    """Return one order of all operations that keeps the order of each part and real time.

    Each operation is put at a moment: the latest call among it and those before it in its part.
    That is not after it came back, or one before it in the part would have been called after that.
    So moments respect real time in all parts at once.

    Args:
        parts: For each, its operations, their order, and where each stands in the whole.
    """
    moments: list[tuple[float, int]] = []
    for operations, order, whole in parts:
        latest = float("-inf")
        for one in order:
            call = operations[one].call
            if call > latest:  # noqa: PLR1730  # max() costs four times as much
                latest = call
            moments.append((latest, whole[one]))
    moments.sort(key=_moment)  # stable: those of one part with one moment stay in their order
    return [index for _, index in moments]


def allowed(part: Part, order: Iterable[int]) -> bool:
    """Say whether the model of a part takes its operations in an order of the whole history.

    In the end it has to refuse those that wait for ever.
    """
    step, state = part.model.step, part.model.initial()
    operations = dict(zip(part.indices, part.operations, strict=True))
    for index in order:
        if index in operations:
            state = step(state, operations[index])
            if state is REFUSED:
                return False
    return all(step(state, part.operations[at]) is REFUSED for at in part.blocked)
