"""A machine run sequentially: what its steps return when they come one after the other.

This is what threads are judged by. A machine cannot be copied in the middle of its life, so every
order of steps is run from the start, once, in an execution of its own: a step that waits for ever
there would wait. What was learnt is kept for all executions of the program.
"""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from hypothesis.errors import HypothesisException
from hypothesis.stateful import MultipleResults

from harness.engine.place import is_ours
from harness.errors import HarnessError
from harness.instrument.type_facts import root_of
from harness.linearizability.raised import raised
from harness.stateful.machine_errors import MachineError
from harness.stateful.machine_steps import Result, with_results
from harness.stateful.machine_values import Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.judged import Alone
    from harness.stateful.machine_rules import MachineRule, MachineRules
    from harness.stateful.machine_steps import Step

    Order = tuple[int, ...]
    Apply = Callable[[Any, MachineRule, Mapping[str, Any]], object]

_STANDARD: Final = sys.stdlib_module_names
PLAIN: Final = frozenset((int, str, bool, type(None), float, bytes, complex))
SHARED: Final = PLAIN | {Result}  # what several runs may be given


class NoResult(Enum):
    """Why a step has no result."""

    WAITS = "it would wait for ever"
    SKIPPED = "what it takes was not returned"
    UNREACHED = "a step before it would wait for ever"


class Names:
    """What the results of a run are called. Belongs to one run."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, object] = {}

    def keep(self, step: Step, rule: MachineRule, result: object) -> None:
        """Give the results of a step their names."""
        if not step.into:
            return
        several = result.values if isinstance(result, MultipleResults) else (result,)
        each = len(step.into) // max(len(rule.targets), 1)
        for number, name in enumerate(step.into):
            place = number % each if each else 0
            if place < len(several):
                self._values[name] = several[place]

    def arguments(self, step: Step) -> dict[str, Any] | None:
        """Return what a step is called with; None where one of its results was never returned."""
        try:
            return {
                name: value if type(value) in PLAIN else self._look_into(value)
                for name, value in step.arguments.items()
            }
        except KeyError:
            return None

    def _look_into(self, value: object) -> Any:  # noqa: ANN401  # any argument
        return with_results(value, self._values.__getitem__)


def fresh(step: Step) -> Step:
    """Return a step whose arguments nobody else has: rules may change what they are given."""
    given = step.arguments
    if all(type(value) in SHARED for value in given.values()):
        return step
    arguments = {
        name: value if type(value) in SHARED else copy.deepcopy(value)
        for name, value in given.items()
    }
    return type(step)(step.rule, arguments, step.into)


def settled(result: object, slots: Slots) -> Any:  # noqa: ANN401  # any result
    """Return a result as two runs can compare it."""
    if isinstance(result, MultipleResults):
        return slots.settle(tuple(result.values))
    return slots.settle(result)


def apply_rule(machine: object, rule: MachineRule, arguments: Mapping[str, Any]) -> object:
    """Apply a rule to a machine."""
    return rule.function(machine, **arguments)


def apply_method(model: object, rule: MachineRule, arguments: Mapping[str, Any]) -> object:
    """Call the method of a model that has the name of a rule."""
    positional, named = rule.bind(arguments)
    return getattr(model, rule.name)(*positional, **named)


@dataclass(slots=True)
class SequentialRun:
    """What one order of steps did.

    Attributes:
        outcomes: Of each step that was reached.
        allowed: Whether the preconditions of each step held before it.
        enabled: Names of the rules whose preconditions hold at the end.
        results: How many values each step gave to each bundle.
        names: What its results are called.
        slots: Its objects that equal only themselves.
        parts: Classes of what the machine holds at the end.
    """

    outcomes: list[Any] = field(default_factory=list)
    allowed: list[bool] = field(default_factory=list)
    enabled: frozenset[str] = frozenset()
    results: list[int] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    slots: Slots = field(default_factory=Slots)
    parts: frozenset[type] = frozenset()
    error: Exception | None = None


class SequentialRuns:
    """Runs orders of the steps of one program, each once.

    Args:
        make: Returns a new machine, or a new model.
        apply: Applies a rule to what `make` returns.
        guards: Whether preconditions are asked: a model has none.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        rules: MachineRules,
        steps: Sequence[Step],
        *,
        apply: Apply = apply_rule,
        guards: bool = True,
    ) -> None:
        self._make = make
        self._rules = rules
        self._steps = steps
        self._apply = apply
        self._guards = guards
        self._outcomes: dict[Order, Any] = {}
        self.runs = 0

    def outcome(self, order: Order, alone: Alone) -> Any:  # noqa: ANN401  # any result
        """Return what the last step of an order does after those before it."""
        found = self._outcomes.get(order, self)
        if found is self:
            self.run(order, alone)
            found = self._outcomes[order]
        return found

    def run(self, order: Order, alone: Alone) -> SequentialRun:
        """Run an order of steps.

        Raises:
            BaseException: What a precondition, or the making of the machine, raised.
        """
        self.runs += 1
        done = SequentialRun()
        ending = alone(lambda: self._run(order, done))
        if done.error is not None:
            raise done.error
        if len(done.outcomes) < len(order):
            if ending.error is not None:  # the machine could not be made
                raise ending.error
            done.outcomes.append(NoResult.WAITS)
        missing = len(order) - len(done.outcomes)
        done.outcomes += [NoResult.UNREACHED] * missing
        for number, outcome in enumerate(done.outcomes):
            self._outcomes[order[: number + 1]] = outcome
        return done

    def _run(self, order: Order, done: SequentialRun) -> None:
        machine = self._make()
        try:
            for index in order:
                step = fresh(self._steps[index])
                rule = self._rules.rule_of(step)
                if self._guards:
                    done.allowed.append(self._holds(machine, rule, done))
                outcome = self._step(machine, rule, step, done)
                done.outcomes.append(outcome)
            if self._guards:
                done.enabled = frozenset(
                    name for name, rule in self._rules.rules.items()
                    if self._holds(machine, rule, done)
                )  # fmt: skip
            done.parts = parts_of(machine)
        finally:
            teardown = getattr(machine, "teardown", None)
            if self._guards and teardown is not None:
                teardown()

    def _step(self, machine: object, rule: MachineRule, step: Step, done: SequentialRun) -> Any:  # noqa: ANN401  # any result
        arguments = done.names.arguments(step)
        if arguments is None:
            done.results.append(0)
            return NoResult.SKIPPED
        try:
            result = self._apply(machine, rule, arguments)
        except HarnessError:
            raise
        except HypothesisException as error:
            done.error = MachineError(
                self._rules.machine, f"{rule.name} calls Hypothesis while it runs ({error!r})",
                "Nothing can be drawn, assumed or noted inside an execution: write a "
                "@precondition, or give @rule the strategy",
            )  # fmt: skip
            raise
        except Exception as error:  # noqa: BLE001  # what a rule raises is its result
            done.results.append(0)
            return raised(error)
        done.names.keep(step, rule, result)
        done.results.append(len(result.values) if isinstance(result, MultipleResults) else 1)
        return settled(result, done.slots)

    def _holds(self, machine: object, rule: MachineRule, done: SequentialRun) -> bool:
        try:
            return all(condition(machine) for condition in rule.preconditions)
        except Exception as error:  # kept: it has to leave the execution
            done.error = error
            raise


def parts_of(machine: object) -> frozenset[type]:
    """Return the classes of what a machine holds that somebody may want to see inside."""
    held = getattr(machine, "__dict__", {}).values()
    return frozenset(kind for kind in map(type, held) if _is_users(kind))


def _is_users(kind: type) -> bool:
    """Say whether a class is neither the standard library's nor ours: its twins are no subject."""
    module = sys.modules.get(kind.__module__)
    path = getattr(module, "__file__", None)
    return path is not None and not is_ours(path) and root_of(kind.__module__) not in _STANDARD
