"""A slow leak is one alert with its commits, from where it began to where it ended."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from reports.change_points.analysis import ChangeKind
from reports.judging.accepted import Acceptances, Accepted
from reports.judging.change_words import between_words, by_range, look_command, range_words
from reports.judging.decision import decide
from reports.judging.decision_json import decision_bytes
from reports.judging.policy import Policy
from reports.judging.sarif import sarif_bytes
from reports.judging.verdict import Basis, SeriesState
from tests.reports.judging.stores_with_history import (
    add_run,
    commit_id,
    history,
    judged,
    noisy,
    only,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.judging.verdict import SeriesChange

START = 30


def _levels(*, climb: int = 25, after: int = 0, a_commit: float = 0.01) -> list[float]:
    """Return a level, a climb from the 30th commit on, and a level."""
    way = [1 + a_commit * at for at in range(1, climb + 1)]
    return [1.0] * START + way + [way[-1]] * after


def _accepted(change: SeriesChange) -> Acceptances:
    entry = Accepted(
        alert=change.alert_id,
        benchmark=change.key.benchmark,
        commit=change.first_after.commit_id or "",
        change=change.change,
        author="Ada",
        day=date(2026, 2, 1),
        reason="the cache is worth it",
    )
    return Acceptances(changes=(entry,))


def _write(store: Path, levels: Sequence[float], *, after: int = 0) -> None:
    for at, level in enumerate(levels[after:], after + 1):
        add_run(store, {"one": noisy(level, seed=("one", at))}, commit=at)


def test_a_leak_that_began_in_the_middle_is_one_alert_from_there_on(tmp_path: Path) -> None:
    history(tmp_path / "s", _levels())
    (change,) = judged(tmp_path / "s").regressions
    assert change.kind is ChangeKind.DRIFT
    assert change.goes_on
    assert abs(change.last_before.index - (START - 1)) <= 3
    assert change.first_after.index == change.last_before.index + 1
    assert change.until is not None
    assert change.until.commit_id == commit_id(START + 25)
    assert range_words(change) == f"bit by bit since {change.last_before.label}"


def test_a_leak_that_has_ended_stands_with_the_range_it_went_over(tmp_path: Path) -> None:
    history(tmp_path / "s", _levels(after=20))
    judgement = judged(tmp_path / "s")
    (change,) = judgement.regressions
    assert change.until is not None
    assert not change.goes_on
    assert abs(change.until.index - (START + 24)) <= 3
    label = f"{change.last_before.label}..{change.until.label}"
    assert range_words(change) == between_words(change) == f"bit by bit, {label}"
    ends = (change.last_before.commit_id, change.until.commit_id)
    assert look_command(change) == f"git log --oneline {ends[0][:12]}..{ends[1][:12]}"
    assert only(judgement).level == pytest.approx(1.25, rel=0.01)
    assert by_range([change, change]) == ((change, change),)


def test_a_leak_that_was_fixed_does_not_stand(tmp_path: Path) -> None:
    history(tmp_path / "s", [*_levels(after=15), *[1.0] * 12])
    judgement = judged(tmp_path / "s")
    assert judgement.regressions == ()
    leak, fix = only(judgement).changes
    assert (leak.kind, fix.kind) == (ChangeKind.DRIFT, ChangeKind.STEP)
    assert leak.fixed_by == fix.first_after


def test_a_benchmark_that_leaked_as_much_before_as_it_gained_is_better(tmp_path: Path) -> None:
    history(tmp_path / "s", _levels(after=20, a_commit=-0.01))
    one = only(judged(tmp_path / "s"))
    assert one.state is SeriesState.IMPROVEMENT


def test_after_a_leak_has_ended_several_runs_of_the_newest_code_tell_again(tmp_path: Path) -> None:
    for store, level in (("same", 1.25), ("slower", 1.5)):
        history(tmp_path / store, _levels(after=20))
        for run in range(3):
            value = noisy(level, seed=("new", run))
            add_run(tmp_path / store, {"one": value}, commit=START + 46, run=run)
    (leak,) = judged(tmp_path / "same").regressions
    found = judged(tmp_path / "slower").regressions
    assert leak.kind is ChangeKind.DRIFT
    assert {one.basis for one in found} == {Basis.HISTORY, Basis.RUNS}
    (newest,) = [one for one in found if one.basis is Basis.RUNS]
    assert newest.before == pytest.approx(1.25, rel=0.02)


def test_on_a_leak_that_goes_on_a_newest_point_is_no_step(tmp_path: Path) -> None:
    history(tmp_path / "s", _levels())
    for run in range(3):
        value = noisy(1.26, seed=("new", run))
        add_run(tmp_path / "s", {"one": value}, commit=START + 26, run=run)
    assert [one.kind for one in judged(tmp_path / "s").regressions] == [ChangeKind.DRIFT]


def test_what_was_accepted_stays_accepted_while_the_leak_goes_on(tmp_path: Path) -> None:
    levels = _levels(climb=40)
    _write(tmp_path / "s", levels[: START + 25])
    (change,) = judged(tmp_path / "s").regressions
    accepted = _accepted(change)
    places = set()
    for commit in range(START + 25, START + 33, 3):
        _write(tmp_path / "s", levels[: commit + 3], after=commit)
        judgement = judged(tmp_path / "s", accepted=accepted)
        assert judgement.regressions == ()
        (now,) = only(judgement).changes
        places.add(now.last_before.index)
        assert now.acknowledged is not None
        assert judgement.notes == ()
    assert places <= set(range(START - 4, START + 3))


def test_a_leak_that_grew_by_half_since_it_was_accepted_counts_again(tmp_path: Path) -> None:
    levels = _levels(climb=60)
    _write(tmp_path / "s", levels[: START + 25])
    accepted = _accepted(judged(tmp_path / "s").regressions[0])
    _write(tmp_path / "s", levels, after=START + 25)
    judgement = judged(tmp_path / "s", accepted=accepted)
    assert len(judgement.regressions) == 1
    assert "it counts" in judgement.notes[0]


def test_an_entry_for_a_place_far_from_where_the_leak_begins_does_not_hold(tmp_path: Path) -> None:
    history(tmp_path / "s", _levels(after=20))
    elsewhere = Accepted(
        benchmark="one",
        commit=commit_id(START + 15),
        author="Ada",
        day=date(2026, 2, 1),
        reason="another change",
    )
    judgement = judged(tmp_path / "s", accepted=Acceptances(changes=(elsewhere,)))
    assert len(judgement.regressions) == 1


def test_machines_are_told_where_a_leak_ended(tmp_path: Path) -> None:
    history(tmp_path / "s", _levels(after=20))
    decision = decide(judged(tmp_path / "s"), policy=Policy())
    (series,) = json.loads(decision_bytes(decision))["series"]
    (change,) = series["changes"]
    assert change["kind"] == "drift"
    assert change["goes_on"] is False
    assert abs(change["until"]["index"] - (START + 24)) <= 3
    (result,) = json.loads(sarif_bytes(decision, ()))["runs"][0]["results"]
    assert result["ruleId"] == "benchmark/drift"
    assert ", bit by bit, " in result["message"]["text"]
    assert "between bit" not in result["message"]["text"]
