"""The small part of a history that has no order: found by taking away what does not matter.

First the shortest bad beginning, then the results that matter, then the intervals that do. Each
step only weakens, so what is left is a proof; `harness.linearizability.reduction_steps` says why.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.linearizability.checker import check
from harness.linearizability.counterexample import Counterexample, Situations
from harness.linearizability.counterexample_orders import orders_of
from harness.linearizability.history import History
from harness.linearizability.judgement import Criterion, Failure, Judgement
from harness.linearizability.reduction_bench import Bench
from harness.linearizability.reduction_guess import likely
from harness.linearizability.reduction_search import first_bad, needed
from harness.linearizability.reduction_situations import (
    Rest,
    best_moment,
    rest_from,
    run_forward,
)
from harness.linearizability.reduction_steps import Weakened, Weakening, both, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.linearizability.counterexample_orders import Order
    from harness.linearizability.reduction_bench import Judge

LONG: Final = 100  # operations: of a longer history only the end is looked at, if that can be
SHARE_OF_FIRST: Final = 0.5  # of the budget, for the whole of a shorter one
NEXT_RETURNS: Final = 64
SHARE_OF_SITUATIONS: Final = 0.5


def reduce(
    history: History,
    judgement: Judgement,
    *,
    budget_s: float = 5.0,
    blocked: Collection[int] = (),
    judge: Judge | None = None,
) -> Counterexample:
    """Return the smallest part found of a history that has no order.

    Args:
        history: What was judged.
        judgement: What `check` said of it; it has a failure.
        budget_s: Wall time in seconds to look for a smaller part. When it ends, what was reached
            until then is returned; it is a proof all the same.
        blocked: Those that `check` was given.
        judge: What judges the weaker histories; None: `check`.

    Raises:
        ArgumentError: The judgement has no failure or is not of this history, or the budget is no
            time.
    """
    failure = _check(history, judgement, budget_s, blocked)
    bench = Bench(
        failure,
        criterion=judgement.criterion,
        judge=check if judge is None else judge,
        budget_s=budget_s,
        blocked=_blocked(history, failure, blocked),
    )
    last, part, rest = _smallest(bench, failure)
    whole_orders = orders_of(failure, range(len(failure.history)), model=failure.model)
    return Counterexample(
        history=failure.history,
        model=failure.model,
        criterion=judgement.criterion,
        partition=failure.partition,
        prefix=_prefix(bench, part, rest),
        core=part.core,
        straw=part.straw,
        weakest=part.weakest,
        situations=None if rest is None else _situations(failure.history, rest),
        orders=whole_orders if part.orders is None else part.orders,
        whole_orders=whole_orders,
        reduction=bench.reduction(len(history), last),
    )


def _smallest(bench: Bench, failure: Failure) -> tuple[Bench, _Part, Rest | None]:
    """Return the smallest part found, by whom, and what it begins with if not at the beginning."""
    whole = range(len(failure.history))
    if bench.blocked or bench.criterion is not Criterion.LINEARIZABLE:
        return bench, _part(bench, whole, since=None), None
    if len(failure.history) >= LONG:
        return _after_beginning(bench) or (bench, _part(bench, whole, since=None), None)
    first = bench.of(failure, share=SHARE_OF_FIRST)
    part = _part(first, whole, since=None)
    if not first.stopped and not first.undecided:
        return first, part, None
    other = _after_beginning(bench)
    if other is not None and len(other[1].core) < len(part.core):
        return other
    return first, part, None


def _after_beginning(bench: Bench) -> tuple[Bench, _Part, Rest | None] | None:
    """Return the small part of the end of a history; None where its beginning is too hard."""
    budget_s = bench.left_s() * SHARE_OF_SITUATIONS
    forward = run_forward(bench.history, bench.model, budget_s=budget_s)
    if forward is None:
        return None
    moment = best_moment(forward)
    if moment is None:
        return bench, _part(bench, range(len(bench.history)), since=forward.end), None
    rest = rest_from(bench.history, bench.model, moment)
    inner = bench.of(Failure(rest.history, None, (), rest.model))
    return inner, _part(inner, rest.origin, since=forward.end), rest


@dataclass(frozen=True, slots=True)
class _Part:
    """What is left of a history; indices are into the failing one."""

    prefix: tuple[int, ...]
    core: tuple[int, ...]
    straw: int
    weakest: Weakened
    orders: tuple[Order, ...] | None


def _part(bench: Bench, origin: Sequence[int], *, since: float | None) -> _Part:
    """Return the small part of a bench's history.

    Args:
        bench: Tries what can go.
        origin: For each operation of the bench's history its index in the failing one.
        since: Until when there is an order, if that is known.
    """
    short = _shortest(bench, since=since)
    small, core = _results(bench, short)
    weakest = bench.weakened(_intervals(bench, small, core))
    return _Part(
        tuple(origin[index] for index in bench.weakened(short).origin),
        tuple(sorted(origin[index] for index in core)),
        origin[_straw(bench, core)],
        Weakened(weakest.history, tuple(origin[index] for index in weakest.origin)),
        _orders(bench, small, origin),
    )


def _prefix(bench: Bench, part: _Part, rest: Rest | None) -> tuple[int, ...]:
    """Return the operations of the bad beginning, with those that came before situations."""
    if rest is None:
        return part.prefix
    earlier = _situations(bench.history, rest).earlier
    return tuple(sorted({*earlier, *(index for index in part.prefix if index >= 0)}))


def _situations(history: History, rest: Rest) -> Situations:
    left = set(rest.origin)
    earlier = tuple(index for index in range(len(history)) if index not in left)
    return Situations(earlier, rest.states, rest.model)


def _straw(bench: Bench, core: tuple[int, ...]) -> int:
    """Return what cannot be placed: what waits for ever, or else what came back last."""
    if bench.blocked:
        return min(bench.blocked)
    operations = bench.history.operations
    return max(core, key=lambda index: (operations[index].ret, index))


def _blocked(history: History, failure: Failure, blocked: Collection[int]) -> frozenset[int]:
    """Return which operations of the failing part wait for ever."""
    waiting = {id(history.operations[index]) for index in blocked}
    return frozenset(
        index for index, one in enumerate(failure.history.operations) if id(one) in waiting
    )


def _check(history: object, judgement: object, budget_s: object, blocked: object) -> Failure:
    if not isinstance(history, History):
        raise ArgumentError("history", history, "the History that was judged")
    if not isinstance(judgement, Judgement):
        raise ArgumentError("judgement", judgement, "the Judgement of the history")
    if judgement.failure is None:
        wants = "a judgement with a failure: there is nothing to reduce where an order was found"
        raise ArgumentError("judgement", judgement.verdict.value, wants)
    if isinstance(budget_s, bool) or not isinstance(budget_s, int | float) or not budget_s >= 0:
        raise ArgumentError("budget_s", budget_s, "seconds, 0 or more")
    indices = list(blocked) if isinstance(blocked, Collection) else [blocked]
    if not all(isinstance(one, int) and 0 <= one < len(history) for one in indices):
        raise ArgumentError("blocked", blocked, "indices of operations, those that check was given")
    return judgement.failure


def _shortest(bench: Bench, *, since: float | None) -> Weakening:
    """Return the shortest bad beginning; it does not end before `since`."""
    if bench.blocked:  # they wait at the end, so it is a matter of the end
        return Weakening()
    ends = moments(bench.history, criterion=bench.criterion)
    if since is not None:  # what was open then came back soon after
        ends = [one for one in ends if one >= since][:NEXT_RETURNS]
    cuts: list[float | None] = [*ends, None]
    cut = first_bad(cuts, lambda one: bench.is_bad(Weakening(cut=one)))
    shortest = Weakening(cut=cut)
    if bench.criterion is Criterion.LINEARIZABLE:
        return shortest
    # No real time to cut at: results that came back later are forgotten.
    moment = first_bad(
        sorted(set(_ends(bench, shortest).values())),
        lambda one: bench.is_bad(_until(bench, shortest, one)),
    )
    return shortest if moment is None else _until(bench, shortest, moment)


def _ends(bench: Bench, weakening: Weakening) -> dict[int, float]:
    """Return when each operation came back whose result is known."""
    weaker = bench.weakened(weakening)
    pairs = zip(weaker.origin, weaker.history.operations, strict=True)
    return {index: one.ret for index, one in pairs if one.known and one.ret is not None}


def _until(bench: Bench, weakening: Weakening, moment: float) -> Weakening:
    """Return the weakening that also forgets what came back after a moment."""
    later = [index for index, end in _ends(bench, weakening).items() if end > moment]
    return both(weakening, bench.without_results(later))


def _results(bench: Bench, short: Weakening) -> tuple[Weakening, tuple[int, ...]]:
    """Return the weakening that keeps only the results that matter, and which these are."""
    ends = _ends(bench, short)
    fixed = _fixed(bench, ends)
    observes, operations = bench.model.observes, bench.history.operations
    free = sorted(
        ends.keys() - fixed,
        key=lambda index: (not observes(operations[index]), ends[index], index),
    )
    origin = bench.weakened(short).origin

    def keep(chosen: Sequence[int]) -> Weakening:
        kept = fixed.union(chosen)
        return both(short, bench.without_results([one for one in origin if one not in kept]))

    def still_bad(chosen: Sequence[int]) -> bool:
        return bench.is_bad(keep(chosen))

    near = likely(operations, free, _latest(ends, fixed))
    guess = next((one for one in near if not bench.stopped and still_bad(one)), free)
    kept = needed(guess, still_bad, stopped=bench.is_over)
    small = keep(kept) if len(kept) < len(free) else short
    return small, tuple(sorted(fixed.union(kept)))


def _fixed(bench: Bench, ends: dict[int, float]) -> set[int]:
    """Return the operations whose results are kept in any case."""
    latest = max(ends.values(), default=0)
    last = [index for index, end in ends.items() if end == latest]
    fixed = {index for index in ends if bench.history.operations[index].name in bench.erratic}
    # What alone came back last is needed: until then there is an order.
    return fixed | bench.blocked | set(last if len(last) == 1 and not bench.blocked else ())


def _latest(ends: dict[int, float], fixed: set[int]) -> int:
    """Return what is most likely wrong."""
    return max(fixed or ends, key=lambda index: (ends.get(index, float("inf")), index))


def _intervals(bench: Bench, small: Weakening, core: tuple[int, ...]) -> Weakening:
    """Return the weakening that also widens the intervals, as far as they do not matter."""
    has_ends = bench.criterion is not Criterion.SEQUENTIALLY_CONSISTENT
    rest = [(index, False) for index in bench.weakened(small).origin if index not in core]
    mine = [(index, end) for index in core for end in (False, True) if has_ends or not end]
    # Times of operations whose results do not matter seldom matter, and there are many.
    widest = _widened(small, rest)
    if bench.is_bad(widest):
        small, rest = widest, []
    for items in (mine, rest):
        kept = needed(
            items,
            lambda chosen, items=items, base=small: bench.is_bad(  # type: ignore[misc]
                _widened(base, set(items) - set(chosen))
            ),
            stopped=bench.is_over,
        )
        small = _widened(small, set(items) - set(kept))
    return small


def _widened(weakening: Weakening, ends: Collection[tuple[int, bool]]) -> Weakening:
    """Return the weakening that also moves calls to the beginning, and returns to the end."""
    early = frozenset(index for index, is_return in ends if not is_return)
    late = frozenset(index for index, is_return in ends if is_return)
    return both(weakening, Weakening(early=early, late=late))


def _orders(bench: Bench, small: Weakening, origin: Sequence[int]) -> tuple[Order, ...] | None:
    """Return the longest orders of the core; None if it was not shown again in this time."""
    if small == Weakening() and bench.is_over():  # it would take as long as the whole took
        return None
    weaker = bench.weakened(small)
    found = bench.explain(weaker)
    if found.failure is not None:
        named = [origin[index] for index in weaker.origin]
        return orders_of(found.failure, named, model=bench.model)
    if found.holds:
        wants = "what check said of this history and model, with the same blocked operations"
        raise ArgumentError("judgement", found.verdict.value, wants)
    return None
