"""Adjusted p-values keep the share of false changes among those told."""

from __future__ import annotations

import numpy as np
import pytest

from reports.change_points.multiple import adjusted
from reports.errors import BadValueError


def test_the_example_of_the_paper_rejects_four_of_fifteen() -> None:
    # Benjamini and Hochberg 1995, section 4: 15 hypotheses, q = 0.05.
    p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    assert sum(each <= 0.05 for each in adjusted(p_values)) == 4


def test_order_is_kept_and_ties_stay_ties() -> None:
    assert adjusted([0.04, 0.01, 0.04]) == pytest.approx((0.04, 0.03, 0.04))


def test_no_adjusted_value_is_below_its_own_or_above_one() -> None:
    draws = np.random.default_rng(0)
    p_values = draws.random(50).tolist()
    assert all(p <= after <= 1 for p, after in zip(p_values, adjusted(p_values), strict=True))


def test_nothing_in_nothing_out() -> None:
    assert adjusted([]) == ()


@pytest.mark.parametrize("bad", [-0.1, 1.5, float("nan")])
def test_what_is_no_chance_is_refused_with_its_place(bad: float) -> None:
    with pytest.raises(BadValueError, match="index 1"):
        adjusted([0.5, bad])
