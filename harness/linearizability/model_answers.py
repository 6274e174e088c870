"""What a model would have returned, asked of a model that only says which results it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.frozen import Frozen
from harness.linearizability.model import REFUSED
from harness.linearizability.operation import Raised, Status
from harness.linearizability.reduction_steps import forgotten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.linearizability.judgement import Failure
    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation

MAX_CANDIDATES: Final = 500  # results that are tried
MAX_DEPTH: Final = 3  # of what hangs in a state
MAX_SHOWN: Final = 3
_USUAL: Final = (None, True, False, 0, 1, "", Raised("KeyError"), Raised("IndexError"),
                 Raised("queue.Empty"), Raised("queue.Full"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says to an operation that it refuses.

    Attributes:
        fits: Results that it would have taken, as far as they were guessed; at most `MAX_SHOWN`.
        waits: It takes no result at all: the operation would have to wait in this state.
    """

    fits: tuple[Any, ...] = ()
    waits: bool = False


def answer(
    model: Model[Any], state: object, operation: Operation, *, history: Iterable[Operation]
) -> Answer:
    """Return what the model would have returned in a state.

    A model that runs the real thing is asked: it has a method `returns(state, operation)`. Others
    are predicates over results, so likely ones are tried: those that operations of this name had in
    the history, what is in the state, and the usual ones.
    """
    if operation.known and model.step(state, forgotten(operation)) is REFUSED:
        return Answer(waits=True)
    returns = getattr(model, "returns", None)
    if returns is not None:
        return Answer((returns(state, operation),))
    seen = [one.output for one in history if one.name == operation.name and one.known]
    kinds = {type(one) for one in seen}
    guesses = list(islice(_guesses(seen, state), MAX_CANDIDATES))
    guesses.sort(key=lambda one: type(one) not in kinds)  # False before 0 where others had True
    fits: list[Any] = []
    for guess in guesses:
        if len(fits) == MAX_SHOWN:
            break
        if guess not in fits and _takes(model, state, operation, guess):
            fits.append(guess)
    return Answer(tuple(fits))


def _takes(model: Model[Any], state: object, operation: Operation, output: object) -> bool:
    one = replace(operation, output=output, status=Status.OK)
    try:
        return model.step(state, one) is not REFUSED
    except Exception:  # noqa: BLE001  # a guess of a type that the model never meets
        return False


def _guesses(seen: Iterable[Any], state: object) -> Iterator[Any]:
    yield from seen
    yield from _inside(state, MAX_DEPTH)
    yield from _USUAL


def _inside(value: object, depth: int) -> Iterator[Any]:
    yield value
    content = value.content if isinstance(value, Frozen) else value
    if depth and isinstance(content, tuple | frozenset):
        yield len(content)
        for one in content:
            yield from _inside(one, depth - 1)


def unpredictable(failure: Failure) -> frozenset[str]:
    """Return the names of operations whose result must not be forgotten.

    To forget a result is sound if the model, asked without it, does what it does with it, or if
    with it nothing changes. A model may break that where an object may choose (any element of a
    bag): this looks at each step of the longest orders.
    """
    model, operations = failure.model, failure.history.operations
    found = set()
    for prefix in failure.prefixes:
        state: Any = model.initial()
        for index in prefix.order:
            one = operations[index]
            after = model.step(state, one)
            if one.known and model.step(state, forgotten(one)) != after != state:
                found.add(one.name)
            state = after
    return frozenset(found)
