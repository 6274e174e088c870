"""A p-value says how often noise alone shows as much, the search for the place included."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.change_points.scan import (
    gains_by_split,
    gains_on_line,
    likely_place,
    split_gains,
    squares_about_mean,
)
from reports.change_points.significance import Stretch, chance_run, slope_p, step_p
from tests.reports.change_points.generated_series import gauss, heavy, remembering, skewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.reports.change_points.generated_series import Floats, Noise

SERIES = 120
# Of 120 fair p-values more than 16 are at or below 0.05 in one run of 5 000 (binomial).
MOST = 16


def _share_small(
    p_of: Callable[[Stretch], float], shape: Noise, *, memory: float = 0.0, points: int = 40
) -> int:
    draws = np.random.default_rng(5)
    stretches = (
        Stretch(values=shape(draws, points), correlation=memory, evidence=points)
        for _ in range(SERIES)
    )
    return sum(p_of(each) <= 0.05 for each in stretches)


@pytest.mark.parametrize(
    ("shape", "memory", "points"),
    [
        pytest.param(gauss, 0.0, 40, id="shuffled"),
        pytest.param(heavy, 0.0, 40, id="shuffled, heavy tails"),
        pytest.param(skewed, 0.0, 40, id="shuffled, skewed"),
        pytest.param(remembering(0.6), 0.6, 60, id="simulated"),
        pytest.param(gauss, 0.0, 9, id="bell-shaped"),
    ],
)
def test_noise_has_small_p_values_no_oftener_than_they_say(
    shape: Noise, memory: float, points: int
) -> None:
    assert _share_small(step_p, shape, memory=memory, points=points) <= MOST


def test_a_slope_in_noise_has_small_p_values_no_oftener_than_they_say() -> None:
    assert _share_small(slope_p, gauss) <= MOST


def _t_test(stretch: Stretch) -> float:
    """What a test at the place found would say, as if nobody had looked for it."""
    values = stretch.values - stretch.values.mean()
    share = float(split_gains(values) / squares_about_mean(values))
    deviations = math.sqrt(share / (1 - share) * (values.size - 2))
    return math.erfc(deviations / math.sqrt(2))


def test_a_p_value_that_forgets_the_search_is_caught() -> None:
    assert _share_small(_t_test, gauss) > MOST


def test_a_p_value_that_forgets_the_memory_is_caught() -> None:
    assert _share_small(step_p, remembering(0.6), memory=0.0, points=60) > MOST


def test_a_series_and_its_reverse_have_one_p() -> None:
    values = skewed(np.random.default_rng(3), 50)
    values[20:] += 1.2
    one, other = (
        step_p(Stretch(values=each, correlation=0.0, evidence=50))
        for each in (values, values[::-1])
    )
    assert one == pytest.approx(other, rel=1e-6)


def test_p_falls_as_the_step_grows_beyond_what_counting_shows() -> None:
    noise = gauss(np.random.default_rng(2), 80)
    steps = (noise + size * (np.arange(80) >= 40) for size in (1, 2, 4, 8))
    p_values = [step_p(Stretch(values=each, correlation=0.0, evidence=80)) for each in steps]
    assert p_values == sorted(p_values, reverse=True)
    assert p_values[-1] < 1e-6


def test_three_points_of_twelve_have_no_p_below_what_shuffles_can_show() -> None:
    values = np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 1.1, 0.9, 1.0, 1.05] * 2 + [9.0, 9.1, 9.2])
    p = step_p(Stretch(values=values, correlation=0.0, evidence=23))
    assert p >= 2 / math.comb(23, 3)


def test_levels_without_noise_have_the_p_of_coins() -> None:
    p = step_p(Stretch(values=np.array([1.0, 1, 1, 2, 2, 2]), correlation=0.0, evidence=6))
    assert p >= 2 / math.comb(6, 3)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_gains_are_those_of_generalised_least_squares(memory: float) -> None:
    values = np.random.default_rng(0).standard_normal(20)
    to_free = np.eye(20) - memory * np.eye(20, k=-1)
    to_free[0, 0] = math.sqrt(1 - memory**2)

    def left(*columns: Floats) -> float:
        design = to_free @ np.stack(columns, axis=1)
        free = to_free @ values
        answer = np.linalg.lstsq(design, free, rcond=None)[0]
        return float(((free - design @ answer) ** 2).sum())

    mean = np.ones(20)
    total = left(mean)
    steps = [total - left(mean, (np.arange(20) >= at).astype(float)) for at in range(3, 18)]
    assert gains_by_split(values, memory) == pytest.approx(steps)
    assert float(squares_about_mean(values, memory)) == pytest.approx(total)


def test_the_range_of_places_holds_the_true_one_as_often_as_it_says() -> None:
    draws = np.random.default_rng(8)
    held = 0
    for _ in range(100):
        at = int(draws.integers(15, 45))
        values = draws.standard_normal(60) + 1.5 * (np.arange(60) >= at)
        _, low, high = likely_place(values - values.mean(), 0.0)
        held += low <= at <= high
    assert held >= 88  # misses with less than 1 in 500 at 95 of 100


def test_a_run_of_spikes_is_likelier_the_more_spikes_there_are() -> None:
    few, many = (chance_run(count, of=100, window=3, run=3, places=100) for count in (1, 8))
    assert few < 0.01 < many
    assert chance_run(0, of=100, window=3, run=3, places=100) == 0


def test_a_step_on_a_line_is_judged_as_if_the_line_could_lie_anew() -> None:
    draws = np.random.default_rng(6)
    told = 0
    for _ in range(SERIES):
        values = draws.standard_normal(50) + 0.05 * np.arange(50)
        stretch = Stretch(values=values, correlation=0.0, evidence=50, sloped=True)
        told += step_p(stretch) <= 0.05
    assert told <= MOST


def test_gains_on_a_line_are_those_of_least_squares() -> None:
    values = np.random.default_rng(1).standard_normal(20)
    time = np.arange(20.0)

    def left(*columns: Floats) -> float:
        design = np.stack((np.ones(20), time, *columns), axis=1)
        answer = np.linalg.lstsq(design, values, rcond=None)[0]
        return float(((values - design @ answer) ** 2).sum())

    steps = [left() - left((time >= at).astype(float)) for at in range(3, 18)]
    assert gains_on_line(values) == pytest.approx(steps)
