"""The numbers behind the sections: intervals, exponents, axes, parameters in names."""

from __future__ import annotations

import math
import random

import pytest

from reports import BadValueError
from reports.page.axis import axis_for, log_axis_for
from reports.page.cells import whole_percent
from reports.page.parameter import parameters_of
from reports.page.power_law import fit_power_law
from reports.page.proportion import exact_interval


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # Published: 3 of 10 is 0.0667 to 0.6525; for all or none (0.025)**(1/n) on the open side.
        (3, 10, 0.06673951, 0.65245286),
        (20, 20, 0.025 ** (1 / 20), 1.0),
        (0, 20, 0.0, 1 - 0.025 ** (1 / 20)),
        (1, 1, 0.025, 1.0),
    ],
)
def test_an_interval_is_that_of_clopper_and_pearson(
    hits: int, trials: int, low: float, high: float
) -> None:
    found = exact_interval(hits, trials)
    assert found.low == pytest.approx(low, abs=1e-7)
    assert found.high == pytest.approx(high, abs=1e-7)


@pytest.mark.parametrize("chance", [0.02, 0.5, 0.93])
def test_an_interval_holds_the_truth_95_times_in_100(chance: float) -> None:
    rng = random.Random(7)
    every = [exact_interval(hits, 20) for hits in range(21)]
    held = 0
    for _ in range(400):
        found = every[sum(rng.random() < chance for _ in range(20))]
        held += found.low <= chance <= found.high
    assert held >= 375  # below 375 of 400 at a chance of 0.95 or more: less than 3 in 100, seeded


def test_an_interval_of_very_many_trials_takes_no_time_and_goes_on_where_the_exact_one_ends() -> (
    None
):
    few, many = exact_interval(500, 1_000), exact_interval(501, 1_002)
    assert abs(few.low - many.low) < 1e-3
    assert abs(few.high - many.high) < 1e-3
    huge = exact_interval(2**52, 2**53)
    assert huge.low < 0.5 < huge.high


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_an_interval_of_nothing_is_refused(hits: int, trials: int) -> None:
    with pytest.raises(BadValueError, match="exact_interval"):
        exact_interval(hits, trials)


def test_the_exponent_of_an_exact_law_is_found_exactly() -> None:
    law = fit_power_law([1, 2, 4, 8], [3 * size**1.5 for size in (1, 2, 4, 8)])
    assert law.exponent == pytest.approx(1.5)
    assert law.factor == pytest.approx(3)
    assert law.at(16) == pytest.approx(3 * 64)


def test_the_interval_of_an_exponent_holds_it_95_times_in_100() -> None:
    rng = random.Random(5)
    held = 0
    for _ in range(400):
        sizes = [1, 2, 4, 8, 16]
        law = fit_power_law(sizes, [size * rng.lognormvariate(0, 0.1) for size in sizes])
        held += law.low <= 1 <= law.high
    assert 365 <= held <= 395  # 380 are due; seeded


@pytest.mark.parametrize(
    ("sizes", "costs"),
    [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([0, 1, 2], [1, 1, 1]), ([1, 2, 3], [1, 2])],
    ids=["two", "one size", "zero", "unequal"],
)
def test_no_law_is_drawn_through_what_has_none(sizes: list[float], costs: list[float]) -> None:
    with pytest.raises(BadValueError, match="fit_power_law"):
        fit_power_law(sizes, costs)


@pytest.mark.parametrize(
    ("name", "label", "value"),
    [
        ("test_a[8]", "", 8),
        ("test_a[threads=8]", "threads", 8),
        ("test_a[8-threads]", "threads", 8),
        ("test_a[threads8]", "threads", 8),
        ("test_a[8threads]", "threads", 8),
        ("test_a[size: 4]", "size", 4),
        ("test_a[10k]", "", 10_000),
        ("test_a[4Ki]", "", 4096),
        ("test_a[1e-3]", "", 0.001),
        ("test_a[2.5]", "", 2.5),
    ],
)
def test_a_number_in_a_name_is_a_parameter(name: str, label: str, value: float) -> None:
    (found,) = parameters_of(name)
    assert (found.label, found.value) == (label, pytest.approx(value))


def test_each_number_of_several_is_one_parameter_and_what_else_differs_parts_families() -> None:
    first, second = parameters_of("test_a[8-fast-64]")
    assert (first.value, second.value) == (8, 64)
    (slow, _) = parameters_of("test_a[8-slow-64]")
    assert slow.family != first.family
    (twin, _) = parameters_of("test_a[16-fast-64]")
    assert twin.family == first.family


@pytest.mark.parametrize("name", ["test_a", "test_a[fast]", "test_a[]", "test_a[3", "a" * 100_000])
def test_a_name_without_a_number_has_no_parameter(name: str) -> None:
    assert list(parameters_of(name)) == []


def test_a_long_hostile_name_takes_no_time() -> None:
    assert list(parameters_of("a[" + "a " * 240 + "!]")) == []


@pytest.mark.parametrize(
    "values", [[0.0], [1e-9, 1e-3], [3.0, 3.0], [-5.0, 5.0], [1e90, 2e90], [1e-300, 2e-300]]
)
@pytest.mark.parametrize("from_zero", [True, False])
def test_an_axis_holds_its_values_and_has_few_ticks_inside(
    values: list[float], *, from_zero: bool
) -> None:
    axis = axis_for(values, "s", from_zero=from_zero)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert axis.low < axis.high
    assert 1 <= len(axis.ticks) <= 8
    for value, _ in axis.ticks:
        assert axis.low - 1e-9 * abs(axis.low) <= value <= axis.high + 1e-9 * abs(axis.high)
    assert all(0 <= axis.share(value) <= 1 for value in values)


@pytest.mark.parametrize("values", [[5.0], [1, 2, 4, 8], [1e-9, 1e9], [64.0, 16384.0]])
def test_an_axis_of_ratios_places_equal_ratios_at_equal_distances(values: list[float]) -> None:
    axis = log_axis_for(values, "s")
    assert 1 <= len(axis.ticks) <= 8
    middle = math.sqrt(min(values) * max(values))
    ends = axis.share(min(values)), axis.share(max(values))
    assert axis.share(middle) == pytest.approx(sum(ends) / 2)


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0"), (0.001, "<1"), (0.5, "50"), (0.999, ">99"), (1, "100")]
)
def test_a_share_is_called_none_or_all_only_where_it_is(share: float, text: str) -> None:
    assert whole_percent(share) == text
