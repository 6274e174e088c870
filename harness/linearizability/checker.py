"""Judging a history: is there one order of its operations that the model allows?"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability.budget import Budget
from harness.linearizability.determinized import Determinized
from harness.linearizability.history import History
from harness.linearizability.interval_search import IntervalSearch
from harness.linearizability.judgement import Criterion, Failure, Judgement, Prefix, Verdict
from harness.linearizability.model import Model
from harness.linearizability.outcome import Outcome
from harness.linearizability.parts import split
from harness.linearizability.program_search import ProgramSearch
from harness.linearizability.straight import straight_order
from harness.linearizability.witness import allowed, merged

if TYPE_CHECKING:
    from harness.linearizability.outcome import Search
    from harness.linearizability.parts import Part

BUDGET_S: Final = 60.0
MEMORY_BYTES: Final = 1 << 30
FIRST_SLICE: Final = 512  # tries: most parts are decided in it
LONGEST_SLICE: Final = 1 << 16  # tries: some 0.1 s, and another part may be illegal
EASIER_TRIES: Final = 1 << 17  # some 0.2 s, to find an order of the whole part by part


def check(  # noqa: PLR0913  # each bound and criterion by its name
    history: History,
    model: Model[Any],
    *,
    criterion: Criterion = Criterion.LINEARIZABLE,
    budget_s: float | None = BUDGET_S,
    max_configurations: int | None = None,
    max_memory_bytes: int | None = MEMORY_BYTES,
    partition: bool = True,
    blocked: Collection[int] = (),
) -> Judgement:
    """Return whether there is an order of a history's operations that shows it right.

    Operations with an unknown result, and those that never came back, may have taken effect at any
    moment after their call, or never.

    Args:
        history: The operations of any number of clients on any number of objects.
        model: What they do one after another. With several objects it is that of each.
        criterion: What the order has to respect. Linearizability: real time. Sequential
            consistency: what each client had got back before it called again. Quiescent
            consistency: what came back before a moment at which nothing ran on the object stands
            before what was called after it; an operation whose result nobody learnt runs for ever.
        budget_s: Wall time in seconds; None: no bound.
        max_configurations: How many pairs of what has happened and a state may be looked at.
        max_memory_bytes: What the search may remember, by an estimate.
        partition: Judge apart what the model says is independent in an object; False judges each
            object in one piece. Objects are judged apart in any case, but for sequential
            consistency, which is not local: then all is judged in one piece.
        blocked: Indices of operations that never came back because they wait for ever. They took no
            effect, and the history is right only if the model refuses each of them at the end.

    Raises:
        ArgumentError: An argument is none of these, or the model's states are not hashable.

    Source: Wing & Gong 1993; Lowe 2017; Horn & Kroening 2015 for judging parts apart.
    """
    _check(history, model, criterion, blocked)
    budget = Budget(budget_s, max_configurations, max_memory_bytes)
    parts = split(history, model, criterion=criterion, partition=partition, blocked=blocked)
    judging = Judging(history, model, criterion, budget)
    if not partition or criterion is not Criterion.LINEARIZABLE:
        real_time = split(
            history, model, criterion=Criterion.LINEARIZABLE, partition=True, blocked=blocked
        )
        judging.try_parts(real_time, parts)
    return judging.judged(parts)


@dataclass(slots=True)
class Underway:
    """A part whose search has begun and not ended."""

    part: Part
    search: Search
    tries: int


class Judging:
    """One judgement: the parts take turns, and the first without an order ends it.

    Turns matter: a part may be too hard for any budget while another is wrong at first sight.
    """

    def __init__(
        self, history: History, model: Model[Any], criterion: Criterion, budget: Budget
    ) -> None:
        self._history = history
        self._model = model
        self._criterion = criterion
        self._budget = budget
        self._configurations = 0
        self._orders: list[tuple[Part, list[int]]] = []
        self._order: tuple[int, ...] | None = None

    def try_parts(self, easier: list[Part], parts: list[Part]) -> None:
        """Look for an order that is linearizable and found in easier parts.

        Real time asks for more than any other criterion. That the parts are independent need not
        be believed: the model takes the order of the parts asked for, or it does not count.
        """
        judging = Judging(self._history, self._model, Criterion.LINEARIZABLE, self._budget)
        why, failure = judging.turns(easier, EASIER_TRIES)
        self._configurations = judging.configurations
        if not why and failure is None:
            order = judging.order()
            if all(allowed(part, order) for part in parts):
                self._order = order

    @property
    def configurations(self) -> int:
        """How many were visited."""
        return self._configurations

    def judged(self, parts: list[Part]) -> Judgement:
        """Return the judgement of a history in parts."""
        if self._order is not None:
            return self._judgement("", None)
        why, failure = self.turns(parts)
        if not why and failure is None:
            self._order = self.order()
        return self._judgement(why, failure)

    def turns(self, parts: list[Part], tries: float = float("inf")) -> tuple[str, Failure | None]:
        """Let parts take turns; return what ended first, or the failure of one."""
        waiting: deque[Underway] = deque()
        for part in parts:
            if self._straight(part):
                continue
            one = Underway(part, self._search(part), FIRST_SLICE)
            why, failure = self._turn(one, waiting)
            if why or failure is not None:
                return why, failure
        while waiting:
            one = waiting.popleft()
            one.tries = min(2 * one.tries, LONGEST_SLICE)
            tries -= one.tries
            if tries < 0:
                return "the tries allowed", None
            why, failure = self._turn(one, waiting)
            if why or failure is not None:
                return why, failure
        return "", None

    def order(self) -> tuple[int, ...]:
        """Return one order of all parts, each of which has one."""
        return tuple(merged((one.timed, order, one.indices) for one, order in self._orders))

    def _straight(self, part: Part) -> bool:
        """Try the first order that comes to mind."""
        length = len(part.timed) + 1
        if self._budget.slice(length, self._configurations) < length:
            return False
        order = straight_order(part)
        if order is None:
            return False
        self._configurations += length
        self._orders.append((part, order))
        return True

    def _search(self, part: Part) -> Search:
        if self._criterion is Criterion.SEQUENTIALLY_CONSISTENT:
            return ProgramSearch(part.timed, part.model, part.blocked)
        return IntervalSearch(part.timed, part.model, part.blocked)

    def _turn(self, one: Underway, waiting: deque[Underway]) -> tuple[str, Failure | None]:
        """Let a part go on; return which budget ended, or the failure of the part."""
        budget, search = self._budget, one.search
        before = search.configurations
        tries = budget.slice(one.tries, self._configurations)
        if tries <= 0:
            return budget.ended(self._configurations, 0), None
        outcome = search.run(tries, budget.deadline_s)
        self._configurations += search.configurations - before
        if outcome is Outcome.FOUND:
            self._orders.append((one.part, search.order()))
        elif outcome is Outcome.NONE:
            return "", _failure(one, self._history)
        else:
            waiting.append(one)
            held = sum(other.search.size_bytes for other in waiting)
            return budget.ended(self._configurations, held), None
        return "", None

    def _judgement(self, why: str, failure: Failure | None) -> Judgement:
        verdict = Verdict.UNDECIDED
        if not why:
            verdict = Verdict.that(self._criterion, holds=failure is None)
        return Judgement(
            verdict=verdict,
            criterion=self._criterion,
            model=self._model.name,
            operations=len(self._history),
            order=self._order,
            failure=failure,
            why=why,
            configurations=self._configurations,
            elapsed_s=self._budget.elapsed_s,
        )


def _failure(one: Underway, history: History) -> Failure:
    part = one.part
    whole = len(part.operations) == len(history)
    prefixes = tuple(
        Prefix(tuple(order), part.model.describe_state(state), tuple(stuck))
        for order, state, stuck in one.search.dead_ends()
    )
    inner = history if whole else History(tuple(part.operations), history.name)
    return Failure(inner, part.label, prefixes, part.model)


def _check(history: object, model: object, criterion: object, blocked: object) -> None:
    if not isinstance(history, History):
        raise ArgumentError("history", history, "a History: History.of(operations)")
    if not isinstance(model, Model):
        raise ArgumentError("model", model, "a Model: one of holdfast's, or a subclass of Model")
    if not isinstance(criterion, Criterion):
        raise ArgumentError("criterion", criterion, "a member of Criterion")
    if blocked and isinstance(model, Determinized):
        wants = "a model that leads to one state, where operations are known to wait for ever"
        raise ArgumentError("model", model, wants)
    for index in _indices(blocked):
        if isinstance(index, bool) or not isinstance(index, int):
            raise ArgumentError("blocked", blocked, "indices of operations of the history")
        if not 0 <= index < len(history) or not history.operations[index].pending:
            wants = f"indices of operations that never came back; {index} is none"
            raise ArgumentError("blocked", blocked, wants)


def _indices(blocked: object) -> Collection[object]:
    if isinstance(blocked, Collection):
        return blocked
    raise ArgumentError("blocked", blocked, "a collection of indices of operations")
