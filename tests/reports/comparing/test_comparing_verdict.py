"""Verdicts: each needs evidence, and what cannot be told says what would help."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from reports import Direction
from reports.comparing.difference import difference
from reports.comparing.verdict import Verdict, judge_pairs
from reports.errors import BadValueError

LOWER, HIGHER, NEITHER = Direction.LOWER, Direction.HIGHER, Direction.NEITHER
CALM = [1.00, 1.002, 0.998, 1.001, 0.999]


def one(old: list[float], new: list[float], direction: Direction = LOWER) -> Verdict:
    return judge_pairs([(difference(old, new), direction)])[0].verdict


def times(factor: float) -> list[float]:
    return [factor * value for value in CALM]


@pytest.mark.parametrize(
    ("factor", "direction", "verdict"),
    [
        (1.10, LOWER, Verdict.WORSE),
        (0.90, LOWER, Verdict.BETTER),
        (1.10, HIGHER, Verdict.BETTER),
        (0.90, HIGHER, Verdict.WORSE),
        (1.10, NEITHER, Verdict.CHANGED),
        (1.00, LOWER, Verdict.SAME),
        (1.02, LOWER, Verdict.SAME),  # real, and surely too small to matter
        (0.99, HIGHER, Verdict.SAME),
        (1.04, LOWER, Verdict.WORSE),  # below the floor, but not by chance
    ],
)
def test_quiet_runs_have_a_clear_verdict(
    factor: float, direction: Direction, verdict: Verdict
) -> None:
    assert one(CALM, times(factor), direction) is verdict


def test_noise_is_never_taken_for_sameness() -> None:
    loud = [1.0, 1.1, 0.9, 1.07, 0.95]
    judged = judge_pairs([(difference(loud, loud[::-1]), LOWER)])[0]
    assert judged.verdict is Verdict.CANNOT_TELL
    assert judged.smallest_visible is not None
    assert judged.smallest_visible > 0.05
    assert judged.more_runs is not None
    assert judged.reason.startswith("cannot see 5\u202f% here: runs differ by 8.3\u202f%")
    assert f"about {judged.more_runs} more runs a side would settle it" in judged.reason


def test_so_many_more_runs_do_settle_it() -> None:
    spread = [math.exp(0.05 * at) for at in (-1.2, -0.6, 0.0, 0.6, 1.2)]
    judged = judge_pairs([(difference(spread, spread), LOWER)])[0]
    assert judged.more_runs is not None
    noise, draw = difference(spread, spread).noise or 0, random.Random(1)
    settled = 0
    for _ in range(50):
        sides = [
            [math.exp(draw.gauss(0, noise)) for _ in range(5 + judged.more_runs)] for _ in "ab"
        ]
        settled += one(*sides) is Verdict.SAME
    assert settled >= 35  # four in five are meant; 35 of 50 is 1.8 standard errors below


def test_a_wide_open_interval_says_how_wide() -> None:
    # 5 % would be seen among so few pairs, but 4 % more is as likely as nothing.
    draw = random.Random(5)
    for _ in range(1000):
        old = [draw.gauss(1, 0.014) for _ in range(6)]
        new = [draw.gauss(1.022, 0.014) for _ in range(6)]
        judged = judge_pairs([(difference(old, new), LOWER)])[0]
        if judged.verdict is Verdict.CANNOT_TELL and "cannot see" not in judged.reason:
            break
    assert "is likely; about" in judged.reason


def test_one_run_a_side_says_what_to_do() -> None:
    judged = judge_pairs([(difference([1.0], [1.5]), LOWER)])[0]
    assert judged.verdict is Verdict.CANNOT_TELL
    assert "only one run" in judged.reason
    assert "about 4 more runs a side" in judged.reason


def test_many_pairs_ask_more_of_each() -> None:
    alone = difference([1.0, 1.01, 0.99, 1.02, 0.98], [1.04, 1.05, 1.03, 1.06, 1.0])
    others = [(difference(CALM, CALM), LOWER)] * 199
    assert judge_pairs([(alone, LOWER)])[0].verdict is Verdict.WORSE
    crowd = judge_pairs([(alone, LOWER), *others])
    assert crowd[0].verdict is not Verdict.WORSE
    assert crowd[0].smallest_visible > judge_pairs([(alone, LOWER)])[0].smallest_visible  # type: ignore[operator]
    assert {judged.verdict for judged in crowd[1:]} == {Verdict.SAME}


def test_values_of_zero_are_judged_by_their_own_floor() -> None:
    none = difference([0.0] * 5, [0.0] * 5)
    some = difference([0.0] * 5, [2.0, 3, 2, 3, 2])
    assert [one.verdict for one in judge_pairs([(none, LOWER), (some, LOWER)])] == [
        Verdict.SAME,
        Verdict.WORSE,
    ]
    assert judge_pairs([(some, LOWER)], absolute_floor=10)[0].verdict is Verdict.SAME


def test_the_order_of_pairs_does_not_matter() -> None:
    pairs = [(difference(CALM, times(factor)), LOWER) for factor in (0.9, 1.0, 1.02, 1.2)]
    expected = dict(zip((0.9, 1.0, 1.02, 1.2), judge_pairs(pairs), strict=True))
    for order in itertools.permutations((0.9, 1.0, 1.02, 1.2)):
        shuffled = [(difference(CALM, times(factor)), LOWER) for factor in order]
        assert dict(zip(order, judge_pairs(shuffled), strict=True)) == expected


@pytest.mark.parametrize(
    "options",
    [{"floor": -0.1}, {"floor": math.nan}, {"absolute_floor": -1.0}, {"alpha": 0.0}, {"alpha": 1}],
)
def test_what_is_no_option_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadValueError):
        judge_pairs([(difference(CALM, CALM), LOWER)], **options)


def test_no_pairs_are_no_verdicts() -> None:
    assert judge_pairs([]) == ()
