"""A long curve as one that a record takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import limits

if TYPE_CHECKING:
    from collections.abc import Sequence


def thinned(curve: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return at most `limits.CURVE` of the points, evenly chosen; the first and last are kept."""
    if len(curve) <= limits.CURVE:
        return tuple(curve)
    last = len(curve) - 1
    return tuple(curve[round(at * last / (limits.CURVE - 1))] for at in range(limits.CURVE))
