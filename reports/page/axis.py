"""Where values stand on a figure's edge, and the few round numbers beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.quantities import number, scale_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARGIN: Final = 0.06  # of the span, so that no dot sits on the edge
_STEPS: Final = (1, 2, 5, 10)  # between two ticks, times a power of ten
_DECADE_MARKS: Final = {0: (1, 1.5, 2, 3, 5, 7), 1: (1, 2, 5), 2: (1, 3)}  # by decades spanned
_NARROW: Final = 1e-9  # a span below this part of the value is none
_DRAWABLE: Final = 1e100  # a document may hold what no measurement gives and no arithmetic takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A range of values, and how they are labelled.

    Attributes:
        ticks: Values with their labels, in `unit`.
        unit: What the labels count; empty where they say it themselves.
        log: Equal distances are equal ratios.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    unit: str = ""
    log: bool = False

    def share(self, value: float) -> float:
        """Return where `value` lies between the ends, 0 to 1; what lies beyond is held inside."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(max(at, self.low))
        return min(max((at - low) / (high - low), 0.0), 1.0)


def drawable(value: float) -> bool:
    """Return whether a value is of a size that a figure can hold."""
    return abs(value) <= _DRAWABLE


def axis_for(values: Sequence[float], unit: str, *, from_zero: bool = False, most: int = 5) -> Axis:
    """Return a plain axis that holds the values.

    Args:
        from_zero: Begin at 0: for bars and counts, whose length is what they say.
        most: Ticks at most.
    """
    low, high = min(values), max(values)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= _NARROW * max(abs(low), abs(high)):
        reach = abs(high) * 0.1 or 1.0
        low, high = (low if from_zero and low == 0 else low - reach), high + reach
    elif not from_zero:
        reach = (high - low) * _MARGIN
        low, high = low - reach, high + reach
    scale = scale_for([low, high], unit)
    step = _round_step((high - low) / scale.factor / max(most - 1, 1))
    first = math.ceil(low / scale.factor / step - _NARROW)
    last = math.floor(high / scale.factor / step + _NARROW)
    ticks = [
        (place * step * scale.factor, _label(place * step)) for place in range(first, last + 1)
    ]
    return Axis(low=low, high=high, ticks=tuple(ticks), unit=scale.label)


def log_axis_for(values: Sequence[float], unit: str) -> Axis:
    """Return an axis of equal ratios that holds the values, all of them above 0."""
    reach = max(max(values) / min(values), 1.2) ** _MARGIN
    low, high = min(values) / reach, max(values) * reach
    decades = math.log10(high / low)
    factors = _DECADE_MARKS.get(math.floor(decades), (1,))
    every = max(math.ceil(decades / 4), 1)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [10.0**e * factor for e in exponents if e % every == 0 for factor in factors]
    inside = [one for one in marks if low <= one <= high] or [min(values), max(values)]
    ticks = tuple((one, _with_unit(one, unit)) for one in dict.fromkeys(inside))
    return Axis(low=low, high=high, ticks=ticks, log=True)


def _with_unit(value: float, unit: str) -> str:
    scale = scale_for([value], unit)
    known = scale.label if unit in {"s", "B", "bytes"} else ""
    return f"{_label(value / scale.factor)} {known}".strip()


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - _NARROW))


def _label(value: float) -> str:
    rounded = float(f"{value:.10g}")  # 3 * 0.1 is not 0.3
    return f"{rounded:g}" if 1e-3 <= abs(rounded) < 1e5 else number(rounded)  # noqa: PLR2004
