"""Slopes with confidence: what grows is told from what only moves."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stress.errors import TooFewPointsError
from stress.holdings import Holdings
from stress.leaks import (
    MAPPINGS_SPARE,
    MEMORY_SPARE_BYTES,
    MIB,
    Growth,
    growth_of,
    leak_in,
    slopes_of,
)
from stress.series import Series
from stress.slopes import LEAST_POINTS, Slope, slope_of


def line(*values: float) -> list[tuple[float, float]]:
    return [(float(at), float(value)) for at, value in enumerate(values)]


def test_the_slope_of_a_line_is_its_own_with_no_doubt() -> None:
    slope = slope_of(line(*range(0, 60, 3)))
    assert (slope.per_round, slope.low, slope.high) == (3, 3, 3)
    assert slope.rises
    assert slope.trend_p < 1e-6


def test_what_stays_as_it_is_does_not_rise() -> None:
    slope = slope_of(line(*[7.0] * 20))
    assert (slope.per_round, slope.low, slope.high, slope.trend_p) == (0, 0, 0, 0.5)
    assert not slope.rises


def test_the_interval_is_that_of_sen() -> None:
    # Worked by hand: 10 points, S = 33, variance 125 without ties, so at 95 % the ranks 11.54 and
    # 33.46 of 45 pairwise slopes, counted from 1 below and one further above (Gilbert, 16.5).
    values = [1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 8.0, 6.0, 9.0, 12.0]
    slope = slope_of(line(*values), confidence=0.95)
    slopes = sorted((values[j] - values[i]) / (j - i) for i in range(10) for j in range(i + 1, 10))
    assert slope.per_round == slopes[22]
    assert slopes[10] <= slope.low <= slopes[11]
    assert slopes[33] <= slope.high <= slopes[34]


def test_a_slope_of_too_few_points_is_refused() -> None:
    with pytest.raises(TooFewPointsError, match="10 measurements or more, got 9"):
        slope_of(line(*range(LEAST_POINTS - 1)))


@pytest.mark.parametrize("confidence", [0.0, 1.0, -1.0])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        slope_of(line(*range(20)), confidence=confidence)


def test_points_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="rise in x"):
        slope_of([(0.0, 1.0)] * 12)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=10, max_size=40), st.integers(-50, 50))
def test_adding_a_line_adds_its_slope_and_turning_over_turns_the_sign(
    values: list[int], step: int
) -> None:
    plain = slope_of(line(*values))
    tilted = slope_of(line(*(value + step * at for at, value in enumerate(values))))
    turned = slope_of(line(*(-value for value in values)))
    assert tilted.per_round == pytest.approx(plain.per_round + step, abs=1e-6)
    assert turned.per_round == pytest.approx(-plain.per_round, abs=1e-6)
    assert plain.low <= plain.per_round <= plain.high


def test_noise_is_seldom_taken_for_growth_and_growth_in_noise_is_seen() -> None:
    chance = random.Random(5)
    noise = [[chance.gauss(0, 1) for _ in range(40)] for _ in range(600)]
    alarms = sum(slope_of(line(*one)).rises for one in noise)
    # 0.5 % each: 3 expected; more than 12 has a chance below 1e-4.
    assert alarms <= 12
    grown = [[value + 0.1 * at for at, value in enumerate(one)] for one in noise[:100]]
    assert sum(slope_of(line(*one)).rises for one in grown) >= 95


def test_a_wild_outlier_moves_the_slope_little() -> None:
    values = [float(at) for at in range(40)]
    values[20] = 1e9
    assert slope_of(line(*values)).per_round == pytest.approx(1, abs=0.01)


def test_a_slope_survives_its_file() -> None:
    slope = slope_of(line(*range(20)))
    assert Slope.from_json(slope.to_json()) == slope


def test_a_series_keeps_its_first_and_latest_and_stays_bounded() -> None:
    series: Series[int] = Series(most=10)
    for value in range(1_001):
        series.add(value)
    kept = list(series)
    assert len(kept) <= 11
    assert kept[0] == (0, 0)
    assert kept[-1] == (1_000, 1_000)
    assert (series.count, series.first, series.latest) == (1_001, 0, 1_000)
    gaps = {later[0] - earlier[0] for earlier, later in itertools.pairwise(kept[:-1])}
    assert len(gaps) == 1


def test_an_empty_series_has_neither() -> None:
    series: Series[int] = Series()
    assert (list(series), series.first, series.latest, len(series)) == ([], None, None, 0)
    with pytest.raises(ValueError, match="2 or more"):
        Series(most=1)


# -- what is a leak -------------------------------------------------------------------------------


def held(  # noqa: PLR0913  # one argument a resource
    *,
    threads: int = 1,
    children: int = 0,
    descriptors: int = 5,
    mappings: int = 100,
    temp_files: int = 0,
    locked_bytes: int = 0,
    resident_bytes: int = 50 * MIB,
) -> Holdings:
    return Holdings(
        threads=threads, children=children, descriptors=descriptors, mappings=mappings,
        temp_files=temp_files, locked_bytes=locked_bytes, resident_bytes=resident_bytes,
    )  # fmt: skip


def judged(warm: Holdings, rounds: list[Holdings]) -> str:
    numbered = list(enumerate(rounds))
    return leak_in(growth_of(warm, numbered), numbered, slopes_of(numbered))


def test_what_must_end_is_compared_with_the_small_round_and_the_rest_with_the_first_full_one() -> (
    None
):
    warm = held(threads=3, descriptors=5)
    rounds = list(enumerate([held(threads=4, descriptors=8), held(threads=4, descriptors=9)]))
    assert growth_of(warm, rounds) == Growth(threads=1, descriptors=1)
    assert growth_of(warm, rounds[:1]) == Growth(threads=1, descriptors=3)


def test_nothing_has_grown_where_no_round_was_completed() -> None:
    assert growth_of(None, []) == growth_of(held(), []) == Growth()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({}, ""),
        ({"threads": 3}, "2 threads more than before the first round"),
        ({"children": 1}, "1 processes more than before the first round"),
        ({"descriptors": 6}, "1 more descriptors at the end"),
        ({"temp_files": 4}, "4 more temporary files"),
        ({"locked_bytes": 4096}, "4,096 more bytes of locked memory"),
        ({"mappings": 100 + MAPPINGS_SPARE}, ""),
        ({"mappings": 101 + MAPPINGS_SPARE}, "65 more memory mappings"),
        ({"resident_bytes": 500 * MIB}, ""),  # two rounds say nothing about memory
    ],
)
def test_with_few_rounds_a_leak_is_what_is_more_than_the_spare(
    how: dict[str, int], says: str
) -> None:
    found = judged(held(), [held(), held(**how)])
    assert found.startswith(says)
    assert bool(found) == bool(says)


@pytest.mark.parametrize("field", ["descriptors", "temp_files", "locked_bytes"])
def test_with_rounds_enough_what_is_opened_once_is_no_leak_and_what_goes_on_is(field: str) -> None:
    once = [held(**{field: 10 + (at >= 20)}) for at in range(40)]
    assert judged(held(), once) == ""
    on_and_on = [held(**{field: 10 + at // 8}) for at in range(40)]
    assert "with 99% confidence" in judged(held(), on_and_on)


def test_mappings_have_to_grow_by_more_than_come_and_go() -> None:
    assert judged(held(), [held(mappings=100 + at) for at in range(40)]) == ""
    assert "memory mappings" in judged(held(), [held(mappings=100 + 4 * at) for at in range(40)])


def memory(*sizes: float) -> str:
    return judged(held(), [held(resident_bytes=round(50 * MIB + size)) for size in sizes])


def test_memory_that_grows_on_and_on_is_a_leak() -> None:
    found = memory(*(0.25 * MIB * at for at in range(40)))
    assert "more bytes of memory at the end" in found
    assert "262,144" in found or "2.62e+05" in found


def test_memory_that_fills_up_and_stays_is_none() -> None:
    assert memory(*(min(at, 15) * MIB for at in range(60))) == ""


def test_memory_that_only_moves_is_none() -> None:
    chance = random.Random(3)
    assert memory(*(chance.uniform(0, 20 * MIB) for _ in range(60))) == ""


def test_memory_that_grows_by_nothing_to_speak_of_is_none() -> None:
    assert memory(*(at * MEMORY_SPARE_BYTES / 200 for at in range(60))) == ""
    assert memory(*(at * MEMORY_SPARE_BYTES / 20 for at in range(60))) != ""
