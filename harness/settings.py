"""How a test is explored, and how several who have a say in it are heard: the later one wins.

A *layer* is what one of them states: names of `Settings`, and only those that were said. So nobody
who says nothing overrides anybody.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError, HarnessError
from harness.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.rules import Rule
    from harness.strategies.protocol import Strategy

Layer = Mapping[str, Any]
MAX_DURATION_S: Final = 366 * 24 * 3600.0  # more is a slip of the finger
MAX_FACTOR: Final = 1_000_000
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|min|h|)", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_PATH: Final = re.compile(r"[\w.]+:[\w.]+")
_FACTOR: Final = re.compile(r"x(\d{1,7})", re.ASCII)


class Undecided(StrEnum):
    """What an undecided exploration does to its test."""

    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Factor:
    """So many times the executions that were stated before."""

    times: int

    def __str__(self) -> str:
        return f"x{self.times}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a decorated test is explored; the names are those of `explore`.

    Attributes:
        isolated: In a child process.
        undecided: What it means if a budget ends first.
    """

    strategy: str | Strategy | None = None
    executions: int = 500
    seed: int = 0
    model: str = "free-threaded"
    max_steps: int = 20_000
    workers: int = 1
    budget_s: float | None = None
    fail_on: tuple[Rule, ...] = ()
    early_timeouts: bool = False
    isolated: bool = False
    undecided: Undecided = Undecided.FAIL


class UnknownSettingError(ArgumentError):
    """A setting of a name that nobody knows."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        HarnessError.__init__(self, name, known)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        near = difflib.get_close_matches(self.name, self.known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return f"{self.name!r} is no setting{hint}; there are {', '.join(self.known)}"


NAMES: Final = tuple(field.name for field in fields(Settings))


def stated(layer: Layer) -> dict[str, Any]:
    """Return a layer with its values checked and in the form that `Settings` has; no None in it.

    Raises:
        ArgumentError: A value is not what it takes; the error says which.
        UnknownSettingError: A name is unknown.
    """
    checked: dict[str, Any] = {}
    for name, value in layer.items():
        check = _CHECKS.get(name)
        if check is None:
            raise UnknownSettingError(name, NAMES)
        if value is not None:
            checked[name] = check(name, value)
    return checked


def settle(*layers: Layer) -> Settings:
    """Return what comes of several checked layers, the weakest first."""
    found: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if isinstance(value, Factor):
                found[name] = found.get(name, Settings.__dataclass_fields__[name].default)
                found[name] *= value.times
            else:
                found[name] = value
    return Settings(**found)


def seconds_of(name: str, value: object) -> float:
    """Return the seconds of 90, "90s", "5m" or "8h".

    Raises:
        ArgumentError: It is no duration; the error calls it `name`.
    """
    seconds = -1.0
    if type(value) in (int, float):
        seconds = float(value)  # type: ignore[arg-type]  # a number by now
    elif isinstance(value, str):
        match = _DURATION.fullmatch(value.strip().lower())
        seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0 < seconds <= MAX_DURATION_S:
        raise ArgumentError(name, value, 'a time: seconds above 0, or "90s", "5m", "8h"')
    return seconds


# -- what each setting takes ----------------------------------------------------------------------


def _executions(name: str, value: object) -> int | Factor:
    if isinstance(value, str):
        match = _FACTOR.fullmatch(value)
        if match and 1 <= int(match[1]) <= MAX_FACTOR:
            return Factor(int(match[1]))
    if isinstance(value, Factor) or (type(value) is int and value >= 1):
        return value
    raise ArgumentError(name, value, 'a whole number from 1, or a factor like "x10"')


def _strategy(name: str, value: object) -> object:
    from harness.strategies.registry import make_strategy  # noqa: PLC0415  # keeps the import light

    if isinstance(value, str) and _PATH.fullmatch(value):
        return value  # a class of the user's: importing it now could be before it is made visible
    try:
        make_strategy(value, 0)  # type: ignore[arg-type]  # it says what it takes
    except ArgumentError as error:
        raise ArgumentError(name, error.got, error.wants) from None
    return value


def _argument(name: str, value: object) -> object:
    """Check what is an argument of `explore` by its own check."""
    from harness.exploring import check_arguments  # noqa: PLC0415  # as above

    good: dict[str, Any] = {
        "executions": 1, "seed": 0, "max_steps": 1, "model": "gil", "workers": 1, "budget_s": None,
    }  # fmt: skip
    check_arguments(**{**good, name: value})
    return value


def _rules(name: str, value: object) -> tuple[Rule, ...]:
    try:
        return rules_from(value)
    except ArgumentError as error:
        raise ArgumentError(name, error.got, error.wants) from None


def _flag(name: str, value: object) -> bool:
    if type(value) is not bool:
        raise ArgumentError(name, value, "True or False")
    return value


def _undecided(name: str, value: object) -> Undecided:
    if not isinstance(value, str) or value not in tuple(Undecided):
        raise ArgumentError(name, value, " or ".join(Undecided))
    return Undecided(value)


_CHECKS: Final[dict[str, Callable[[str, object], Any]]] = {
    "strategy": _strategy,
    "executions": _executions,
    "seed": _argument,
    "model": _argument,
    "max_steps": _argument,
    "workers": _argument,
    "budget_s": _argument,
    "fail_on": _rules,
    "early_timeouts": _flag,
    "isolated": _flag,
    "undecided": _undecided,
}
