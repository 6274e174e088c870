"""A drift over a part of a series is one drift; stairs, single steps and short ways are steps."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.change_points import detection, drifts, fits, ramp_search
from reports.change_points.analysis import Change, ChangeKind
from reports.change_points.detection import detect
from reports.change_points.ramps import SHORTEST_RAMP, Ramp, best_ramp, best_ramp_gains, ramp_gains
from reports.change_points.significance import Stretch, ramp_p
from tests.reports.change_points.accuracy import told_as_made
from tests.reports.change_points.generated_series import (
    RAMPS,
    STAIRS,
    RampRecipe,
    series_of,
)

if TYPE_CHECKING:
    from tests.reports.change_points.generated_series import Floats

SEED = 7
COUNT = 15


def _climb(
    *, start: int = 40, length: int = 40, height: float = 0.2, points: int = 120, seed: int = 1
) -> Floats:
    way = np.clip((np.arange(points) - start) / length, 0, 1)
    noise = 0.02 * np.random.default_rng(seed).standard_normal(points)
    return 100 * (1 + height * way) * (1 + noise)


def _changes(values: Floats) -> tuple[Change, ...]:
    return detect(values).changes


def _kinds(values: Floats) -> list[ChangeKind]:
    return [each.kind for each in _changes(values)]


def _climb_with_a_step() -> Floats:
    """Return one whose noise lets fine stairs fit so well that no slope is left between them."""
    draws = random.Random(2)
    levels = [100 * (1 + 0.002 * at) * (1.1 if at >= 60 else 1) for at in range(120)]
    return np.array([level * (1 + 0.02 * draws.gauss(0, 1)) for level in levels])


def _share(name: str, *, count: int = COUNT) -> float:
    recipes = {**RAMPS, **STAIRS}
    return told_as_made(_changes, recipes[name], count=count, seed=SEED).share


# -- what is told --------------------------------------------------------------------------------


def test_a_climb_in_the_middle_is_one_drift_with_its_beginning_and_its_end() -> None:
    (change,) = _changes(_climb())
    assert change.kind is ChangeKind.DRIFT
    assert abs(change.index - 40) <= 5
    assert change.end is not None
    assert abs(change.end - 81) <= 5
    assert change.before == pytest.approx(100, rel=0.01)
    assert change.after == pytest.approx(120, rel=0.01)
    assert change.interval[0] < 0.2 < change.interval[1]
    assert change.p < 1e-6
    low, high = change.places or (0, 0)
    assert low <= change.index <= high
    assert low <= 40 <= high


def test_a_climb_that_goes_on_ends_where_the_series_does() -> None:
    (change,) = _changes(_climb(start=60, length=59, height=0.24))
    assert change.kind is ChangeKind.DRIFT
    assert change.end == 120
    assert abs(change.index - 60) <= 6


def test_a_line_under_the_whole_series_has_an_end_too_and_a_step_has_none() -> None:
    (line,) = _changes(_climb(start=0, length=119))
    assert (line.index, line.end, line.places) == (0, 120, None)
    (step,) = _changes(_climb(length=1))
    assert step.end is None


def test_the_level_now_is_that_after_the_climb() -> None:
    assert detect(_climb()).level == pytest.approx(120, rel=0.01)
    assert detect(_climb(start=60, length=59)).level == pytest.approx(120, rel=0.02)


def test_a_fall_is_told_as_a_climb_is_and_backwards_too() -> None:
    (fall,) = _changes(_climb(height=-0.2))
    assert (fall.kind, fall.after < fall.before) == (ChangeKind.DRIFT, True)
    (back,) = _changes(_climb()[::-1])
    assert back.kind is ChangeKind.DRIFT
    assert abs(back.index - 39) <= 5


def test_the_unit_of_a_series_changes_no_drift() -> None:
    values = _climb()
    (one,), (other,) = _changes(values), _changes(values * 1e-200)
    assert (one.index, one.end) == (other.index, other.end)
    assert one == _changes(values)[0]


def test_up_and_down_again_are_two_drifts() -> None:
    way = np.interp(np.arange(200), [50, 80, 120, 150], [0, 0.24, 0.24, 0])
    noise = 0.02 * np.random.default_rng(3).standard_normal(200)
    changes = _changes(100 * (1 + way) * (1 + noise))
    assert [each.kind for each in changes] == [ChangeKind.DRIFT] * 2
    assert changes[0].relative == pytest.approx(0.24, abs=0.03)
    assert changes[1].relative == pytest.approx(-0.19, abs=0.03)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("24 in 60, goes on", 0.9),
        ("15 in 40", 0.8),
        ("20 in 20", 0.85),
        ("20 in 40 after a step of 10", 0.85),
        ("20 in 40 AR(.5)", 0.75),
    ],
)
def test_drifts_are_told_as_one_drift_near_where_they_begin(name: str, least: float) -> None:
    assert _share(name) >= least


@pytest.mark.parametrize(
    ("name", "least"), [("5 5 5", 0.8), ("5 5", 0.8), ("8 8 8, 12 to 20 apart", 0.85)]
)
def test_real_stairs_stay_steps(name: str, least: float) -> None:
    assert _share(name, count=40) >= least


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_way_of_a_few_points_is_a_step(length: int) -> None:
    for seed in range(8):
        kinds = _kinds(_climb(length=length, height=0.1, seed=seed))
        assert ChangeKind.DRIFT not in kinds


def test_a_step_on_a_climb_is_found_though_fine_stairs_hide_the_slope() -> None:
    drift, step = _changes(_climb_with_a_step())
    assert (drift.kind, drift.index, drift.end) == (ChangeKind.DRIFT, 0, 120)
    assert (step.kind, abs(step.index - 60) <= 1) == (ChangeKind.STEP, True)


def test_intervals_of_drifts_hold_the_true_height_as_often_as_they_say() -> None:
    recipe = RampRecipe(height=20, length=40)
    held = told = 0
    for labelled in series_of(recipe, count=30, seed=3):
        for change in _changes(labelled.values):
            if change.kind is ChangeKind.DRIFT:
                told += 1
                held += change.interval[0] <= 0.2 <= change.interval[1]
    assert told >= 27
    assert held >= 0.8 * told  # ends that were sought cost some of the 95 %


# -- the parts -----------------------------------------------------------------------------------


def test_gains_are_those_of_least_squares() -> None:
    values = np.random.default_rng(0).standard_normal(40)
    places = np.arange(40)
    gains = ramp_gains(values, places, places)
    for start, end in ((0, 39), (3, 20), (10, 39), (0, SHORTEST_RAMP)):
        shape = Ramp(start=start, end=end).shape(40)
        shape -= shape.mean()
        plain = float(values @ shape) ** 2 / float(shape @ shape)
        assert gains[start, end] == pytest.approx(plain)
    assert gains[5, 5 + SHORTEST_RAMP - 1] == gains[9, 3] == 0


def test_the_best_ramp_is_found_where_it_lies_to_the_point() -> None:
    for start, end in ((0, 59), (10, 30), (41, 59), (20, 28)):
        assert best_ramp(3 * Ramp(start=start, end=end).shape(60)) == Ramp(start=start, end=end)
    assert best_ramp(np.arange(float(SHORTEST_RAMP))) is None


def test_the_p_of_noise_alone_is_seldom_small() -> None:
    draws = np.random.default_rng(SEED)
    small = 0
    for _ in range(60):
        values = draws.standard_normal(60)
        values -= values.mean()
        gain = float(best_ramp_gains(values[None, :])[0])
        small += ramp_p(Stretch(values=values, correlation=0.0, evidence=60), gain) <= 0.1
    assert small <= 14  # six are due; more than 14 happen once in 1 000 times


def test_a_constant_stretch_has_no_ramp() -> None:
    assert ramp_p(Stretch(values=np.zeros(30), correlation=0.0, evidence=30), 1.0) == 1.0


# -- planted faults: what each guard is for --------------------------------------------------------


def test_without_the_search_for_ramps_a_climb_is_stairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "best_ramped", lambda *_args, **_options: [])
    assert _kinds(_climb()).count(ChangeKind.STEP) >= 2


def test_without_their_price_ramps_take_the_place_of_stairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fits, "RAMP_WEIGHT", 0.0)
    monkeypatch.setattr(fits, "STAIRS_SHARE", 0.0)
    assert _share("5 5") < 0.8


def test_without_the_p_of_the_search_nothing_else_stops_a_chance_ramp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = _climb()
    monkeypatch.setattr(drifts, "ramp_p", lambda *_args: 0.5)
    assert ChangeKind.DRIFT not in _kinds(values)


def test_without_coarse_stairs_the_slope_under_a_step_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = fits.best_sloped
    monkeypatch.setattr(detection, "best_sloped", lambda series, plain: whole(series, plain[:1]))
    assert _kinds(_climb_with_a_step()).count(ChangeKind.STEP) >= 3


def test_runs_of_one_sign_are_whole() -> None:
    rises = [True, True, False, True, True, True]
    assert list(ramp_search._monotone(rises)) == [(0, 2), (2, 3), (3, 6)]
    assert list(ramp_search._monotone([])) == []
