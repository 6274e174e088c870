"""Rules that an execution can break and get away with; it fails on them only where asked to.

An execution that is to be judged runs recorded, which makes it some 15 times slower. A schedule
under which a rule is broken is then run again, shrunk and told like any other failure.
"""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.lock_order import find_inversions
from harness.analysis.locks_held import find_held_too_long
from harness.analysis.races import find_races
from harness.engine.ending import Breach, Ending, EndingKind
from harness.engine.recorder import Recorder
from harness.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    class Shown(Protocol):
        """What an analysis found."""

        def message(self) -> str:
            """Return what happened, in words."""

        def signature(self) -> tuple[object, ...]:
            """Return what makes two of them the same one."""


class Rule(StrEnum):
    """What an exploration can be told to fail on, under the name that `fail_on` takes."""

    DATA_RACE = "data-race"
    LOCK_ORDER = "lock-order"
    LOCK_HELD = "lock-held"


RULE_NAMES: Final = tuple(rule.value for rule in Rule)
# What an execution tells its recorder.
_TOLD: Final = tuple(
    name
    for name, value in vars(Recorder).items()
    if isinstance(value, FunctionType) and not name.startswith("_") and name != "name"
)
_SURVIVED: Final = (EndingKind.FINISHED, EndingKind.STEP_BOUND)


def rules_from(fail_on: object) -> tuple[Rule, ...]:
    """Return the rules of a `fail_on`: a name, or several.

    Raises:
        ArgumentError: One is not the name of a rule.
    """
    wants = f"names of rules: {', '.join(RULE_NAMES)}"
    if isinstance(fail_on, str):
        fail_on = (fail_on,)
    if not isinstance(fail_on, tuple | list | set | frozenset):
        raise ArgumentError("fail_on", fail_on, wants)
    for name in fail_on:
        if not isinstance(name, str) or name not in RULE_NAMES:
            raise ArgumentError("fail_on", name, wants)
    return tuple(rule for rule in Rule if rule in fail_on)


class Judge:
    """Judges recorded executions by some rules.

    Where an execution breaks several, the one that was seen first goes on being reported: the runs
    that follow are there to make that failure smaller.
    """

    __slots__ = ("_rules", "_wanted")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._wanted: tuple[object, ...] | None = None

    def recorder(self, other: Recorder | None) -> Recorder:
        """Return the recorder to run under: `other` if it keeps events, else one beside it."""
        if other is not None and other.keeps_events:
            return other
        return Recorder() if other is None else Pair(other)

    def judge(self, ending: Ending, recorder: Recorder) -> Ending:
        """Return an ending that tells of a broken rule, if the execution broke one."""
        if ending.kind not in _SURVIVED:
            return ending
        recorder.settle()
        found = list(self._breaches(recorder))
        if not found:
            return ending
        breach = next((one for one in found if one.signature == self._wanted), found[0])
        self._wanted = self._wanted or breach.signature
        return dataclasses.replace(ending, kind=EndingKind.BREACH, breach=breach)

    def _breaches(self, recorder: Recorder) -> Iterator[Breach]:
        events, stacks = recorder.events, recorder.stacks
        for rule in self._rules:
            match rule:
                case Rule.DATA_RACE:
                    yield from _breaches(rule, find_races(events, stacks))
                case Rule.LOCK_ORDER:
                    yield from _breaches(rule, find_inversions(events))
                case Rule.LOCK_HELD:
                    yield from _breaches(rule, find_held_too_long(events, stacks))


def _breaches(rule: Rule, found: Iterable[Shown]) -> Iterator[Breach]:
    for one in found:
        yield Breach(rule.name, one.message(), one.signature())


class Pair(Recorder):
    """A recorder that keeps events and tells a second one, which watches for something else."""

    __slots__ = ("_other",)

    def __init__(self, other: Recorder) -> None:
        super().__init__()
        self._other = other


def _told_both(name: str) -> Any:  # noqa: ANN401  # a method of the recorder's
    mine = getattr(Recorder, name)

    def tell(self: Pair, *told: Any, **named: Any) -> None:  # noqa: ANN401  # those of the recorder
        mine(self, *told, **named)
        getattr(self._other, name)(*told, **named)

    return tell


for _name in _TOLD:
    setattr(Pair, _name, _told_both(_name))
