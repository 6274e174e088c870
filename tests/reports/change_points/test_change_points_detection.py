"""What `detect` tells of series with known changes, and of input that is none."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.change_points.analysis import ChangeKind
from reports.change_points.detection import detect
from reports.errors import BadValueError
from tests.reports.change_points.generated_series import FLAT, STEPS, Recipe, series_of

if TYPE_CHECKING:
    from reports.change_points.analysis import Analysis
    from tests.reports.change_points.generated_series import Floats


def _noise(seed: int, points: int, percent: float = 2.0) -> Floats:
    return 1 + percent / 100 * np.random.default_rng(seed).standard_normal(points)


def _steps(analysis: Analysis) -> list[int]:
    return [each.index for each in analysis.changes if each.kind is ChangeKind.STEP]


def _stepped(seed: int = 1, points: int = 60, at: int = 30, size: float = 1.1) -> Floats:
    values = 100 * _noise(seed, points)
    values[at:] *= size
    return values


def test_a_step_is_told_with_its_levels_its_interval_and_its_place() -> None:
    (change,) = detect(_stepped()).changes
    assert change.kind is ChangeKind.STEP
    assert change.index == 30
    assert change.before == pytest.approx(100, rel=0.02)
    assert change.after == pytest.approx(110, rel=0.02)
    low, high = change.interval
    assert low < change.relative < high
    assert high - low < 0.05
    first, last = change.places
    assert first <= 30 <= last
    assert change.p < 1e-6


def test_a_pulse_has_two_ends() -> None:
    values = 100 * _noise(2, 80)
    values[40:45] *= 1.15
    assert _steps(detect(values)) == [40, 45]


def test_a_pulse_of_three_points_is_a_change_and_of_two_is_spikes() -> None:
    three, two = (100 * _noise(3, 80, 1) for _ in range(2))
    three[40:43] *= 1.2
    two[40:42] *= 1.2
    assert _steps(detect(three)) == [40, 43]
    analysis = detect(two)
    assert analysis.changes == ()
    assert set(analysis.spikes) >= {40, 41}


def test_two_steps_are_two_changes() -> None:
    values = 100 * _noise(4, 90)
    values[30:] *= 1.1
    values[60:] *= 1.1
    assert _steps(detect(values)) == [30, 60]


def test_a_lone_spike_is_no_change_even_as_the_last_point() -> None:
    values = 100 * _noise(5, 50)
    values[[20, 49]] *= 3
    analysis = detect(values)
    assert analysis.changes == ()
    assert set(analysis.spikes) >= {20, 49}


def test_a_slow_climb_is_one_drift_and_no_stairs() -> None:
    values = 100 * _noise(16, 100) + np.linspace(0, 12, 100)
    (change,) = detect(values).changes
    assert change.kind is ChangeKind.DRIFT
    assert change.before == pytest.approx(100, rel=0.02)
    assert change.relative == pytest.approx(0.12, abs=0.03)
    assert change.interval[0] < 0.12 < change.interval[1]


def test_a_step_on_a_climb_is_a_drift_and_one_step() -> None:
    values = 100 * _noise(7, 120, 1) + np.linspace(0, 10, 120)
    values[60:] += 15
    analysis = detect(values)
    assert [each.kind for each in analysis.changes] == [ChangeKind.DRIFT, ChangeKind.STEP]
    drift, step = analysis.changes
    assert abs(step.index - 60) <= 1
    assert step.after - step.before == pytest.approx(15, abs=2)
    assert drift.after - drift.before == pytest.approx(10, abs=2)


def test_a_step_with_a_change_of_noise_is_one_step() -> None:
    values = 100 * _noise(8, 100, 1)
    values[50:] = 115 * _noise(9, 50, 4)
    (at,) = _steps(detect(values))
    assert abs(at - 50) <= 2


def test_a_change_of_noise_alone_is_no_step() -> None:
    told = 0
    for seed in range(20):
        values = 100 * np.concatenate((_noise(seed, 50, 1), _noise(seed + 100, 50, 5)))
        told += len(detect(values).changes)
    assert told <= 1


def test_floors_keep_small_changes_quiet() -> None:
    values = _stepped(size=1.05)
    assert len(detect(values).changes) == 1
    assert detect(values, floor=0.08).changes == ()
    assert detect(values, absolute_floor=8.0).changes == ()


def test_counts_that_move_by_one_need_an_absolute_floor_and_get_one() -> None:
    values = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    assert _steps(detect(values)) == [10]
    assert detect(values, absolute_floor=1.5).changes == ()


@pytest.mark.parametrize("name", ["10@2", "10@2 spikes", "pulse 10@2"])
@pytest.mark.parametrize("factor", [3.7, 1e-200, 1e200])
def test_the_unit_of_a_series_changes_no_finding(name: str, factor: float) -> None:
    (labelled,) = series_of(STEPS[name], count=1, seed=11)
    assert _steps(detect(labelled.values * factor)) == _steps(detect(labelled.values))


def test_without_floors_a_shift_changes_no_finding() -> None:
    values = _stepped(size=1.03)
    shifted = detect(values - 5_000, floor=0.0)
    assert _steps(shifted) == _steps(detect(values, floor=0.0))
    assert shifted.noise == pytest.approx(detect(values, floor=0.0).noise)


def test_a_series_read_backwards_has_its_step_at_the_mirrored_place() -> None:
    values = _stepped(at=25, size=1.2)
    assert _steps(detect(values[::-1])) == [35]


def test_a_fall_is_told_as_a_rise_is() -> None:
    (change,) = detect(-_stepped()).changes
    assert change.index == 30
    assert change.relative == pytest.approx(-0.1, abs=0.02)


def test_a_step_from_nought_has_no_ratio() -> None:
    (change,) = detect([0.0] * 12 + [5.0] * 12).changes
    assert math.isinf(change.relative)
    assert change.interval == (-math.inf, math.inf)


def test_one_input_has_one_answer_to_the_last_bit() -> None:
    values = _stepped(size=1.04)
    assert detect(values) == detect(values.tolist()) == detect(list(values))


def test_huge_and_tiny_values_neither_overflow_nor_vanish() -> None:
    huge = detect([1.5e308] * 10 + [-1.5e308] * 10)
    assert _steps(huge) == [10]
    assert huge.changes[0].relative == -2.0
    assert _steps(detect([1e-300] * 10 + [2e-300] * 10)) == [10]


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0, 1e308])
def test_a_constant_has_no_change_and_no_noise(value: float) -> None:
    analysis = detect([value] * 30)
    assert analysis.changes == ()
    assert (analysis.level, analysis.noise, analysis.reason) == (value, 0.0, "")


@pytest.mark.parametrize("points", range(6))
def test_fewer_than_six_points_have_a_reason(points: int) -> None:
    analysis = detect([1.0, 2.0, 3.0, 4.0, 5.0][:points])
    assert analysis.changes == ()
    assert analysis.reason.startswith(f"{points} points")


def test_six_points_show_a_step_far_beyond_their_noise() -> None:
    assert _steps(detect([100, 101, 99.5, 131, 130, 129.4])) == [3]


@pytest.mark.parametrize("points", [6, 7, 8, 10, 14, 20, 30])
def test_short_noise_has_few_steps(points: int) -> None:
    series = series_of(Recipe(points=points), count=60, seed=points)
    # 0.005 a boundary and few boundaries: 4 of 60 happen once in 5 000 times.
    assert sum(len(detect(each.values).changes) for each in series) <= 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, math.nan] * 5, "nan at index 1"),
        ([1.0] * 9 + [math.inf], "inf at index 9"),
        (["a"] * 9, "not numbers"),
        ([[1.0, 2.0]] * 9, "2 dimensions"),
        ([None] * 9, "nan at index 0"),
        (np.zeros(100_001), "100001 values"),
    ],
)
def test_what_is_no_series_is_refused_with_the_place(values: Floats, said: str) -> None:
    with pytest.raises(BadValueError, match=said):
        detect(values)


@pytest.mark.parametrize("floor", [-0.1, math.nan, math.inf])
def test_a_floor_that_is_none_is_refused(floor: float) -> None:
    with pytest.raises(BadValueError, match="floor"):
        detect([1.0] * 9, floor=floor)
    with pytest.raises(BadValueError, match="absolute_floor"):
        detect([1.0] * 9, absolute_floor=floor)


def test_noise_and_correlation_are_those_of_the_series() -> None:
    plain = detect(series_of(Recipe(points=400), count=1, seed=1)[0].values)
    assert plain.noise == pytest.approx(2.0, rel=0.15)
    assert abs(plain.correlation) < 0.15
    recipe = dataclasses.replace(FLAT["AR(.5)"], points=400)
    remembering = detect(series_of(recipe, count=1, seed=2)[0].values)
    assert remembering.correlation == pytest.approx(0.5, abs=0.15)


def test_intervals_hold_the_true_change_as_often_as_they_say() -> None:
    recipe = Recipe(step=10, points=60)
    held = 0
    for labelled in series_of(recipe, count=40, seed=3):
        change = min(
            detect(labelled.values).changes, key=lambda each: abs(each.index - labelled.changes[0])
        )
        held += change.interval[0] <= 0.1 <= change.interval[1]
    assert held >= 33  # misses with less than 1 in 1 000 at 95 of 100


def test_the_smallest_visible_step_is_seen_in_three_points_and_half_of_it_is_not() -> None:
    seen = half = 0
    for labelled in series_of(Recipe(points=43), count=15, seed=5):
        smallest = detect(labelled.values[:40]).smallest_visible
        for share in (1.0, 0.4):
            values = labelled.values.copy()
            values[40:] *= 1 + smallest * share
            told = bool(detect(values).changes)
            seen += told and share == 1.0
            half += told and share != 1.0
    assert seen >= 11
    assert half <= 4
