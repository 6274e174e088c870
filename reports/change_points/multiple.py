"""P-values of many series at once: how many of the changes told may be noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return each p-value after Benjamini and Hochberg, in the order given.

    Telling every change whose adjusted value is at most q keeps the share of false ones among
    those told at or below q on average, whatever the number of series.

    Raises:
        BadValueError: A value is not a number from 0 to 1.

    Source: Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995), section 3.1.
    """
    for at, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise BadValueError("adjusted", f"{p!r} at index {at}", "p-values from 0 to 1")
    count = len(p_values)
    result = [1.0] * count
    least = 1.0
    # From the largest down: no p may end above that of a larger one.
    for rank, at in enumerate(sorted(range(count), key=p_values.__getitem__, reverse=True)):
        # At least p itself, from which a rounding may have strayed.
        least = min(least, max(p_values[at], p_values[at] * count / (count - rank)))
        result[at] = least
    return tuple(result)
