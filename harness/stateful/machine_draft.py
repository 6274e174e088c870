"""A program while Hypothesis draws it: which results there are, and what each step would do.

Every step that is drawn is run at once, sequentially and under the engine, so that preconditions
see the state that they are about, and the number of a step's results is known. A value of a bundle
is drawn by its name: the thing itself is another one in every run.

What a thread consumes no other thread is given, and what two threads use none consumes: so no step
gets what another order of the steps would have taken from it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import VarReference

from harness.linearizability.operation import Raised
from harness.stateful.machine_errors import MachineError
from harness.stateful.machine_sequence import NoResult, SequentialRuns
from harness.stateful.machine_steps import Result, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.judged import Alone
    from harness.stateful.machine_rules import MachineRule, MachineRules
    from harness.stateful.machine_sequence import Order, SequentialRun

FAILED_ASSERTION = Raised("AssertionError")


class _Results(dict[str, Result]):
    """The values of all bundles, for whom Hypothesis asks: their names."""

    def __missing__(self, name: str) -> Result:
        return Result(name)


class Draft:
    """The steps that were drawn so far. In the place of the machine when Hypothesis draws.

    Attributes:
        steps: Of the program, in its order.
        names_to_values: What Hypothesis takes for the values of bundles.
    """

    def __init__(self, machine: type, rules: MachineRules, alone: Alone) -> None:
        self.steps: list[Step] = []
        self.names_to_values: dict[str, Result] = _Results()
        self.rules = rules
        self._alone = alone
        self._runs = SequentialRuns(machine, rules, self.steps)
        self._counts: Counter[str] = Counter()
        self._bundles: dict[str, list[VarReference]] = {}  # of the part that is drawn now
        self._shared: dict[str, list[VarReference]] = {}  # what the prefix left for all threads
        self._later: dict[str, list[VarReference]] = {}  # what threads made, for the suffix
        self._used: set[str] = set()  # by threads before this one
        self._using: set[str] = set()  # by this one
        self.parts: frozenset[type] = frozenset()

    # -- what Hypothesis asks of a machine -------------------------------------------------------

    def bundle(self, name: str) -> list[VarReference]:
        """Return what the part that is drawn now can take from a bundle."""
        return self._bundles.setdefault(name, [])

    # -- parts -----------------------------------------------------------------------------------

    def begin_thread(self) -> None:
        """Draw a thread from now on: it has what the prefix left, and nothing of other threads."""
        self._bundles = {name: list(values) for name, values in self._shared.items()}
        self._using = set()

    def end_prefix(self) -> None:
        """Leave what there is to the threads."""
        self._shared = {name: list(values) for name, values in self._bundles.items()}

    def end_thread(self) -> None:
        """Keep what the thread made for the suffix, and what it consumed from the others."""
        for name, values in self._bundles.items():
            shared = self._shared.get(name, [])
            own = [one for one in values if one not in shared]
            self._later.setdefault(name, []).extend(own)
            self._shared[name] = [one for one in shared if one in values]
        self._used |= self._using

    def begin_suffix(self) -> None:
        """Draw the suffix from now on: it has what all others left."""
        self._bundles = {name: list(values) for name, values in self._shared.items()}
        for name, values in self._later.items():
            self._bundles.setdefault(name, []).extend(values)
        self._used = set()

    # -- steps -----------------------------------------------------------------------------------

    def candidates(self, order: Order) -> list[MachineRule]:
        """Return the rules that can be applied after an order of steps."""
        done = self._runs.run(order, self._alone)
        self.parts |= done.parts
        return [
            rule
            for rule in self.rules.rules.values()
            if rule.name in done.enabled and all(map(self.bundle, rule.bundles))
        ]

    def add(self, draw: Any, rule: MachineRule, order: Order) -> SequentialRun | None:  # noqa: ANN401  # Hypothesis' own
        """Draw the arguments of a rule and add the step; None if it cannot be one here.

        Returns:
            What the steps do in this order, the new one last.
        """
        before = {name: list(values) for name, values in self._bundles.items()}
        step = Step(rule.name, {name: draw(one) for name, one in rule.arguments.items()})
        _refuse_drawing(self.rules.machine, step)
        if self._taken(before) & self._used:
            self._bundles = before
            return None
        self._using.update(step.references())
        self.steps.append(step)
        done = self._runs.run((*order, len(self.steps) - 1), self._alone)
        count = 1 if isinstance(done.outcomes[-1], NoResult) else done.results[-1]
        self.steps[-1] = Step(step.rule, step.arguments, self._names(rule, count))
        return done

    def take_back(self) -> None:
        """Leave out the last step again."""
        step = self.steps.pop()
        for values in self._bundles.values():
            values[:] = [one for one in values if one.name not in step.into]

    def outcome(self, order: Order) -> SequentialRun:
        """Return what the steps do in an order."""
        return self._runs.run(order, self._alone)

    def _taken(self, before: dict[str, list[VarReference]]) -> set[str]:
        """Return the names that the last draw has consumed."""
        left = {one.name for values in self._bundles.values() for one in values}
        return {one.name for values in before.values() for one in values} - left

    def _names(self, rule: MachineRule, count: int) -> tuple[str, ...]:
        made = []
        for target in rule.targets:
            for _ in range(count):
                name = f"{target}_{self._counts[target]}"
                self._counts[target] += 1
                self.bundle(target).append(VarReference(name))
                made.append(name)
        return tuple(made)


def _refuse_drawing(machine: str, step: Step) -> None:
    """Refuse a step that would draw while it runs: nothing can be drawn inside an execution."""
    for name, value in step.arguments.items():
        if isinstance(value, st.DataObject):
            raise MachineError(
                machine, f"{step.rule} takes {name}=st.data(), to draw while it runs",
                "Values are drawn before threads start: give the strategy to @rule itself",
            )  # fmt: skip


def refuse_transformed(machine: str, rules: Iterable[MachineRule]) -> None:
    """Refuse rules that filter or map the values of a bundle: they are not known when drawn.

    Raises:
        MachineError: A rule does.
    """
    for rule in rules:
        for name, strategy in rule.arguments.items():
            inner = getattr(strategy, "filtered_strategy", getattr(strategy, "mapped_strategy", 0))
            transformed = getattr(strategy, "_transformations", ()) and hasattr(strategy, "name")
            if transformed or type(inner).__name__.startswith("Bundle"):
                raise MachineError(
                    machine, f"{rule.name} filters or maps the bundle of {name}",
                    "What is in a bundle is only known when the threads run: do it in the rule",
                )  # fmt: skip
