"""What a long beginning can have led to: a few situations that stand in its place.

Of a long history the end is wrong, and what came before only matters by where it led. Operations
run forward, one return after the other; a configuration is a state together with those open
operations that have taken effect already. After each return, all configurations that can be are
known (Lowe 2017, "just in time"): the history has an order if and only if the rest has one from one
of them. So this is no weakening but the same question, asked of the rest alone.

The rest becomes a history of its own. Before anything else one of some operations "situation"
happens, of unknown result, so that at most one has to; and the model does in that situation what
the given one does in its state. What had already taken effect there has none again.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.history import History
from harness.linearizability.model import REFUSED, Model, Refused
from harness.linearizability.operation import Operation, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CONFIGURATIONS: Final = 5_000  # at one return; a history of many unknown results has too many
MAX_KNOWN: Final = 100_000  # steps of the model that are remembered
MAX_SITUATIONS: Final = 24  # that a reader is asked to believe
LEAST_AFTER: Final = 6  # operations that are called after the beginning
MOST_AFTER: Final = 48
_BEGIN: Final = "#situation"  # no name that a keyword can have
_OPEN: Final = "#open"

# A mask of the open operations that took effect, by their slots, and a state. Slots are few, and
# are used again: numbers as long as the history would cost as much as all the rest.
Configuration = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment after a return, and all that can be then.

    Attributes:
        at: When it is.
        open: Operations that have been called and have not come back, each with its slot.
        called: How many have been called.
    """

    at: float
    open: tuple[tuple[int, int], ...]
    called: int
    configurations: tuple[Configuration, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """Where a history goes wrong.

    Attributes:
        end: The first return that no order explains, with what open operations returned later: the
            shortest bad beginning ends there or shortly after.
        called: How many operations had been called then.
        moments: Those shortly before.
    """

    end: float
    called: int
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """A history that begins in one of some situations.

    Attributes:
        history: Its operations, the situations first.
        model: Of this history.
        origin: For each operation its index in the whole history; -1 for a situation.
        states: Where they can have led.
    """

    history: History
    model: Situated
    origin: tuple[int, ...]
    states: tuple[Any, ...]


class Situated(Model[Any]):
    """A model that begins in one of some configurations. A state: which one, and its state."""

    def __init__(self, model: Model[Any], configurations: tuple[Configuration, ...]) -> None:
        self.inner = model
        self.name = model.name
        self._configurations = configurations

    def initial(self) -> Any:  # noqa: ANN401  # of the inner model, or None
        """Return that nothing has begun."""
        return None

    def step(self, state: Any, operation: Operation) -> Any | Refused:  # noqa: ANN401  # as above
        """Return the state after an operation; before a situation there is nothing else."""
        tag, index, plain = untagged(operation)
        if tag == _BEGIN:
            return (index, self._configurations[index][1]) if state is None else REFUSED
        if state is None:
            return REFUSED
        number, inner = state
        if index >= 0 and self._configurations[number][0] >> index & 1:
            return state
        after = self.inner.step(inner, plain)
        return REFUSED if after is REFUSED else (number, after)

    def observes(self, operation: Operation) -> bool:
        """Say what the inner model says."""
        tag, _, plain = untagged(operation)
        return tag != _BEGIN and self.inner.observes(plain)

    def took_effect(self, state: Any, operation: Operation) -> bool:  # noqa: ANN401  # as above
        """Say whether an operation had taken effect when the situation began, or began it."""
        tag, index, _ = untagged(operation)
        return tag == _BEGIN or (
            index >= 0 and bool(self._configurations[state[0]][0] >> index & 1)
        )


def untagged(operation: Operation) -> tuple[str, int, Operation]:
    """Return the tag of an operation and its number, "" and -1 for none, and what it was before."""
    if not operation.keywords or operation.keywords[-1][0] not in (_BEGIN, _OPEN):
        return "", -1, operation
    tag, number = operation.keywords[-1]
    return tag, number, replace(operation, keywords=operation.keywords[:-1])


def run_forward(history: History, model: Model[Any], *, budget_s: float) -> Forward | None:
    """Return where a history goes wrong, and what could be shortly before.

    None if it has an order, if there is too much that could be, or if the budget ended.
    """
    kept: deque[Moment] = deque(maxlen=2 * MOST_AFTER)
    for moment in moments(history, model, budget_s=budget_s):
        if not moment.configurations:
            return Forward(moment.at, moment.called, tuple(kept))
        kept.append(moment)
    return None


def best_moment(forward: Forward) -> Moment | None:
    """Return where to begin: near the end, but not too near, and where few situations can be."""
    good = [
        one
        for one in forward.moments
        if LEAST_AFTER <= forward.called - one.called <= MOST_AFTER
        and len(one.configurations) <= MAX_SITUATIONS
    ]
    # A situation more is as much to read as two operations more.
    return min(good, key=lambda one: 2 * len(one.configurations) - one.called, default=None)


def rest_from(history: History, model: Model[Any], moment: Moment) -> Rest:
    """Return what is left of a history at a moment."""
    configurations = moment.configurations
    done = ~0
    some = 0
    for mask, _ in configurations:
        done &= mask
        some |= mask
    slots = dict(moment.open)
    kept = [index for index, slot in moment.open if not done >> slot & 1]
    kept += range(moment.called, len(history))
    begins = [_begin(number, moment.at) for number in range(len(configurations))]
    chosen = [
        _tagged(history.operations[index], slots[index])
        if index in slots and some >> slots[index] & 1
        else history.operations[index]
        for index in kept
    ]
    operations = [*begins, *(replace(one, call=max(one.call, moment.at)) for one in chosen)]
    return Rest(
        History(tuple(operations), history.name),
        Situated(model, configurations),
        (*[-1] * len(begins), *kept),
        tuple(dict.fromkeys(state for _, state in configurations)),
    )


def _begin(number: int, at: float) -> Operation:
    return Operation(
        client="situation",
        name="situation",
        keywords=((_BEGIN, number),),
        status=Status.UNKNOWN,
        call=at,
        ret=None,
    )


def _tagged(operation: Operation, slot: int) -> Operation:
    return replace(operation, keywords=(*operation.keywords, (_OPEN, slot)))


def moments(history: History, model: Model[Any], *, budget_s: float) -> Iterator[Moment]:
    """Yield each moment after a return with all that can be then, as long as that is not too much.

    The last one has no configuration left if no order explains what came until then.
    """
    end_s = time.perf_counter() + budget_s
    search = _Forward(history, model)
    called = 0
    for at, is_return, index in _events(history):
        if not is_return:
            search.calls(index)
            called += 1
            continue
        if not search.returns(index) or time.perf_counter() > end_s:
            return
        yield Moment(at, tuple(sorted(search.open.items())), called, tuple(search.configurations))
        if not search.configurations:
            return


def _events(history: History) -> list[tuple[float, bool, int]]:
    """Return calls and known returns in order; in one moment calls come first."""
    events = [(one.call, False, index) for index, one in enumerate(history.operations)]
    events += [
        (one.ret, True, index)
        for index, one in enumerate(history.operations)
        if one.known and one.ret is not None
    ]
    return sorted(events)


class _Forward:
    """All configurations that can be, return after return."""

    def __init__(self, history: History, model: Model[Any]) -> None:
        self._operations = history.operations
        self._model = model
        self._known: dict[tuple[Any, int], Any] = {}
        self.open: dict[int, int] = {}
        self._free: list[int] = []
        self.configurations: list[Configuration] = [(0, model.initial())]

    def calls(self, index: int) -> None:
        """Let an operation begin."""
        self.open[index] = self._free.pop() if self._free else len(self.open)

    def returns(self, index: int) -> bool:
        """Let an operation come back: it has taken effect. False if there are too many ways."""
        bit = 1 << self.open[index]
        seen = set(self.configurations)
        waiting = list(self.configurations)
        found: dict[Configuration, None] = {}
        while waiting:
            mask, state = waiting.pop()
            if mask & bit:
                found[mask & ~bit, state] = None
                continue
            for other, slot in self.open.items():
                if mask >> slot & 1:
                    continue
                after = self._step(state, other)
                if after is REFUSED or (mask | 1 << slot, after) in seen:
                    continue
                seen.add((mask | 1 << slot, after))
                waiting.append((mask | 1 << slot, after))
            if len(seen) > MAX_CONFIGURATIONS:
                return False
        self._free.append(self.open.pop(index))
        self.configurations = list(found)
        return True

    def _step(self, state: Any, index: int) -> Any:  # noqa: ANN401  # the model's
        key = (state, index)
        if key not in self._known:
            if len(self._known) > MAX_KNOWN:
                self._known.clear()
            self._known[key] = self._model.step(state, self._operations[index])
        return self._known[key]
