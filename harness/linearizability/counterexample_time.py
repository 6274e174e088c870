"""What of real time a counterexample needs: which operation had to stand before which."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from harness.linearizability.judgement import Criterion

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.operation import Operation


def needed_pairs(found: Counterexample) -> list[tuple[int, int]]:
    """Return the pairs whose order is needed for the proof, without those that follow from others.

    The first of each pair is in the core; the second may be an operation of unknown result, which
    cannot have taken effect before it was called.
    """
    weakest = found.weakest
    before = _order(found)
    core = set(found.core)
    named = list(zip(weakest.origin, weakest.history.operations, strict=True))
    firsts = [(index, one) for index, one in named if index in core]
    after = {index: {other for other, two in named if before(one, two)} for index, one in firsts}
    return [
        (index, other)
        for index, _ in firsts
        for other in sorted(after[index])
        if not any(other in after.get(between, ()) for between in after[index])
    ]


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
