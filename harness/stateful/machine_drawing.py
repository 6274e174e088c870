"""Draws the programs of a machine: a sequential prefix, threads, a suffix, and the seed.

A program is drawn step by step, and each step is a draw of its own that begins with whether there
is one: so Hypothesis can leave any of them out when it shrinks.

Preconditions hold in every order of whole steps, as in QCheck-STM: they are asked in the state that
they see in each of them, and a step for which one fails is left out of the program. So no order of
the threads brings a rule where its precondition forbids it, unless the steps overlap in a way that
no order explains. A step that waits for ever in an order of which it is the next is no reason: the
others go on, and where nobody can, waiting is what the machine does.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.control import current_build_context

from harness.campaign import Campaign
from harness.stateful.machine_draft import FAILED_ASSERTION, Draft, refuse_transformed
from harness.stateful.machine_errors import MachineError
from harness.stateful.machine_guards import guarded
from harness.stateful.machine_rules import rules_of
from harness.stateful.machine_sequence import NoResult
from harness.stateful.machine_steps import MachineProgram

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.stateful.machine_rules import MachineRule
    from harness.stateful.machine_sequence import Order
    from harness.stateful.machine_settings import Concurrency

    Draw = Callable[[Any], Any]

SEEDS: Final = 1 << 16  # a token holds what was drawn, so more would change nothing
MORE: Final = 5  # a part goes on five times of six


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What Hypothesis drew.

    Attributes:
        seed: Of the strategy.
        parts: Classes of what the machine holds.
    """

    program: MachineProgram
    seed: int
    parts: tuple[type, ...]

    def __repr__(self) -> str:
        return "\n".join(["the program:", *(f"    {line}" for line in self.program.lines())])


def programs(machine: type, concurrency: Concurrency) -> st.SearchStrategy[Drawn]:
    """Return a strategy for programs of a machine."""
    rules = rules_of(machine)
    refuse_transformed(rules.machine, (*rules.rules.values(), *rules.initializers.values()))

    @st.composite
    def drawn(draw: Draw) -> Drawn:
        seed = draw(st.integers(0, SEEDS - 1))
        with Campaign(
            model=concurrency.switching, max_steps=concurrency.max_steps, body=machine
        ) as campaign:
            draft = Draft(machine, rules, campaign.run_alone)
            context: Any = current_build_context()
            context.data.hypothesis_runner = draft
            program = _Drawing(draw, draft, concurrency).program()
            if rules.guarded:
                program = guarded(machine, rules, program, campaign.run_alone)
        parts = tuple(sorted(draft.parts, key=lambda one: (one.__module__, one.__qualname__)))
        return Drawn(program=program, seed=seed, parts=parts)

    return drawn()


class _Drawing:
    """The drawing of one program."""

    def __init__(self, draw: Draw, draft: Draft, concurrency: Concurrency) -> None:
        self.draw = draw
        self._draft = draft
        self._concurrency = concurrency
        self._ended = False  # an assertion failed already without threads

    def program(self) -> MachineProgram:
        """Draw it."""
        draft = self._draft
        first = self._prefix()
        ends = [len(draft.steps)]
        if not self._ended:
            fewest, most = self._concurrency.threads
            for number in range(most):
                # No count is drawn: a thread and the word that there is one more go together.
                if number >= fewest and not self.draw(st.booleans()):
                    break
                draft.begin_thread()
                self._part(first, self._concurrency.calls, waiting=True)
                draft.end_thread()
                ends.append(len(draft.steps))
            self._suffix(first, ends)
        steps = draft.steps
        threads = [steps[begin:end] for begin, end in pairwise(ends)]
        return MachineProgram.of(
            [part for part in threads if part], prefix=steps[: ends[0]], suffix=steps[ends[-1] :]
        )

    def _prefix(self) -> Order:
        initializers = list(self._draft.rules.initializers.values())
        if len(initializers) > 1:
            initializers = self.draw(st.permutations(initializers))
        order: Order = ()
        for rule in initializers:
            order = self._add(rule, order, waiting=False) or order
        if not self._ended:
            order = self._part(order, self._concurrency.prefix, waiting=False)
        self._draft.end_prefix()
        return order

    def _part(self, order: Order, limit: int, *, waiting: bool) -> Order:
        """Draw steps that come one after the other; return the order with them.

        Args:
            waiting: A step may wait for what another thread does; it is then the last one.
        """
        for _ in range(limit):
            longer = self.draw(_one_step(self, order, waiting=waiting))
            if longer is None or self._ended:
                return order if longer is None else longer
            order = longer
            if waiting and self._waits(order):
                break
        return order

    def _waits(self, order: Order) -> bool:
        return isinstance(self._draft.outcome(order).outcomes[-1], NoResult)

    def step(self, order: Order, *, waiting: bool) -> Order | None:
        """Draw whether there is one more step, and which; return the order with it."""
        if not self.draw(st.integers(0, MORE)):
            return None
        candidates = self._draft.candidates(order)
        if not candidates:
            if not order and not self._draft.steps:
                self._refuse_start()
            return None
        rule = candidates[self.draw(st.integers(0, len(candidates) - 1))]
        return self._add(rule, order, waiting=waiting) or order

    def _add(self, rule: MachineRule, order: Order, *, waiting: bool) -> Order | None:
        done = self._draft.add(self.draw, rule, order)
        if done is None:
            return None
        outcome = done.outcomes[-1]
        if outcome is NoResult.WAITS and not waiting:
            self._draft.take_back()
            return None
        if not waiting and outcome == FAILED_ASSERTION:
            self._ended = True
        return (*order, len(self._draft.steps) - 1)

    def _suffix(self, first: Order, ends: list[int]) -> None:
        order = self._one_order(first, ends)
        if order is None:
            return
        self._draft.begin_suffix()
        self._part(order, self._concurrency.suffix, waiting=True)

    def _one_order(self, first: Order, ends: list[int]) -> Order | None:
        """Return an order of all steps in which none waits for ever; None if none is found."""
        queues = [list(range(begin, end)) for begin, end in pairwise(ends)]
        order = first
        while any(queues):
            for queue in queues:
                if queue and not self._waits((*order, queue[0])):
                    order = (*order, queue.pop(0))
                    break
            else:
                return None
        return order

    def _refuse_start(self) -> None:
        rules = ", ".join(self._draft.rules.rules)
        raise MachineError(
            self._draft.rules.machine, f"no rule can be applied to a new machine ({rules})",
            "Each has a precondition that fails, or takes from a bundle that is empty",
        )  # fmt: skip


@st.composite
def _one_step(draw: Draw, drawing: _Drawing, order: Order, *, waiting: bool) -> Order | None:
    before, drawing.draw = drawing.draw, draw
    try:
        return drawing.step(order, waiting=waiting)
    finally:
        drawing.draw = before
