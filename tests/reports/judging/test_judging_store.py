"""A store's series are judged together: what changed, since when, does it stand, is it known?"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from reports import Direction, Outcome, Record, RecordKind, RunDocument, TooLittleDataError
from reports.change_points.analysis import ChangeKind
from reports.judging.accepted import Acceptances, Accepted, Reset
from reports.judging.policy import Policy, Rule
from reports.judging.ranks import _orders, rank_p
from reports.judging.verdict import Basis, SeriesState
from reports.write import write_document
from tests.reports.judging.stores_with_history import (
    HERE,
    START,
    add_run,
    commit_id,
    history,
    judged,
    noisy,
    only,
)

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 5, 4)
FLAT = [1.0] * 20


def test_a_step_is_told_with_the_commits_it_lies_between(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2])
    judgement = judged(tmp_path / "s")
    (change,) = judgement.regressions
    assert only(judgement).state is SeriesState.REGRESSION
    assert change.kind is ChangeKind.STEP
    assert change.basis is Basis.HISTORY
    assert change.last_before.commit_id == commit_id(20)
    assert change.first_after.commit_id == commit_id(21)
    assert change.interval[0] < change.change < change.interval[1]
    assert change.change == pytest.approx(0.2, abs=0.03)
    assert change.standing
    assert change.p <= change.p_adjusted < 0.05


def test_the_same_history_without_the_step_shows_nothing(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.0, 1.0, 1.0])
    judgement = judged(tmp_path / "s")
    assert only(judgement).state is SeriesState.UNCHANGED
    assert only(judgement).changes == ()
    assert only(judgement).smallest_visible is not None


def test_a_lone_spike_is_no_change_but_is_listed(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT[:10], 1.6, *FLAT[:10]])
    one = only(judged(tmp_path / "s"))
    assert one.state is SeriesState.UNCHANGED
    assert 10 in one.spikes


def test_a_slow_creep_is_one_drift_and_no_steps(tmp_path: Path) -> None:
    history(tmp_path / "s", [1 + 0.01 * at for at in range(40)])
    (change,) = judged(tmp_path / "s").regressions
    assert change.kind is ChangeKind.DRIFT
    assert change.change == pytest.approx(0.39, abs=0.05)


def test_what_was_fixed_is_told_and_does_not_stand(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, *[1.2] * 8, *[1.0] * 8])
    judgement = judged(tmp_path / "s")
    worse, better = only(judgement).changes
    assert judgement.regressions == ()
    assert (worse.worse, worse.standing) == (True, False)
    assert worse.fixed_by is not None
    assert worse.fixed_by.commit_id == better.first_after.commit_id == commit_id(29)
    assert not better.worse


def test_half_a_fix_leaves_the_regression_standing(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, *[1.4] * 8, *[1.2] * 8])
    (change,) = judged(tmp_path / "s").regressions
    assert change.first_after.commit_id == commit_id(21)


@pytest.mark.parametrize(
    ("direction", "state"),
    [
        (Direction.LOWER, SeriesState.REGRESSION),
        (Direction.HIGHER, SeriesState.IMPROVEMENT),
        (Direction.NEITHER, SeriesState.NO_DIRECTION),
    ],
)
def test_the_direction_says_what_is_worse(
    tmp_path: Path, direction: Direction, state: SeriesState
) -> None:
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2], direction=direction)
    assert only(judged(tmp_path / "s")).state is state


# -- the newest code with several runs ------------------------------------------------------------


def test_three_runs_of_the_newest_code_tell_at_once_what_one_run_cannot(tmp_path: Path) -> None:
    history(tmp_path / "one", FLAT)
    history(tmp_path / "three", FLAT)
    add_run(tmp_path / "one", {"one": 1.2}, commit=21)
    for run in range(3):
        add_run(tmp_path / "three", {"one": noisy(1.2, seed=run)}, commit=21, run=run)
    lone = only(judged(tmp_path / "one"))
    assert lone.state is SeriesState.UNCHANGED
    assert lone.suspect is not None
    assert lone.suspect.runs < lone.suspect.wanted
    (change,) = judged(tmp_path / "three").regressions
    assert change.basis is Basis.RUNS
    assert change.first_after.commit_id == commit_id(21)
    assert change.runs == 3


def test_one_slow_run_of_three_is_no_slow_code(tmp_path: Path) -> None:
    history(tmp_path / "s", FLAT)
    for run, value in enumerate((1.0, 1.0, 3.0)):
        add_run(tmp_path / "s", {"one": noisy(value, seed=run)}, commit=21, run=run)
    assert only(judged(tmp_path / "s")).state is SeriesState.UNCHANGED


def test_an_interrupted_run_on_either_side_does_not_hide_a_slowdown(tmp_path: Path) -> None:
    # Welch's test alone would see nothing at all.
    for commit, level in ((1, 1.0), (2, 1.0), (3, 1.0), (4, 1.3)):
        for run, factor in enumerate((1.0, 1.0, 2.0 if commit in {2, 4} else 1.0)):
            value = noisy(level * factor, seed=(commit, run))
            add_run(tmp_path / "s", {"one": value}, commit=commit, run=run)
    assert only(judged(tmp_path / "s")).state is SeriesState.REGRESSION


def test_two_interrupted_runs_of_three_are_no_slow_code_where_others_were_too(
    tmp_path: Path,
) -> None:
    for commit, slow in ((1, {0}), (2, {2}), (3, {1}), (4, {0, 2})):
        for run in range(3):
            value = noisy(1.5 if run in slow else 1.0, seed=(commit, run))
            add_run(tmp_path / "s", {"one": value}, commit=commit, run=run)
    assert only(judged(tmp_path / "s")).changes == ()


@pytest.mark.parametrize(
    ("old", "new", "p"),
    [
        # scipy.stats.mannwhitneyu is no dependency; these are counted by hand.
        ((1, 2, 3), (4, 5, 6), 2 / 20),
        ((1, 2, 3), (4, 5), 2 / 10),
        ((1, 2, 4), (3, 5, 6), 2 * 2 / 20),
        ((1, 1), (1, 1), 1.0),
        ((1,), (2,), 1.0),
    ],
)
def test_the_rank_test_counts_orders(old: tuple[int, ...], new: tuple[int, ...], p: float) -> None:
    assert rank_p(old, new) == pytest.approx(p)
    assert rank_p(new, old) == pytest.approx(p)


def test_all_orders_are_counted_once() -> None:
    # Every way to choose 4 places of 9, by brute force.
    wins = Counter(
        sum(1 for new in chosen for old in range(9) if old not in chosen and new > old)
        for chosen in itertools.combinations(range(9), 4)
    )
    assert _orders(5, 4) == tuple(wins[at] for at in range(21))


def test_two_versions_of_five_runs_show_a_large_change_and_no_small_one(tmp_path: Path) -> None:
    history(tmp_path / "large", [1.0, 1.3], runs=5)
    history(tmp_path / "small", [1.0, 1.04], runs=5)
    assert only(judged(tmp_path / "large")).state is SeriesState.REGRESSION
    small = only(judged(tmp_path / "small"))
    assert small.state is SeriesState.UNCHANGED
    assert small.smallest_visible is not None
    assert 0.05 < small.smallest_visible < 0.25


def test_a_session_that_differs_from_others_is_not_called_a_change(tmp_path: Path) -> None:
    # Runs of one session agree to .2 %, sessions differ by 4 %: a test on runs alone would call
    # nearly every commit a change. 30 series of 8 commits; seed 5.
    store = tmp_path / "s"
    names = [f"b{n}" for n in range(30)]
    for at in range(1, 9):
        session = {n: noisy(1.0, seed=(n, at, "session", 5), noise=0.04) for n in names}
        for run in range(5):
            values = {n: noisy(session[n], seed=(n, at, run), noise=0.002) for n in names}
            add_run(store, values, commit=at, run=run)
    assert sum(len(one.changes) for one in judged(store).series) <= 1


def test_runs_in_turns_show_what_separate_sessions_cannot(tmp_path: Path) -> None:
    for run in range(7):
        for commit, level in ((1, 1.0), (2, 1.05)):
            at = 10 * run + commit
            turns = {"one": noisy(level, seed=(run, commit))}
            add_run(tmp_path / "turns", turns, commit=commit, minutes=at)
            add_run(tmp_path / "apart", turns, commit=commit, run=run)
    assert only(judged(tmp_path / "turns")).state is SeriesState.REGRESSION
    assert only(judged(tmp_path / "apart")).state is SeriesState.UNCHANGED


def test_several_runs_that_are_back_take_the_regression_away_at_once(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, *[1.2] * 5])
    assert len(judged(tmp_path / "s").regressions) == 1
    for run in range(3):
        add_run(tmp_path / "s", {"one": noisy(1.0, seed=run)}, commit=26, run=run)
    assert judged(tmp_path / "s").regressions == ()


def test_a_spike_with_several_runs_makes_the_next_one_doubtful(tmp_path: Path) -> None:
    levels = [1.0] * 16
    levels[6] = levels[10] = 1.3  # the machine does this now and then, to whole sessions
    history(tmp_path / "s", levels, runs=3)
    for run in range(3):
        add_run(tmp_path / "s", {"one": noisy(1.3, seed=run)}, commit=17, run=run)
    assert judged(tmp_path / "s").regressions == ()


# -- all series together ---------------------------------------------------------------------------


def test_what_convinces_alone_may_not_convince_among_many(tmp_path: Path) -> None:
    # The same values, once alone and once among 150 flat series.
    levels = [1.0, 1.0, 1.0, 1.075]
    history(tmp_path / "alone", levels, runs=3)
    flat = [f"flat{n}" for n in range(150)]
    for at, level in enumerate(levels, 1):
        for run in range(3):
            values = {n: noisy(1.0, seed=(n, at, run), noise=0.03) for n in flat}
            values["one"] = noisy(level, seed=("one", at, run, 0))
            add_run(tmp_path / "many", values, commit=at, run=run)
    alone = only(judged(tmp_path / "alone"))
    assert alone.state is SeriesState.REGRESSION
    p = alone.changes[0].p
    assert p == alone.changes[0].p_adjusted
    assert only(judged(tmp_path / "many")).state is SeriesState.UNCHANGED


def test_a_benchmark_that_is_gone_is_history_and_costs_the_others_nothing(tmp_path: Path) -> None:
    gone = [f"gone{n}" for n in range(50)]
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2], names=["gone0", *gone[1:]])
    for at in range(24, 36):
        level = 1.0 if at < 33 else 1.2
        add_run(tmp_path / "s", {"one": noisy(level, seed=at)}, commit=at)
    judgement = judged(tmp_path / "s")
    (change,) = judgement.regressions
    assert change.key.benchmark == "one"
    assert [one.key.benchmark for one in judgement.current] == ["one"]
    assert only(judgement, "gone0").changes


def test_another_machine_is_another_series_and_no_regression(tmp_path: Path) -> None:
    history(tmp_path / "s", FLAT)
    slower = dataclasses.replace(HERE, cpu="an old one")
    for at in range(21, 31):
        add_run(tmp_path / "s", {"one": noisy(2.0, seed=at)}, commit=at, environment=slower)
    judgement = judged(tmp_path / "s")
    assert judgement.regressions == ()
    assert judgement.environment.cpu == "an old one"
    assert len(judgement.series) == 2
    assert [one.key.environment for one in judgement.current] == [slower.fingerprint]


def test_counts_of_other_kinds_are_not_judged(tmp_path: Path) -> None:
    leak = Record(kind=RecordKind.STRESS, name="leaks", outcome=Outcome.FAILED)
    history(tmp_path / "s", FLAT, others=(leak,))
    assert [one.key.benchmark for one in judged(tmp_path / "s").series] == ["one"]


def test_a_store_without_benchmarks_has_nothing_to_judge(tmp_path: Path) -> None:
    document = RunDocument(
        source="a test", written_at=START, environment=HERE, commit=None, records=()
    )
    write_document(document, store=tmp_path / "s")
    with pytest.raises(TooLittleDataError, match="no benchmark"):
        judged(tmp_path / "s")


def test_too_short_a_history_says_what_to_do(tmp_path: Path) -> None:
    history(tmp_path / "s", [1.0])
    first = only(judged(tmp_path / "s"))
    assert first.state is SeriesState.CANNOT_TELL
    assert "nothing before it" in first.reason
    add_run(tmp_path / "s", {"one": 1.0}, commit=2)
    second = only(judged(tmp_path / "s"))
    assert "run the newest 2 times more" in second.reason.replace("\u202f", " ")


def test_noise_that_hides_a_doubling_cannot_tell(tmp_path: Path) -> None:
    history(tmp_path / "s", FLAT, noise=0.9)
    one = only(judged(tmp_path / "s"))
    assert one.state is SeriesState.CANNOT_TELL
    assert one.reason.startswith("too noisy")


def test_the_same_store_has_the_same_judgement(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2], names=["one", "two"])
    assert judged(tmp_path / "s") == judged(tmp_path / "s")


def test_a_branch_cut_from_an_older_commit_is_not_passed_unseen(tmp_path: Path) -> None:
    history(tmp_path / "s", FLAT)
    assert judged(tmp_path / "s").behind == ""
    add_run(tmp_path / "s", {"one": 2.0}, commit=15, minutes=10_000)
    assert "lies before 0000014" in judged(tmp_path / "s").behind


def test_a_session_in_turns_may_end_with_its_base(tmp_path: Path) -> None:
    history(tmp_path / "s", FLAT)
    add_run(tmp_path / "s", {"one": 1.0}, commit=21, minutes=10_000, session="turns")
    add_run(tmp_path / "s", {"one": 1.0}, commit=20, minutes=10_001, session="turns")
    assert judged(tmp_path / "s").behind == ""


# -- policy ----------------------------------------------------------------------------------------


def test_floors_are_relative_absolute_and_by_pattern(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2], names=["one", "test_io[4]"])

    def worse(policy: Policy) -> set[str]:
        return {one.key.benchmark for one in judged(tmp_path / "s", policy=policy).regressions}

    assert worse(Policy()) == {"one", "test_io[4]"}
    assert worse(Policy(floor=0.5)) == set()
    assert worse(Policy(absolute_floors={"s": 0.5})) == set()
    assert worse(Policy(absolute_floors={"B": 0.5})) == {"one", "test_io[4]"}
    assert worse(Policy(rules=(Rule(pattern="test_io[4]", floor=0.5),))) == {"one"}
    assert worse(Policy(rules=(Rule(pattern="test_io*", judged=False),))) == {"one"}
    last = (Rule(pattern="*", floor=0.5), Rule(pattern="one", floor=0.1))
    assert worse(Policy(rules=last)) == {"one"}


# -- what was accepted -----------------------------------------------------------------------------


def accepted(**fields: object) -> Acceptances:
    entry = Accepted(author="Ada", day=TODAY, reason="known", **fields)  # type: ignore[arg-type]
    return Acceptances(changes=(entry,))


def test_an_accepted_change_is_known_and_no_regression(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2], names=["one", "two"])
    alert = only(judged(tmp_path / "s")).changes[0].alert_id
    judgement = judged(tmp_path / "s", accepted=accepted(alert=alert))
    assert only(judgement).state is SeriesState.ACKNOWLEDGED
    known = only(judgement).changes[0].acknowledged
    assert known is not None
    assert (known.who, known.why, known.day) == ("Ada", "known", TODAY)
    assert [one.key.benchmark for one in judgement.regressions] == ["two"]


def test_an_entry_holds_when_the_place_has_wandered(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.2, 1.2, 1.2])
    near = accepted(benchmark="o*", commit=commit_id(19)[:12])
    assert judged(tmp_path / "s", accepted=near).regressions == ()
    far = accepted(benchmark="o*", commit=commit_id(9)[:12])
    judgement = judged(tmp_path / "s", accepted=far)
    assert len(judgement.regressions) == 1
    assert any("matches nothing" in note for note in judgement.notes)


def test_a_change_that_has_grown_is_news(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, 1.5, 1.5, 1.5])
    small = accepted(benchmark="one", commit=commit_id(21), change=0.2)
    judgement = judged(tmp_path / "s", accepted=small)
    assert len(judgement.regressions) == 1
    assert any("it counts" in note for note in judgement.notes)
    same = accepted(benchmark="one", commit=commit_id(21), change=0.45)
    assert judged(tmp_path / "s", accepted=same).regressions == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"commit": commit_id(21)},
        {"commit": "abcdef0", "position": 21},
    ],
    ids=["measured", "not measured, known by its position"],
)
def test_a_reset_begins_the_history_anew(tmp_path: Path, fields: dict[str, object]) -> None:
    history(tmp_path / "s", [*FLAT, *[1.2] * 10], names=["one", "two"])
    entry = Reset(benchmark="one", author="Ada", day=TODAY, reason="new data", **fields)  # type: ignore[arg-type]
    judgement = judged(tmp_path / "s", accepted=Acceptances(resets=(entry,)))
    one = only(judgement)
    assert one.points == 10
    assert one.reset is not None
    assert [change.key.benchmark for change in judgement.regressions] == ["two"]
    assert judgement.notes == ()


def test_a_reset_after_the_newest_point_leaves_nothing_to_judge(tmp_path: Path) -> None:
    history(tmp_path / "s", FLAT)
    entry = Reset(
        benchmark="one", commit="abcdef0", position=99, author="Ada", day=TODAY, reason="new"
    )
    one = only(judged(tmp_path / "s", accepted=Acceptances(resets=(entry,))))
    assert one.state is SeriesState.CANNOT_TELL
    assert "begins anew" in one.reason


def test_an_alerts_id_does_not_change_as_points_come_in(tmp_path: Path) -> None:
    history(tmp_path / "s", [*FLAT, *[1.3] * 3])
    (first,) = judged(tmp_path / "s").regressions
    for at in range(24, 40):
        add_run(tmp_path / "s", {"one": noisy(1.3, seed=at)}, commit=at)
    (later,) = judged(tmp_path / "s").regressions
    assert later.alert_id == first.alert_id
    assert len(first.alert_id) == 12
