"""Weakenings: what may be taken from a history so that an illegal one stays a proof.

**Theorem.** Let W be a weakening of a history H. If W has no order, H has none.

*Argument*, by the contrapositive: every order that shows H to be legal, cut down to the operations
of W, shows W to be legal. An order has every known operation and some of the unknown ones; it
respects the criterion; and the model allows each step. For each kind of weakening:

- *cut*, linearizability: operations called after a moment t are left out, results that came back
  after t are unknown. An operation that is still known came back at t or before, so in H it stands
  before all that were called after t. The order up to the last operation that is known in W thus
  has none that was left out; what stood behind it is unknown in W, and need not happen. A beginning
  of what the model allows is allowed.
- *cut*, quiescent consistency: the same at a moment t at which nothing was running and before which
  every result is known: those called later stand behind all others. Sequential consistency has no
  such moment: an order may begin with what was called last. There is no cut, only forgetting.
- *drop* an observer: the model says that it leaves every state as it is, so the order without it
  goes through the same states, and what is demanded of the others was demanded before. For
  quiescent consistency it was not: the observer was running, and without it a quiet moment may
  appear that separates others. There it is forgotten instead.
- *forget* a result: the model allows an operation of unknown result wherever it allows one with a
  result, and what is unknown demands no place before others. It need not happen, but it may.
- *widen* an interval (a call moved to the beginning, a return to the end): this takes pairs from
  real time's order, and merges times at which something ran; it adds none. Sequential consistency
  does not look at intervals but at clients; there an operation gets a client of its own (*free*).

What is missing from this list is leaving out an operation that changes the object: others may have
seen what it did, so the history without it can be illegal where the whole one is legal. It can only
be forgotten. `tests/harness/linearizability/test_sound_reduction.py` holds each step to the theorem
by brute force, and shows that leaving out a writer breaks it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from harness.linearizability.history import History
from harness.linearizability.judgement import Criterion
from harness.linearizability.operation import Operation, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakening:
    """What is taken from a history; operations by their index.

    Attributes:
        cut: Where the history ends; None: where it did. See the module on who may set it.
        dropped: Observers that are left out.
        forgotten: Operations whose result is unknown.
        early: Operations called at the beginning; for sequential consistency, each by a client of
            its own.
        late: Operations that came back at the end.
    """

    cut: float | None = None
    dropped: frozenset[int] = _NOTHING
    forgotten: frozenset[int] = _NOTHING
    early: frozenset[int] = _NOTHING
    late: frozenset[int] = _NOTHING


@dataclass(frozen=True, slots=True)
class Weakened:
    """A weaker history.

    Attributes:
        history: The operations that are left, weakened.
        origin: For each of them its index in the history that was weakened.
    """

    history: History
    origin: tuple[int, ...]


def weaken(history: History, weakening: Weakening, *, criterion: Criterion) -> Weakened:
    """Return a weaker history: if it has no order, the given one has none."""
    begin, end = _span(history)
    kept = []
    for index, operation in enumerate(history.operations):
        one = _cut(operation, weakening.cut)
        if one is None or index in weakening.dropped:
            continue
        if index in weakening.forgotten:
            one = forgotten(one)
        match criterion:
            case Criterion.LINEARIZABLE | Criterion.QUIESCENTLY_CONSISTENT:
                if index in weakening.early:
                    one = replace(one, call=begin)
                if index in weakening.late and one.ret is not None:
                    one = replace(one, ret=end)
            case Criterion.SEQUENTIALLY_CONSISTENT:
                if index in weakening.early:
                    one = replace(one, client=f"{one.client} on its own #{index}")
            case _:
                assert_never(criterion)
        kept.append((index, one))
    kept.sort(key=lambda pair: pair[1].call)
    weaker = History(tuple(one for _, one in kept), history.name)
    return Weakened(weaker, tuple(index for index, _ in kept))


def forgotten(operation: Operation) -> Operation:
    """Return the operation as if its caller had never learnt the result."""
    if not operation.known:
        return operation
    return replace(operation, output=None, status=Status.UNKNOWN)


def _cut(operation: Operation, cut: float | None) -> Operation | None:
    """Return what is seen of an operation until a moment; None: nothing."""
    if cut is None:
        return operation
    if operation.call > cut:
        return None
    if operation.ret is None or operation.ret <= cut:
        return operation
    return replace(forgotten(operation), ret=None)


def _span(history: History) -> tuple[float, float]:
    """Return the first and the last moment of a history."""
    times = [one.call for one in history.operations]
    times += [one.ret for one in history.operations if one.ret is not None]
    return (min(times), max(times)) if times else (0, 0)


def moments(history: History, *, criterion: Criterion) -> list[float]:
    """Return where a history may be cut, in order; the last one is the whole history."""
    returns = sorted({one.ret for one in history.operations if one.known and one.ret is not None})
    match criterion:
        case Criterion.LINEARIZABLE:
            return returns
        case Criterion.QUIESCENTLY_CONSISTENT:
            return _quiet(history)
        case Criterion.SEQUENTIALLY_CONSISTENT:
            return []
        case _:
            assert_never(criterion)


def _quiet(history: History) -> list[float]:
    """Return the ends of busy times, as far as every result is known."""
    found: list[float] = []
    latest: float | None = None
    for one in history.operations:  # in the order of their calls
        if latest is not None and one.call > latest:
            found.append(latest)
        if not one.known or one.ret is None:
            return found
        latest = one.ret if latest is None else max(latest, one.ret)
    return found if latest is None else [*found, latest]


def without_results(
    history: History,
    chosen: Iterable[int],
    *,
    observes: Callable[[Operation], bool],
    criterion: Criterion,
) -> Weakening:
    """Return the weakening by which the results of some operations do not matter.

    An observer is dropped, where the criterion allows that; other results are forgotten.
    """
    dropped, unknown = set(), set()
    droppable = criterion is not Criterion.QUIESCENTLY_CONSISTENT
    for index in chosen:
        one = history.operations[index]
        if droppable and (observes(one) or observes(forgotten(one))):
            dropped.add(index)
        elif one.known:
            unknown.add(index)
    return Weakening(dropped=frozenset(dropped), forgotten=frozenset(unknown))


def both(one: Weakening, other: Weakening) -> Weakening:
    """Return what takes away what either takes; of cuts the first one's, if it has one."""
    return Weakening(
        cut=other.cut if one.cut is None else one.cut,
        dropped=one.dropped | other.dropped,
        forgotten=one.forgotten | other.forgotten,
        early=one.early | other.early,
        late=one.late | other.late,
    )
