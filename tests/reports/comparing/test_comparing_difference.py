"""One pair of sides: what is said of it, and that it cannot be fooled."""

from __future__ import annotations

import math
import random
import sys
from itertools import combinations

import pytest

from reports.comparing.difference import IntervalMethod, Method, difference
from reports.comparing.moments import hedges_g
from reports.comparing.resampling import permutation_p
from reports.errors import BadValueError, MissingExtraError

# Logarithms that can be checked by hand: means 2 and 4, variances 1 and 4, 3 runs a side.
OLD, NEW = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
CALM = [1.00, 1.01, 0.99, 1.02, 0.985]


def noisy(level: float, noise: float, *, runs: int, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [level * math.exp(draw.gauss(0, noise)) for _ in range(runs)]


def test_welchs_statistic_is_the_one_of_the_textbook() -> None:
    found = difference([math.exp(one) for one in OLD], [math.exp(one) for one in NEW])
    assert found.method is Method.WELCH
    assert found.standard_error == pytest.approx(math.sqrt(1 / 3 + 4 / 3))
    # By Satterthwaite, from variances of the means of one third and four thirds.
    assert found.freedom == pytest.approx(50 / 17)
    assert found.change == pytest.approx(math.e**2 - 1)


def test_a_ratio_of_five_percent_is_found_with_its_interval_and_effect() -> None:
    found = difference(CALM, [1.05 * one for one in CALM])
    assert found.change == pytest.approx(0.05)
    assert found.interval is not None
    assert 0.02 < found.interval[0] < 0.05 < found.interval[1] < 0.08
    assert found.p is not None
    assert found.p < 0.001
    assert found.cliffs_delta == 1.0
    assert found.hedges_g == pytest.approx(
        hedges_g([math.log(one) for one in CALM], [math.log(1.05 * one) for one in CALM])
    )
    assert found.interval_method is IntervalMethod.BOOTSTRAP


def test_sides_change_places_and_so_do_the_signs() -> None:
    there = difference(CALM, NEW)
    back = difference(NEW, CALM)
    assert there.p == back.p
    assert 1 + there.change == pytest.approx(1 / (1 + back.change))
    assert there.cliffs_delta == -back.cliffs_delta


def test_one_input_has_one_answer_whatever_its_order() -> None:
    new = noisy(1.02, 0.02, runs=7, seed=3)
    assert difference(CALM, new) == difference(CALM[::-1], new[::-1])


def test_the_unit_does_not_matter() -> None:
    new = noisy(1.02, 0.02, runs=7, seed=3)
    seconds = difference(CALM, new)
    nanoseconds = difference([1e9 * one for one in CALM], [1e9 * one for one in new])
    assert nanoseconds.p == pytest.approx(seconds.p)
    assert nanoseconds.change == pytest.approx(seconds.change)


def test_one_run_a_side_is_not_tested_and_says_why() -> None:
    found = difference([1.0], CALM)
    assert found.p is None
    assert found.interval is None
    assert found.smallest_visible is None
    assert "only one run" in found.reason
    assert found.change == pytest.approx(0.0, abs=0.01)


def test_equal_values_are_no_proof_beyond_a_thousandth() -> None:
    same = difference([7.0] * 5, [7.0] * 5)
    assert (same.change, same.p) == (0.0, 1.0)
    assert same.interval is not None
    assert same.interval[0] < 0 < same.interval[1]
    counted = difference([5000] * 5, [5100] * 5)
    assert counted.p is not None
    assert counted.p < 1e-6
    assert counted.interval == pytest.approx((0.02 - 0.0015, 0.02 + 0.0015), abs=2e-4)


def test_zeros_and_negatives_are_compared_by_difference() -> None:
    found = difference([0.0] * 5, [3, 3, 3, 3, 4])
    assert found.method is Method.PERMUTATION
    assert not found.relative
    assert found.change == pytest.approx(3.2)
    assert found.p == pytest.approx(2 / 252)  # the most that 5 runs a side can show
    assert difference([0, 0], [0, 0]).p == 1.0
    assert difference([-1, -2, -1.5], [4, 5, 4.5]).change == pytest.approx(6.0)


def test_huge_values_stay_within_a_float() -> None:
    assert math.isfinite(difference([-1e300, 1e300, 0], [1e300, 1e300, 0]).change)
    assert difference([1e-300, 2e-300], [1e300, 2e300]).p is not None


def test_the_permutation_test_counts_what_a_plain_loop_counts() -> None:
    old, new = [-1.0, 0.0, 2.0, 1.0], [1.5, 3.0, 2.5]

    def statistic(left: list[float], right: list[float]) -> float:
        def part(side: list[float]) -> tuple[float, float]:
            centre = sum(side) / len(side)
            spread = sum((one - centre) ** 2 for one in side) / (len(side) - 1)
            return centre, spread / len(side)

        (a, x), (b, y) = part(left), part(right)
        return abs(a - b) / math.sqrt(x + y)

    every = [*old, *new]
    seen = [
        statistic([every[at] for at in chosen], [every[at] for at in range(7) if at not in chosen])
        for chosen in combinations(range(7), 4)
    ]
    observed = statistic(old, new)
    expected = sum(one >= observed * (1 - 1e-9) for one in seen) / len(seen)
    assert permutation_p(old, new) == pytest.approx(expected)


def test_the_permutation_test_of_many_runs_is_drawn_and_repeats() -> None:
    old = [random.Random(at).gauss(0, 1) for at in range(20)]
    new = [one + 2 for one in old]
    assert permutation_p(old, new) == permutation_p(old, new) < 0.001
    assert permutation_p(old, old) == pytest.approx(1.0)


def test_rounds_taken_together_see_through_a_machine_that_wanders() -> None:
    weather = [1.0, 1.3, 0.8, 1.15, 0.9, 1.25]
    old = [one * level for one, level in zip([*CALM, 1.0], weather, strict=True)]
    new = [1.05 * one * level for one, level in zip([1.0, *CALM], weather, strict=True)]
    apart, together = difference(old, new), difference(old, new, paired=True)
    assert apart.p is not None
    assert together.p is not None
    assert apart.p > 0.3
    assert together.p < 0.01
    assert together.method is Method.PAIRED


def test_what_can_be_seen_shrinks_with_runs_and_grows_with_noise() -> None:
    few = difference(noisy(1, 0.012, runs=5, seed=1), noisy(1, 0.012, runs=5, seed=2))
    many = difference(noisy(1, 0.012, runs=20, seed=1), noisy(1, 0.012, runs=20, seed=2))
    loud = difference(noisy(1, 0.05, runs=5, seed=1), noisy(1, 0.05, runs=5, seed=2))
    assert many.smallest_visible < few.smallest_visible < 0.05 < loud.smallest_visible  # type: ignore[operator]
    strict = few.visible_at(0.05 / 200)
    assert strict is not None
    assert strict > few.smallest_visible  # type: ignore[operator]


@pytest.mark.slow
def test_the_smallest_visible_change_is_seen_four_times_in_five() -> None:
    # 2000 repeats at known noise: the share has a standard error of 0.009; the bound 0.04 also
    # covers the approximation, and that each repeat estimates the noise from its own runs.
    runs, noise, seen = 6, 0.02, 0
    error = noise * math.sqrt(2 / runs)
    base = difference(noisy(1, noise, runs=runs, seed=0), noisy(1, noise, runs=runs, seed=1))
    assert base.standard_error is not None
    assert base.smallest_visible is not None
    factors = math.log1p(base.smallest_visible) / base.standard_error
    true = math.exp(factors * error)
    draw = random.Random(5)
    for _ in range(2000):
        old = [math.exp(draw.gauss(0, noise)) for _ in range(runs)]
        new = [true * math.exp(draw.gauss(0, noise)) for _ in range(runs)]
        p = difference(old[:], new).p
        assert p is not None
        seen += p < 0.05
    assert seen / 2000 == pytest.approx(0.8, abs=0.04)


def test_how_many_runs_it_takes_is_told() -> None:
    few = difference(noisy(1, 0.03, runs=5, seed=1), noisy(1, 0.03, runs=5, seed=2))
    needed = few.runs_to_see(0.05)
    assert needed is not None
    assert 5 < needed < 20
    assert few.runs_to_see(0.0) is None
    assert few.runs_to_see(1e-6) is None
    assert difference([1.0], [1.0]).runs_to_see(0.05) is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([], [1.0]), "old got no values"),
        (([1.0], []), "new got no values"),
        (([1.0, math.nan], [1.0]), "old got nan"),
        (([1.0], [math.inf]), "new got inf"),
        ((["1"], [1.0]), "old got '1'"),
        (([True], [1.0]), "old got True"),
        (([10**400], [1.0]), "finite numbers"),
    ],
)
def test_what_is_no_side_is_refused(arguments: tuple[list[float], list[float]], says: str) -> None:
    with pytest.raises(BadValueError, match=says):
        difference(*arguments)


def test_without_numpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one == "reports.comparing.resampling"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtraError, match=r"a comparison needs NumPy.*holdfast\[reports\]"):
        difference(CALM, [*CALM, 1.1])
    with pytest.raises(MissingExtraError, match="a comparison needs NumPy"):
        difference([0.0, 1.0], [2.0, 3.0])


def test_what_is_no_option_is_refused() -> None:
    with pytest.raises(BadValueError, match="as many runs of each side"):
        difference([1.0, 2.0], [1.0], paired=True)
    for alpha in (0.0, 1.0, math.nan):
        with pytest.raises(BadValueError, match="alpha"):
            difference([1.0, 2.0], [1.0, 2.0], alpha=alpha)
