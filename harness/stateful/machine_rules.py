"""The rules of a machine class, as its decorators left them.

The decorators are Hypothesis' own, so that a machine of theirs becomes a concurrent one by another
base class. What is read of them is four attributes and the names of four markers, the same from
Hypothesis 6.100 on; nothing of how Hypothesis runs a machine is used.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis.stateful import (
    INITIALIZE_RULE_MARKER,
    INVARIANT_MARKER,
    PRECONDITIONS_MARKER,
    RULE_MARKER,
)

from harness.stateful.machine_errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.stateful.machine_steps import Step


MARKERS: Final = (INITIALIZE_RULE_MARKER, INVARIANT_MARKER, PRECONDITIONS_MARKER, RULE_MARKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRule:
    """One rule.

    Attributes:
        function: As it was written; takes the machine first.
        arguments: A strategy for each.
        targets: Names of the bundles that its results go to.
        bundles: Names of the bundles that its arguments are drawn from directly.
        preconditions: Functions of the machine.
    """

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    targets: tuple[str, ...]
    bundles: tuple[str, ...]
    preconditions: tuple[Callable[[Any], object], ...]

    def bind(self, arguments: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return arguments as a method of the same shape takes them: by position where it can."""
        bound = inspect.signature(self.function).bind(None, **arguments)
        return bound.args[1:], bound.kwargs


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineInvariant:
    """One invariant.

    Attributes:
        during_init: It holds before all `initialize` rules have run, too.
    """

    name: str
    function: Callable[..., Any]
    preconditions: tuple[Callable[[Any], object], ...]
    during_init: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRules:
    """What a machine class consists of, by name."""

    machine: str
    rules: Mapping[str, MachineRule]
    initializers: Mapping[str, MachineRule]
    invariants: tuple[MachineInvariant, ...]

    def rule_of(self, step: Step) -> MachineRule:
        """Return the rule that a step applies.

        Raises:
            MachineError: There is none of that name, or it takes other arguments.
        """
        found = self.rules.get(step.rule) or self.initializers.get(step.rule)
        if found is None:
            known = ", ".join([*self.initializers, *self.rules])
            raise MachineError(
                self.machine, f"a step applies the rule {step.rule!r}", f"Its rules are: {known}"
            )
        if set(step.arguments) != set(found.arguments):
            takes = ", ".join(found.arguments) or "nothing"
            raise MachineError(
                self.machine, f"a step gives {step.rule} other arguments ({step})",
                f"It takes {takes}",
            )  # fmt: skip
        return found

    @property
    def guarded(self) -> bool:
        """Whether any rule has a precondition."""
        return any(rule.preconditions for rule in self.rules.values())


@lru_cache(maxsize=256)
def rules_of(machine: type) -> MachineRules:
    """Return the rules of a machine class.

    Raises:
        MachineError: It has none, or decorators that mean nothing together.
    """
    rules: dict[str, MachineRule] = {}
    initializers: dict[str, MachineRule] = {}
    invariants: list[MachineInvariant] = []
    for name, member in inspect.getmembers(machine):
        if (found := getattr(member, RULE_MARKER, None)) is not None:
            rules[name] = _rule(name, found)
        elif (found := getattr(member, INITIALIZE_RULE_MARKER, None)) is not None:
            initializers[name] = _rule(name, found)
        elif (found := getattr(member, INVARIANT_MARKER, None)) is not None:
            invariants.append(_invariant(name, found))
        elif getattr(member, PRECONDITIONS_MARKER, None) is not None:
            raise MachineError(
                machine.__qualname__, f"{name} has a precondition and is no rule",
                "Write @rule() or @invariant() beside @precondition",
            )  # fmt: skip
    if not rules:
        raise MachineError(
            machine.__qualname__, "it has no rules",
            "Write @rule() above the methods that threads shall call",
        )  # fmt: skip
    return MachineRules(
        machine=machine.__qualname__,
        rules=_in_order(rules.values()),
        initializers=_in_order(initializers.values()),
        invariants=tuple(invariants),
    )


def _in_order(rules: Iterable[MachineRule]) -> dict[str, MachineRule]:
    """Sort rules so that a smaller choice is a simpler step: less to feed, fewer arguments."""
    ordered = sorted(rules, key=lambda one: (one.targets, len(one.arguments), one.name))
    return {rule.name: rule for rule in ordered}


def _rule(name: str, found: Any) -> MachineRule:  # noqa: ANN401  # a Rule of Hypothesis
    return MachineRule(
        name=name,
        function=found.function,
        arguments=dict(found.arguments),
        targets=tuple(found.targets),
        bundles=tuple(bundle.name for bundle in found.bundles),
        preconditions=tuple(found.preconditions),
    )


def _invariant(name: str, found: Any) -> MachineInvariant:  # noqa: ANN401  # as above
    return MachineInvariant(
        name=name,
        function=found.function,
        preconditions=tuple(found.preconditions),
        during_init=bool(found.check_during_init),
    )
