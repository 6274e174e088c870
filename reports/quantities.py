"""Numbers as people read them: three significant digits, a unit that fits, thin separators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

THIN: Final = "\u202f"  # narrow no-break space: groups digits and holds a number to its unit
MINUS: Final = "\u2212"
TIMES: Final = "\u00d7"
MICRO: Final = "\u00b5"
_TIMES: Final = ((1e-9, "ns"), (1e-6, MICRO + "s"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"))
_BYTES: Final = ((1.0, "B"), (1024.0, "KiB"), (1024.0**2, "MiB"), (1024.0**3, "GiB"))
_WHOLE: Final = 1e15  # beyond, a float no longer tells neighbouring integers apart
_TINY: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A unit of convenient size: a value divided by `factor` reads well before `label`."""

    factor: float
    label: str


def scale_for(values: Sequence[float], unit: str) -> Scale:
    """Return the one unit in which all values of a figure or a row read well."""
    largest = max((abs(value) for value in values), default=0.0)
    if unit == "x":
        return Scale(factor=1.0, label=TIMES)
    steps = {"s": _TIMES, "B": _BYTES, "bytes": _BYTES}.get(unit)
    if steps is None:
        return Scale(factor=1.0, label=unit)
    fitting = [step for step in steps if largest >= step[0]]
    factor, label = fitting[-1] if fitting else steps[0]
    return Scale(factor=factor, label=label)


def quantity(value: float, unit: str) -> str:
    """Return a value with its unit, such as "2.91 ms" or "34 200 executions"."""
    scale = scale_for([value], unit)
    return f"{number(value / scale.factor)}{THIN}{scale.label}".strip()


def stated(value: float, unit: str) -> str:
    """Return a number that somebody chose, such as a limit, without digits it does not have."""
    scale = scale_for([value], unit)
    shown = value / scale.factor
    text = f"{shown:.6g}" if abs(shown) < _WHOLE and shown != int(shown) else number(shown)
    return f"{text}{THIN}{scale.label}".strip()


def number(value: float) -> str:
    """Return a number in three significant digits, whole ones in full."""
    if not math.isfinite(value):
        return "not a number"
    sign, size = (MINUS if value < 0 else ""), abs(value)
    if size == 0:
        return "0"
    if size >= _WHOLE or size < _TINY:
        return f"{sign}{size:.2e}"
    if size == int(size) or size >= 1000:  # noqa: PLR2004  # four digits need no fraction
        return sign + f"{round(size):,}".replace(",", THIN)
    digits = 2 - math.floor(math.log10(size))
    return sign + f"{size:.{digits}f}"


def percent(change: float) -> str:
    """Return a signed relative change, such as "+31 %"."""
    size = abs(change) * 100
    text = f"{size:.0f}" if size >= 10 or size == 0 else f"{size:.1f}"  # noqa: PLR2004
    if float(text) == 0:
        return f"0{THIN}%"
    return f"{MINUS if change < 0 else '+'}{text}{THIN}%"


def count(number_of: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun, such as "1 run" or "12 runs"."""
    return f"{number(number_of)} {noun if number_of == 1 else plural or noun + 's'}"
