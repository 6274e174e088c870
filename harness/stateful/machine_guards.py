"""Makes preconditions hold in every order of whole steps, by leaving steps out of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.stateful.machine_sequence import NoResult, SequentialRuns

if TYPE_CHECKING:
    from harness.judged import Alone
    from harness.stateful.machine_rules import MachineRules
    from harness.stateful.machine_sequence import Order
    from harness.stateful.machine_steps import MachineProgram

MAX_RUNS: Final = 60  # sequential runs for one program: some 5 ms


class _TooManyOrdersError(Exception):
    """A program has more orders than are looked at."""


def guarded(
    machine: type, rules: MachineRules, program: MachineProgram, alone: Alone
) -> MachineProgram:
    """Return the program without the steps for which a precondition fails in some order.

    Where there are too many orders, the last step of the longest thread goes first.
    """
    while True:
        try:
            wrong = _Orders(machine, rules, program, alone).wrong_step()
        except _TooManyOrdersError:
            wrong = _last_of_longest(program)
        if wrong is None:
            threads = tuple(part for part in program.threads if part)
            return type(program)(prefix=program.prefix, threads=threads, suffix=program.suffix)
        program = program.without(wrong)


def _last_of_longest(program: MachineProgram) -> int:
    sizes = [len(part) for part in program.threads]
    longest = max(range(len(sizes)), key=sizes.__getitem__)
    return len(program.prefix) + sum(sizes[: longest + 1]) - 1


class _Orders:
    """A walk through all orders of the steps of a program."""

    def __init__(
        self, machine: type, rules: MachineRules, program: MachineProgram, alone: Alone
    ) -> None:
        self._runs = SequentialRuns(machine, rules, program.steps())
        self._alone = alone
        self._allowed: dict[Order, bool] = {}
        self._waits: set[Order] = set()
        first = len(program.prefix)
        self._prefix = tuple(range(first))
        self._queues: list[tuple[int, ...]] = []
        for part in program.threads:
            self._queues.append(tuple(range(first, first + len(part))))
            first += len(part)
        self._suffix = tuple(range(first, first + len(program.suffix)))

    def wrong_step(self) -> int | None:
        """Return a step for which a precondition fails in some order; None if there is none."""
        return self._walk(self._prefix, [0] * len(self._queues))

    def _walk(self, order: Order, taken: list[int]) -> int | None:
        going_on = [
            number for number, queue in enumerate(self._queues) if taken[number] < len(queue)
        ]
        if not going_on:
            return self._wrong_in(order)
        for number in going_on:
            index = self._queues[number][taken[number]]
            longer = (*order, index)
            wrong = self._look(longer, taken)
            if wrong is not None:
                return wrong
            if longer in self._waits:
                continue
            deeper = list(taken)
            deeper[number] += 1
            wrong = self._walk(longer, deeper)
            if wrong is not None:
                return wrong
        return None

    def _wrong_in(self, order: Order) -> int | None:
        """Return a step of the suffix for which a precondition fails after an order."""
        for number in range(len(self._suffix)):
            longer = order + self._suffix[: number + 1]
            if longer not in self._allowed:
                self._run(order + self._suffix)
            if not self._allowed.get(longer, True):
                return longer[-1]
        return None

    def _look(self, order: Order, taken: list[int]) -> int | None:
        """Return the last step of an order if a precondition of it fails there."""
        if order not in self._allowed:
            self._run(self._to_end(order, taken))
        return None if self._allowed.get(order, True) else order[-1]

    def _to_end(self, order: Order, taken: list[int]) -> Order:
        """Return the order with all that is left behind it: one run shows all of its beginnings."""
        rest = [
            index
            for queue, done in zip(self._queues, taken, strict=True)
            for index in queue[done:]
            if index != order[-1]
        ]
        return (*order, *rest, *self._suffix)

    def _run(self, order: Order) -> None:
        if self._runs.runs >= MAX_RUNS:
            raise _TooManyOrdersError
        done = self._runs.run(order, self._alone)
        for number, allowed in enumerate(done.allowed):
            self._allowed[order[: number + 1]] = allowed
        for number, outcome in enumerate(done.outcomes):
            if isinstance(outcome, NoResult) and outcome is not NoResult.SKIPPED:
                self._waits.add(order[: number + 1])
