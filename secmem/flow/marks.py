"""The two water marks of a controller: where it blocks, and where it opens again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_HIGH: Final = 1_000
DEFAULT_LOW: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterMarks:
    """A pair that makes sense: 1 <= low <= high, and low < high unless high is 1."""

    high: int
    low: int


def water_marks(high: int, low: int) -> WaterMarks:
    """Return the marks a controller works with for what the caller asked.

    A value of 0 or less means the default (1000 and 100). A low mark that is not below the high
    one would open the gate at once, so it becomes a tenth of the high mark, at least 1.

    Raises:
        TypeError: A mark is not an int.

    Source: requirement R-FL-01.
    """
    for name, value in (("high", high), ("low", low)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(
                f"{name} takes an int, the number of slots (0 or less means the default), "
                f"got {value!r}"
            )
    high = high if high > 0 else DEFAULT_HIGH
    low = low if low > 0 else DEFAULT_LOW
    if low >= high:
        low = max(high // 10, 1)
    return WaterMarks(high=high, low=low)
