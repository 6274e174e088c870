"""What of real time a counterexample needs: which operation had to stand before which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from harness.linearizability.judgement import Criterion

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.operation import Operation

MAX_PAIRED: Final = 300


def needed_pairs(found: Counterexample) -> list[tuple[int, int]]:
    """Return the pairs whose order is needed for the proof, without those that follow from others.

    The first of each pair is in the core; the second may be an operation of unknown result, which
    cannot have taken effect before it was called. Of a huge core only its end is looked at.
    """
    weakest = found.weakest
    before = _order(found)
    core = set(found.core)
    named = sorted(
        zip(weakest.origin, weakest.history.operations, strict=True), key=lambda pair: pair[1].call
    )[-MAX_PAIRED:]
    pairs = []
    for index, one in named:
        if index not in core:
            continue
        after = [(other, two) for other, two in named if before(one, two)]
        # The one of these that is over first stands before all called after that.
        over = [two for other, two in after if other in core]
        first = min(over, key=_end, default=None)
        pairs += [(index, other) for other, two in after if first is None or not before(first, two)]
    return sorted(pairs)


def _end(operation: Operation) -> float:
    return float("inf") if operation.ret is None else operation.ret


def _order(found: Counterexample) -> Callable[[Operation, Operation], bool]:
    """Return what says whether one operation has to stand before another."""
    match found.criterion:
        case Criterion.LINEARIZABLE:
            return _before
        case Criterion.SEQUENTIALLY_CONSISTENT:
            return lambda one, two: (
                one is not two and one.client == two.client and one.call < two.call
            )
        case Criterion.QUIESCENTLY_CONSISTENT:
            operations = found.weakest.history.operations
            return lambda one, two: _before(one, two) and _quiet_between(one, two, operations)
        case _:
            assert_never(found.criterion)


def _before(one: Operation, two: Operation) -> bool:
    return one.ret is not None and one.ret < two.call


def _quiet_between(one: Operation, two: Operation, operations: tuple[Operation, ...]) -> bool:
    """Say whether nothing ran at some moment after one operation and before another."""
    busy = one.ret
    for other in operations:  # in the order of their calls
        if busy is None or other.call > busy:
            return busy is not None and busy < two.call
        busy = None if other.ret is None else max(busy, other.ret)
    return False
