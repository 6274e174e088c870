"""The longest orders that a model allows, with each state, and what comes next to be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.model import REFUSED
from harness.linearizability.model_answers import Answer, answer
from harness.linearizability.reduction_situations import Situated, untagged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.linearizability.judgement import Failure, Prefix
    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation


MAX_TRIMMED: Final = 200  # operations that are tried to leave out of an order


@dataclass(frozen=True, slots=True)
class Step:
    """An operation in an order.

    Attributes:
        index: Which one, in the failing history.
        state: The state after it.
    """

    index: int
    state: Any


@dataclass(frozen=True, slots=True)
class Stuck:
    """An operation that could come next in time, and that the model refuses there."""

    index: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Order:
    """A longest order that the model allows.

    Attributes:
        initial: The state before it.
        steps: The operations in this order; of others it is not said that they took effect.
        stuck: What cannot come next.
    """

    initial: Any
    steps: tuple[Step, ...]
    stuck: tuple[Stuck, ...]

    @property
    def state(self) -> Any:  # noqa: ANN401  # whatever the model's states are
        """The state that it leads to."""
        return self.steps[-1].state if self.steps else self.initial


def orders_of(failure: Failure, origin: Sequence[int], *, model: Model[Any]) -> tuple[Order, ...]:
    """Return the longest orders of a failure, the longest first, without what they do not need.

    A search lets operations of unknown result take effect wherever the model allows it. Only those
    without which the order would not be allowed are left in it.

    Args:
        failure: Of a weaker history.
        origin: For each operation of the weaker history its index in the failing one.
        model: That of the failing history; a weaker one may have been judged by its part.
    """
    operations = failure.history.operations
    found = [_order(model, operations, prefix, origin) for prefix in failure.prefixes]
    different = [one for at, one in enumerate(found) if one not in found[:at]]
    return tuple(sorted(different, key=lambda one: -len(one.steps)))


def _order(
    model: Model[Any], operations: Sequence[Operation], prefix: Prefix, origin: Sequence[int]
) -> Order:
    steps = walk(model, operations, _trimmed(model, operations, prefix, origin)) or ()
    state = steps[-1].state if steps else model.initial()
    if isinstance(model, Situated):
        return _situated(model, operations, steps, prefix, origin)
    stuck = tuple(
        Stuck(origin[one], answer(model, state, operations[one], history=operations))
        for one in prefix.stuck
    )
    named = tuple(Step(origin[one.index], one.state) for one in steps)
    return Order(model.initial(), named, stuck)


def _situated(
    model: Situated,
    operations: Sequence[Operation],
    steps: Sequence[Step],
    prefix: Prefix,
    origin: Sequence[int],
) -> Order:
    """Return an order that begins in a situation, as one of the inner model."""
    if not steps:  # nothing but situations is left, and none of them has begun
        return Order(None, (), ())
    initial, state = steps[0].state[1], steps[-1].state
    named = tuple(
        Step(origin[one.index], one.state[1])
        for one in steps
        if not model.took_effect(one.state, operations[one.index])
    )
    plain = [untagged(one)[2] for one in operations]
    stuck = tuple(
        Stuck(origin[one], answer(model.inner, state[1], plain[one], history=plain))
        for one in prefix.stuck
        if origin[one] >= 0
    )
    return Order(initial, named, stuck)


def _trimmed(
    model: Model[Any], operations: Sequence[Operation], prefix: Prefix, origin: Sequence[int]
) -> tuple[int, ...]:
    """Return an order without operations of unknown result that it does not need."""
    order = prefix.order
    # What the model refuses must stay refused; what waits for ever must stay allowed to go on.
    stuck = [(operations[one], operations[one].known) for one in prefix.stuck]
    unknown = [index for index in order if not operations[index].known and origin[index] >= 0]
    for index in reversed(unknown[-MAX_TRIMMED:]):
        without = tuple(one for one in order if one != index)
        steps = walk(model, operations, without)
        if steps is None:
            continue
        state = steps[-1].state if steps else model.initial()
        if all((model.step(state, one) is REFUSED) is refused for one, refused in stuck):
            order = without
    return order


def walk(
    model: Model[Any], operations: Sequence[Operation], order: Sequence[int]
) -> tuple[Step, ...] | None:
    """Return each step of an order with the state after it; None if the model refuses one."""
    state: Any = model.initial()
    steps = []
    for index in order:
        state = model.step(state, operations[index])
        if state is REFUSED:
            return None
        steps.append(Step(index, state))
    return tuple(steps)
