"""A real series has the changes that people see in it, and so has one made after its likeness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.change_points.analysis import ChangeKind
from reports.change_points.detection import detect
from reports.change_points.series_file import read_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.reports.change_points.generated_series import Floats

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "otava"
# A lone spike, then steps down, up and down a little, then a slow climb (the data's own notes).
SPIKE = 10
STEPS = (15, 71, 96)
NEAR = 3

needs_data = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the recorded series (../shared/data/otava) are not here"
)


def _complaints(values: Sequence[float] | Floats) -> list[str]:
    analysis = detect(values)
    told = [each.index for each in analysis.changes if each.kind is ChangeKind.STEP]
    missed = [f"missed {at}" for at in STEPS if not any(abs(at - each) <= NEAR for each in told)]
    spike = [] if SPIKE in analysis.spikes and SPIKE not in told else ["took the spike for a step"]
    return missed + spike


def _likeness() -> Floats:
    draws = np.random.default_rng(12)
    levels = np.full(200, 26_700.0)
    levels[15:] = 23_700
    levels[71:] = 28_400
    levels[96:] = 27_400
    values = levels * (1 + 0.008 * draws.standard_normal(200))
    values[SPIKE] *= 0.6
    return values


@needs_data
def test_the_recorded_series_has_the_changes_people_see() -> None:
    (column,) = read_series(FOLDER / "tigerbeetle_series.json").columns
    assert _complaints(column.values) == []


def test_its_likeness_has_them_too() -> None:
    assert _complaints(_likeness()) == []


def test_a_series_without_one_of_them_is_told_from_it() -> None:
    values = _likeness()
    values[71:] /= 28_400 / 23_700
    assert "missed 71" in _complaints(values)


@needs_data
def test_every_recorded_table_can_be_read_and_judged() -> None:
    for path in sorted(FOLDER.glob("*.csv")):
        for column in read_series(path).columns:
            analysis = detect(column.values)
            assert analysis.points == len(column.values)
            assert bool(analysis.reason) == (analysis.points < 6)
