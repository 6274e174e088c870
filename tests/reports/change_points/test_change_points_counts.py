"""A change of a rate is found in counts, and no change in counts that only vary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.change_points.counts import detect_counts
from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _counts(seed: int, rates: Sequence[float], trials: int = 100) -> tuple[list[int], list[int]]:
    draws = np.random.default_rng(seed)
    tried = draws.integers(trials // 2, 2 * trials, len(rates))
    return draws.binomial(tried, rates).tolist(), tried.tolist()


def test_a_rate_that_triples_is_found_where_it_did() -> None:
    near = 0
    for seed in range(10):
        found = detect_counts(*_counts(seed, [0.05] * 30 + [0.15] * 30)).changes
        near += len(found) == 1 and abs(found[0].index - 30) <= 3
    assert near >= 9


def test_a_rate_that_stays_has_no_change() -> None:
    found = [detect_counts(*_counts(seed, [0.02] * 50)).changes for seed in range(30)]
    assert sum(map(len, found)) <= 1


def test_failures_that_come_and_go_between_machines_are_no_change() -> None:
    # Rates drawn anew for each run: a plain binomial test takes this for changes all over.
    draws = np.random.default_rng(4)
    told = 0
    for seed in range(10):
        hits, trials = _counts(seed, draws.beta(2, 18, 50), trials=400)
        told += len(detect_counts(hits, trials).changes)
    assert told <= 1


def test_failures_that_begin_after_none_are_a_change_without_a_ratio() -> None:
    analysis = detect_counts([0] * 10 + [3, 4, 2, 5, 3], [20] * 15)
    (change,) = analysis.changes
    assert (change.index, change.before, change.after) == (10, 0.0, 0.17)
    assert change.interval == (float("-inf"), float("inf"))


def test_a_pulse_of_failures_has_two_ends() -> None:
    hits = [1] * 20 + [30] * 6 + [1] * 20
    found = [each.index for each in detect_counts(hits, [100] * 46).changes]
    assert found == [20, 26]


@pytest.mark.parametrize("hits", [[0] * 12, [9] * 12])
def test_none_or_all_is_one_level(hits: Sequence[int]) -> None:
    analysis = detect_counts(hits, [9] * 12)
    assert analysis.changes == ()
    assert analysis.level == hits[0] / 9


def test_five_runs_are_too_few_and_say_so() -> None:
    assert detect_counts([0] * 5, [10] * 5).reason.startswith("5 points")
    assert detect_counts([], []).reason.startswith("0 points")


@pytest.mark.parametrize(
    ("hits", "trials", "said"),
    [
        ([1], [1, 2], "1 hits of 2 trials"),
        ([3], [2], "3 of 2 at index 0"),
        ([-1], [2], "-1 of 2"),
        ([0], [0], "0 of 0"),
        ([0.5], [2], "0.5 of 2"),
        ([1] * 6, [10**9] * 6, "6000000000 trials"),
    ],
)
def test_what_are_no_counts_is_refused(
    hits: Sequence[int], trials: Sequence[int], said: str
) -> None:
    with pytest.raises(BadValueError, match=said):
        detect_counts(hits, trials)


def test_one_input_has_one_answer() -> None:
    counts = _counts(3, [0.1] * 20 + [0.3] * 20)
    assert detect_counts(*counts) == detect_counts(*counts)
