"""Which runs a name means, and which runs are held against each other."""

from __future__ import annotations

import dataclasses
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from reports import Direction, Measure, Store
from reports.comparing.compare import compare, compare_runs
from reports.comparing.difference import Method
from reports.comparing.pairs import Options
from reports.comparing.sides import Statistic
from reports.comparing.verdict import Verdict
from reports.errors import BadValueError, TooLittleDataError, UnlikeEnvironmentsError
from reports.write import write_document
from tests.reports.comparing.compared_runs import HERE, commit, run, runs, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from reports.document import RunDocument


def kept(path: Path, *documents: RunDocument) -> Store:
    for document in documents:
        write_document(document, store=path)
    return Store(path)


def pair_of(path: Path, *, first: str = "a", second: str = "b") -> Store:
    draw = random.Random(1)
    old = runs({"x": 1.0}, of=commit(first), many=4, noise=0.01, draw=draw)
    new = runs({"x": 1.2}, of=commit(second), many=4, noise=0.01, draw=draw, after=100)
    return kept(path, *old, *new)


def test_a_commit_is_named_by_its_first_digits(tmp_path: Path) -> None:
    with pair_of(tmp_path / "s") as store:
        found = compare(store, "aaaa", "bbbbbbbbbb", folder=tmp_path)
    assert (found.old_label, found.new_label) == ("aaaaaaa", "bbbbbbb")
    assert (found.old_runs, found.new_runs) == (4, 4)
    assert found.pairs[0].verdict is Verdict.WORSE


def test_a_run_stands_for_its_commit(tmp_path: Path) -> None:
    with pair_of(tmp_path / "s") as store:
        runs_of_a = [one.run_id for one in store.stamps() if one.commit_id == "a" * 40]
        assert compare(store, runs_of_a[0][:12], "bbbb", folder=tmp_path).old_runs == 4


def test_names_of_git_mean_their_commits(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    ids = []
    for tag in ("v1", "v2", "unmeasured"):
        git("commit", "--quiet", "--allow-empty", "--message", tag)
        git("tag", tag)
        ids.append(git("rev-parse", "HEAD"))
    draw = random.Random(1)
    documents = [
        one
        for at, commit_id in enumerate(ids[:2])
        for one in runs(
            {"x": 1.0},
            of=dataclasses.replace(commit("a"), commit_id=commit_id),
            many=3,
            noise=0.01,
            draw=draw,
            after=at,
        )
    ]
    with kept(tmp_path / "s", *documents) as store:
        found = compare(store, "v1", "main~1", folder=tmp_path)
        assert (found.old_label, found.new_label) == (ids[0][:7], ids[1][:7])
        with pytest.raises(BadValueError, match=f"knows it as {ids[2][:7]}, which has no run"):
            compare(store, "v1", "HEAD", folder=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("aaaa", "aaaaaa", "which are both aaaaaaa"),
        ("aa", "bbbb", "at least 4 digits"),
        ("cccc", "bbbb", "no run or commit begins so"),
        ("no such thing", "bbbb", "git here knows no commit"),
        ("--help", "bbbb", "git here knows no commit"),
        ("a\0b", "bbbb", "git here knows no commit"),
        ("", "bbbb", "git here knows no commit"),
    ],
)
def test_a_name_that_does_not_fit_is_explained(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pair_of(tmp_path / "s") as store, pytest.raises(BadValueError, match=says):
        compare(store, old, new, folder=tmp_path)


def test_uncommitted_changes_are_a_version_of_their_own(tmp_path: Path) -> None:
    documents = [
        run({"x": 1.0}, at=0, of=commit("a")),
        run({"x": 2.0}, at=1, of=commit("a", dirty=True, changes="one")),
        run({"x": 3.0}, at=2, of=commit("b", dirty=True)),
        run({"x": 3.0}, at=3, of=commit("b", dirty=True)),
    ]
    with kept(tmp_path / "s", *documents) as store:
        found = compare(store, "aaaa", "aaaa+", folder=tmp_path)
        assert (found.old_label, found.new_label) == ("aaaaaaa", "aaaaaaa+")
        assert found.pairs[0].found.change == pytest.approx(1.0)
        # Changes that nobody wrote down: who names the commit means all of its runs.
        assert compare(store, "aaaa", "bbbb", folder=tmp_path).new_runs == 2


def test_runs_of_one_session_are_preferred(tmp_path: Path) -> None:
    draw = random.Random(1)
    # Yesterday the machine was twice as slow, and only the old version was measured.
    before = runs({"x": 2.0}, of=commit("a"), many=5, noise=0.01, draw=draw)
    old = runs({"x": 1.0}, of=commit("a"), many=5, noise=0.01, draw=draw, after=99, session="s")
    new = runs({"x": 1.0}, of=commit("b"), many=5, noise=0.01, draw=draw, after=100, session="s")
    with kept(tmp_path / "s", *before, *old, *new) as store:
        found = compare(store, "aaaa", "bbbb", folder=tmp_path)
        assert (found.session, found.old_runs) == ("s", 5)
        assert found.pairs[0].verdict is Verdict.SAME
        every = compare(store, "aaaa", "bbbb", folder=tmp_path, options=Options(sessions=False))
        assert (every.session, every.old_runs) == ("", 10)


def test_rounds_are_compared_as_such_where_the_machine_wanders() -> None:
    draw = random.Random(4)
    levels = {f"benchmark {at}": 1.0 for at in range(10)}
    weather = [draw.gauss(0, 0.05) for _ in range(6)]
    sides = [
        runs(levels, of=commit(digit), many=6, noise=0.01, draw=draw, after=at, session="s",
             weather=weather)
        for at, digit in enumerate("ab")
    ]  # fmt: skip
    assert {pair.found.method for pair in compare_runs(*sides).pairs} == {Method.PAIRED}
    # Without a session nobody knows that the runs were taken in turn.
    apart = [[dataclasses.replace(one, session="") for one in side] for side in sides]
    assert {pair.found.method for pair in compare_runs(*apart).pairs} == {Method.WELCH}


def test_unlike_environments_are_refused_unless_asked_for() -> None:
    other = dataclasses.replace(HERE, python="3.99.0")
    old = [run({"x": 1.0}, at=at, of=commit("a")) for at in range(3)]
    new = [run({"x": 1.0}, at=at, of=commit("b"), environment=other) for at in range(3)]
    with pytest.raises(UnlikeEnvironmentsError, match=r"python is .* against 3\.99\.0"):
        compare_runs(old, new)
    found = compare_runs(old, new, options=Options(across=True))
    assert found.differences == (f"python is {HERE.python} against 3.99.0",)
    assert found.pairs[0].environment == ""


def test_what_cannot_be_compared_is_explained() -> None:
    some = [run({"x": 1.0}, at=0, of=commit("a"))]
    with pytest.raises(TooLittleDataError, match="new has no benchmarks"):
        compare_runs(some, [run({}, at=0, of=commit("b"))])
    with pytest.raises(TooLittleDataError, match="share no benchmark"):
        compare_runs(some, [run({"y": 1.0}, at=0, of=commit("b"))])


def test_the_fastest_round_stands_for_a_run_where_both_sides_have_it() -> None:
    def side(digit: str, fastest: float | None, typical: float) -> list[RunDocument]:
        return [
            run(
                {"x": seconds(typical * (1 + at / 1000), fastest=fastest, rounds=20)},
                at=at,
                of=commit(digit),
            )
            for at in range(5)
        ]

    old = side("a", 1.0, 1.1)
    found = compare_runs(old, side("b", 1.2, 1.25)).pairs[0]
    assert found.statistic is Statistic.FASTEST
    assert found.found.change == pytest.approx(0.2)
    typical = Options(statistic=Statistic.TYPICAL)
    assert compare_runs(old, side("b", 1.2, 1.25), options=typical).pairs[0].found.change < 0.15
    assert compare_runs(old, side("b", None, 1.25)).pairs[0].statistic is Statistic.TYPICAL
    # What only the typical round shows is told beside the verdict, not hidden.
    beside = compare_runs(old, side("b", 1.0, 1.3)).pairs[0]
    assert beside.verdict is Verdict.SAME
    assert beside.typical_change == pytest.approx(0.18, abs=0.01)


def test_few_rounds_and_other_units_are_taken_as_they_are() -> None:
    def side(digit: str, measure: Measure) -> list[RunDocument]:
        return [run({"x": measure}, at=at, of=commit(digit)) for at in range(3)]

    few = seconds(2.0, fastest=1.0, rounds=4)
    rate = Measure(
        metric="rate", value=2.0, unit="1/s", direction=Direction.HIGHER, n=50, minimum=1.0
    )
    for measure in (few, rate):
        pair = compare_runs(side("a", measure), side("b", measure)).pairs[0]
        assert pair.statistic is Statistic.TYPICAL
        assert pair.found.old_level == 2.0
