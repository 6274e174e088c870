"""How strict judging is: floors, the share of false reports, and what "cannot tell" does."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError
from reports.judging.patterns import matches
from reports.record import check_number, check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

FLOOR: Final = 0.02  # below it, most real changes are the layout of memory
FALSE_DISCOVERY_RATE: Final = 0.05
MUST_SEE: Final = 0.3  # whoever cannot see 30 % more cannot say "no change"
_MOST_FLOOR: Final = 1000.0


class CannotTell(StrEnum):
    """What the gate does when nothing could be told."""

    EXIT_2 = "exit 2"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105  # no password


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """How much one series may move.

    Attributes:
        floor: A smaller change, as a share of the level before, is none.
        absolute_floor: A smaller change, in the series' unit, is none.
        judged: Whether the series is judged at all.
    """

    floor: float = FLOOR
    absolute_floor: float = 0.0
    judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Other strictness for the benchmarks of a pattern; None leaves what holds without the rule.

    Attributes:
        metric: Of these alone; a pattern as well.
    """

    pattern: str
    metric: str = "*"
    floor: float | None = None
    absolute_floor: float | None = None
    judged: bool = True

    def __post_init__(self) -> None:
        check_text("a rule's pattern", self.pattern, least=1)
        check_text("a rule's metric", self.metric, least=1)
        if self.floor is not None:
            check_floor("a rule's floor", self.floor, most=_MOST_FLOOR)
        if self.absolute_floor is not None:
            check_floor("a rule's absolute floor", self.absolute_floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What counts as a change, for every series of a store.

    Attributes:
        floor: A smaller relative change is none; a share: 0.02 is 2 %.
        absolute_floors: A smaller change is none, by unit: `{"s": 1e-6}`.
        rules: For the benchmarks they match; of several, the last has the last word.
        false_discovery_rate: Share of the reported changes that may be none, 0 to 1.
        must_see: A series whose noise hides a change of this share is called "cannot tell".
        cannot_tell: What the gate does when nothing could be told.

    Raises:
        BadValueError: A number is out of its range.
    """

    floor: float = FLOOR
    absolute_floors: Mapping[str, float] = field(default_factory=dict, hash=False)
    rules: tuple[Rule, ...] = ()
    false_discovery_rate: float = FALSE_DISCOVERY_RATE
    must_see: float = MUST_SEE
    cannot_tell: CannotTell = CannotTell.EXIT_2

    def __post_init__(self) -> None:
        check_floor("floor", self.floor, most=_MOST_FLOOR)
        for unit, value in self.absolute_floors.items():
            check_floor(f"the absolute floor of {unit!r}", value)
        check_number("false_discovery_rate", self.false_discovery_rate)
        if not 0 < self.false_discovery_rate < 1:
            got = repr(self.false_discovery_rate)
            raise BadValueError("false_discovery_rate", got, "a number between 0 and 1")
        check_number("must_see", self.must_see)
        if not self.must_see > 0:
            raise BadValueError("must_see", repr(self.must_see), "a number above 0")
        frozen = MappingProxyType(dict(self.absolute_floors))
        object.__setattr__(self, "absolute_floors", frozen)

    def strictness(self, benchmark: str, metric: str, *, unit: str) -> Strictness:
        """Return what holds for one series."""
        floor, absolute, judged = self.floor, self.absolute_floors.get(unit, 0.0), True
        for rule in self.rules:
            if matches(rule.pattern, benchmark) and matches(rule.metric, metric):
                floor = floor if rule.floor is None else rule.floor
                absolute = absolute if rule.absolute_floor is None else rule.absolute_floor
                judged = rule.judged
        return Strictness(floor=floor, absolute_floor=absolute, judged=judged)


def check_floor(what: str, value: object, *, most: float = float("inf")) -> None:
    """Raise BadValueError unless `value` is a finite number of 0 to `most`."""
    check_number(what, value)
    assert isinstance(value, int | float)
    if not 0 <= value <= most:
        takes = "a number of at least 0" + ("" if most == float("inf") else f", at most {most:g}")
        raise BadValueError(what, repr(value), takes)
