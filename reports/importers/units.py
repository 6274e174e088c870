"""What a unit's name says: the metric, how many make one of ours, and which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from reports.record import Direction

_SECONDS: Final = {
    "ns": 1e9, "nsec": 1e9, "nanosecond": 1e9, "nanoseconds": 1e9,
    "us": 1e6, "\u00b5s": 1e6, "\u03bcs": 1e6, "usec": 1e6, "microsecond": 1e6,
    "microseconds": 1e6, "ms": 1e3, "msec": 1e3, "millisecond": 1e3, "milliseconds": 1e3,
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
}  # fmt: skip
_PER_ROUND: Final = re.compile(r" ?/ ?(?:iter|iteration|op|call|round|run)s?")
_PER_TIME: Final = re.compile(r".*(?:/ ?| per )(?:ns|us|ms|s|sec|second|min|minute|h|hour)")
_RATES: Final = frozenset(
    {"hz", "khz", "mhz", "qps", "rps", "tps", "fps", "ips", "ops", "throughput"}
)
_SIZES: Final = re.compile(
    r"(?:[kmgt]i?)?(?:b|bytes?)|(?:kilo|mega|giga|kibi|mebi|gibi)bytes?|alloc(?:ation)?s?"
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit as it is stored: the value in a file divided by `divisor` is in `unit`.

    Divided, since 12.4 / 1000 is the nearest number to 0.0124, and 12.4 * 0.001 is not.

    `direction` is None where the unit's name does not tell it.
    """

    metric: str
    unit: str
    divisor: float
    direction: Direction | None


def unit_of(text: str) -> Unit:
    """Return what a unit's name says.

    Times become seconds: tools change from ns to ms with the size of a value, which would look
    like a step. Rates get better upwards; times, sizes and counts of allocations downwards.
    """
    lower = _PER_ROUND.sub("", text.strip().lower())
    if lower in _SECONDS:
        return Unit(metric="time", unit="s", divisor=_SECONDS[lower], direction=Direction.LOWER)
    if lower in _RATES or _PER_TIME.fullmatch(lower):
        return Unit(metric="rate", unit=text, divisor=1.0, direction=Direction.HIGHER)
    if _SIZES.fullmatch(lower):
        return Unit(metric="size", unit=text, divisor=1.0, direction=Direction.LOWER)
    return Unit(metric="value", unit=text, divisor=1.0, direction=None)
