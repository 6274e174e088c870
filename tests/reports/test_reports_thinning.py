"""A long curve becomes one that a record takes, and keeps its ends."""

from __future__ import annotations

import itertools

from reports import Direction, Measure, limits
from reports.thinning import thinned


def test_a_long_curve_keeps_its_ends_its_order_and_the_limit() -> None:
    curve = [(float(at), at * 2.0) for at in range(10_007)]
    short = thinned(curve)
    assert limits.CURVE * 2 // 3 <= len(short) <= limits.CURVE
    assert (short[0], short[-1]) == (curve[0], curve[-1])
    assert list(short) == sorted(set(short))
    Measure(metric="m", value=1, unit="", direction=Direction.LOWER, curve=short)


def test_a_short_curve_stays_as_it_is() -> None:
    assert thinned([(0.0, 1.0), (2.0, 1.5)]) == ((0.0, 1.0), (2.0, 1.5))
    assert thinned([]) == ()


def test_a_spike_and_a_jump_between_even_points_are_kept() -> None:
    curve = [(float(at), 10.0 if at < 4_321 else 20.0) for at in range(10_000)]
    curve[777] = (777.0, 99.0)
    kept = thinned(curve)
    assert len(kept) <= limits.CURVE
    assert {(776.0, 10.0), (777.0, 99.0), (778.0, 10.0)} <= set(kept)
    assert {(4_320.0, 10.0), (4_321.0, 20.0)} <= set(kept)
    assert (kept[0], kept[-1]) == (curve[0], curve[-1])


def test_a_curve_of_jumps_alone_is_thinned_evenly_too() -> None:
    curve = [(float(at), float(at % 7)) for at in range(5_000)]
    kept = thinned(curve)
    assert len(kept) <= limits.CURVE
    times = [at for at, _ in kept]
    assert times == sorted(times)
    assert max(late - early for early, late in itertools.pairwise(times)) <= 30
