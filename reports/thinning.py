"""A long curve as one that a record takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import limits

if TYPE_CHECKING:
    from collections.abc import Sequence


_JUMPS = limits.CURVE // 6  # each keeps two points: they take up to a third of them


def thinned(curve: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return at most `limits.CURVE` of the points.

    Kept are the first and the last, both ends of the largest jumps, and others evenly chosen: a
    spike between two even points is what somebody looks for.
    """
    if len(curve) <= limits.CURVE:
        return tuple(curve)
    last = len(curve) - 1
    by_size = sorted(range(last), key=lambda at: -abs(curve[at + 1][1] - curve[at][1]))
    jumps = [at for at in by_size[:_JUMPS] if curve[at + 1][1] != curve[at][1]]
    kept = {end for at in jumps for end in (at, at + 1)}
    evenly = limits.CURVE - len(kept)
    kept.update(round(at * last / (evenly - 1)) for at in range(evenly))
    return tuple(curve[at] for at in sorted(kept))
