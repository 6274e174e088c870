"""A long curve becomes one that a record takes, and keeps its ends."""

from __future__ import annotations

from reports import Direction, Measure, limits
from reports.thinning import thinned


def test_a_long_curve_keeps_its_ends_its_order_and_the_limit() -> None:
    curve = [(float(at), at * 2.0) for at in range(10_007)]
    short = thinned(curve)
    assert len(short) == limits.CURVE
    assert (short[0], short[-1]) == (curve[0], curve[-1])
    assert list(short) == sorted(set(short))
    Measure(metric="m", value=1, unit="", direction=Direction.LOWER, curve=short)


def test_a_short_curve_stays_as_it_is() -> None:
    assert thinned([(0.0, 1.0), (2.0, 1.5)]) == ((0.0, 1.0), (2.0, 1.5))
    assert thinned([]) == ()
