"""A drift is drawn as a line from where it began to where it ended, and told with both."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from reports.page.changes import change_view
from reports.page.curve import curve_of
from reports.page.data import read_page_data
from reports.page.trend_words import trend_words
from reports.store import Store
from tests.reports.judging.stores_with_history import commit_id, history

if TYPE_CHECKING:
    from pathlib import Path

    from reports.judging.verdict import JudgedSeries
    from reports.page.data import PageData
    from reports.series import Series

pytest.importorskip("numpy", reason="the extra holdfast[reports] is not installed")

LEAK = [*[1.0] * 30, *[1 + 0.01 * at for at in range(1, 26)]]
ENDED = [*LEAK, *[1.25] * 20]


def _page(folder: Path, levels: list[float]) -> tuple[PageData, Series, JudgedSeries]:
    history(folder, levels)
    with Store(folder) as store:
        data = read_page_data(store)
    (judged,) = data.verdicts.values()
    return data, data.series[judged.key], judged


def test_a_drift_that_ended_is_a_line_between_two_levels(tmp_path: Path) -> None:
    _, series, judged = _page(tmp_path / "s", ENDED)
    curve = curve_of(series, judged)
    (change,) = judged.changes
    assert change.until is not None
    began, ended = change.last_before.index, change.until.index
    assert [(one.start, one.end) for one in curve.levels] == [
        (0, began - 1),
        (began, ended),
        (ended + 1, 74),
    ]
    before, way, after = curve.levels
    assert before.first == before.last == way.first == change.before
    assert way.last == after.first == after.last == pytest.approx(change.after)


def test_a_drift_that_goes_on_is_a_line_to_the_newest_point(tmp_path: Path) -> None:
    _, series, judged = _page(tmp_path / "s", LEAK)
    (_, way) = curve_of(series, judged).levels
    (change,) = judged.changes
    assert (way.start, way.end) == (change.last_before.index, 54)
    assert (way.first, way.last) == (change.before, pytest.approx(change.after))


def test_a_step_after_a_drift_leaves_the_line_where_it_was(tmp_path: Path) -> None:
    _, series, judged = _page(tmp_path / "s", [*ENDED, *[1.0] * 12])
    levels = curve_of(series, judged).levels
    assert [one.last for one in levels] == pytest.approx([1.0, 1.25, 1.25, 1.0], abs=0.02)
    assert levels[-1].start == 75
    assert all(other.start == one.end + 1 for one, other in pairwise(levels))


def test_a_line_under_a_step_is_drawn_on_both_sides_of_it(tmp_path: Path) -> None:
    climb = [1 + 0.005 * at + (0.3 if at >= 30 else 0) for at in range(60)]
    _, series, judged = _page(tmp_path / "s", climb)
    before, after = curve_of(series, judged).levels
    assert (before.start, before.end, after.start, after.end) == (0, 29, 30, 59)
    ends = [before.first, before.last, after.first, after.last]
    assert ends == pytest.approx([1.0, 1.145, 1.45, 1.595], abs=0.02)


def test_after_a_reset_a_drift_is_drawn_where_it_was_measured(tmp_path: Path) -> None:
    _, series, judged = _page(tmp_path / "s", ENDED)
    later = replace(judged, points=judged.points - 10)  # as if ten points were before a reset
    plain, shifted = (curve_of(series, one) for one in (judged, later))
    (one,), (other,) = plain.changes, shifted.changes
    assert one.until is not None
    assert other.until is not None
    assert other.until.index == one.until.index + 10
    assert shifted.levels[1].start == plain.levels[1].start + 10


def test_a_drift_in_words_has_both_its_ends_and_the_commits_between(tmp_path: Path) -> None:
    data, series, judged = _page(tmp_path / "s", ENDED)
    (change,) = judged.changes
    assert change.until is not None
    where = f"little by little from {change.first_after.label} to {change.until.label}"
    view = change_view(data, change)
    assert view.where == where
    assert where in trend_words(series, judged)
    old, new = change.last_before.commit_id or "", change.until.commit_id or ""
    assert view.steps[0].command == f"git log --oneline {old[:12]}..{new[:12]}"


def test_a_drift_that_goes_on_has_one_end_and_the_newest_commit(tmp_path: Path) -> None:
    data, _, judged = _page(tmp_path / "s", LEAK)
    (change,) = judged.changes
    view = change_view(data, change)
    assert view.where == f"little by little from {change.first_after.label}"
    assert view.steps[0].command.endswith(f"..{commit_id(55)[:12]}")
