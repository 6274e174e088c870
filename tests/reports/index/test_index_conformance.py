"""What an index answers, word for word the same from a file and from a server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reports import BadValueError, Direction, Outcome, Record, RecordKind, Store
from reports.commit import Commit
from reports.series import EnvironmentSpan, SeriesKey
from tests.reports.index.written_runs import HERE, START, THERE, add, benchmark

if TYPE_CHECKING:
    from pathlib import Path


def commit(digit: str, position: int | None = None, **more: object) -> Commit:
    return Commit(commit_id=digit * 40, position=position, **more)  # type: ignore[arg-type]


def key(name: str, metric: str = "time", environment: str = HERE.fingerprint) -> SeriesKey:
    return SeriesKey(benchmark=name, metric=metric, environment=environment)


def test_a_series_comes_back_as_it_was_measured(tmp_path: Path, index: str | None) -> None:
    summary = {"n": 50, "minimum": 0.5, "q1": 0.9, "median": 1.0, "q3": 1.1, "maximum": 9.0}
    when = START - timedelta(days=3, microseconds=7)
    place = commit("a", 4, committed_at=when, dirty=True, changes="c" * 16)
    record = benchmark("b", 1.0, params={"size": "3"}, **summary)
    path = add(tmp_path / "s", record, commit=place, session="evening", source="pytest")
    with Store(tmp_path / "s", index) as store:
        (series,) = store.all_series()
    assert series.key == key("b")
    assert (series.unit, series.direction, series.params) == ("s", Direction.LOWER, {"size": "3"})
    (run,) = series.runs
    assert {name: getattr(run, name) for name in summary} == summary
    stamp = run.stamp
    assert (stamp.run_id, stamp.environment) == (path.stem, HERE.fingerprint)
    assert (stamp.source, stamp.session, stamp.kinds) == (
        "pytest",
        "evening",
        (RecordKind.BENCHMARK,),
    )
    assert (stamp.commit_id, stamp.position, stamp.dirty) == ("a" * 40, 4, True)
    assert (stamp.committed_at, stamp.written_at, stamp.changes) == (when, START, "c" * 16)


@pytest.mark.parametrize(
    "value",
    [0.1 + 0.2, 5e-324, -1.7976931348623157e308, 2.0**53 + 2],
    ids=repr,
)
def test_a_value_keeps_every_bit(tmp_path: Path, index: str | None, value: float) -> None:
    add(tmp_path / "s", benchmark("b", value))
    with Store(tmp_path / "s", index) as store:
        (series,) = store.all_series()
    assert repr(series.values) == repr((value,))


@pytest.mark.parametrize(
    "name",
    [
        "test_x[\u00fc-\u96ea-\U0001f600]",
        "nul \x00 inside",
        "\ue000 and \ue0000 and \ue000e",
        "'; DROP TABLE holdfast_run; --",
        "%s {} \\",
        " spaces ",
        "\u96ea" * 500,
    ],
    ids=ascii,
)
def test_any_name_is_kept_and_found(tmp_path: Path, index: str | None, name: str) -> None:
    add(tmp_path / "s", benchmark(name, 1.0), session=name, source=name)
    add(tmp_path / "s", benchmark(name + "!" if len(name) < 500 else "other", 2.0), at=1)
    with Store(tmp_path / "s", index) as store:
        found = store.series(key(name))
        assert found is not None
        assert (found.key.benchmark, found.values) == (name, (1.0,))
        assert [run.source for run in store.runs_of_session(name)] == [name]


def test_names_that_differ_in_case_or_spaces_are_series_of_their_own(
    tmp_path: Path, index: str | None
) -> None:
    names = ["B", "b", "b ", "\u00e9", "e\u0301"]
    add(tmp_path / "s", *(benchmark(name, 1.0) for name in names))
    with Store(tmp_path / "s", index) as store:
        assert [one.key.benchmark for one in store.all_series()] == sorted(names)


def test_series_are_ordered_by_benchmark_metric_and_environment(
    tmp_path: Path, index: str | None
) -> None:
    for at, where in enumerate((THERE, HERE)):
        records = [benchmark(name, 1.0, metric=metric) for name in "ba" for metric in "zy"]
        merged = [
            Record(
                kind=RecordKind.BENCHMARK,
                name=name,
                outcome=Outcome.PASSED,
                measures=tuple(one.measures[0] for one in records if one.name == name),
            )
            for name in "ba"
        ]
        add(tmp_path / "s", *merged, at=at, environment=where)
    both = sorted((HERE.fingerprint, THERE.fingerprint))
    expected = tuple(key(name, metric, where) for name in "ab" for metric in "yz" for where in both)
    with Store(tmp_path / "s", index) as store:
        assert store.series_keys() == expected
        assert tuple(one.key for one in store.all_series()) == expected
        assert tuple(one.key for one in store.series_of("b")) == expected[4:]
        assert tuple(store.series(one) for one in expected) == store.all_series()


def test_what_nobody_measured_is_answered_with_nothing(tmp_path: Path, index: str | None) -> None:
    add(tmp_path / "s", benchmark("b", 1.0))
    with Store(tmp_path / "s", index) as store:
        assert store.series(key("other")) is None
        assert store.series(key("b", "memory")) is None
        assert store.series(key("b", environment="0" * 16)) is None
        assert store.series_of("other") == ()
        assert store.environments_of("other") == ()
        assert store.runs_of_commit("f" * 40) == ()
        assert store.runs_of_session("other") == ()
        with pytest.raises(KeyError):
            store.environment("0" * 16)
        with pytest.raises(BadValueError, match="runs_of_session got no session"):
            store.runs_of_session("")


def test_an_empty_store_is_empty(tmp_path: Path, index: str | None) -> None:
    add(tmp_path / "s", benchmark("b", 1.0)).unlink()
    with Store(tmp_path / "s", index) as store:
        assert (store.all_series(), store.series_keys(), store.stamps()) == ((), (), ())


def test_runs_are_found_by_commit_session_and_kind(tmp_path: Path, index: str | None) -> None:
    paths = [
        add(tmp_path / "s", benchmark("b", 1.0), at=0, commit=commit("a"), session="one"),
        add(tmp_path / "s", benchmark("b", 1.0), at=1, commit=commit("a", dirty=True)),
        add(tmp_path / "s", benchmark("b", 1.0), at=2, commit=commit("b"), session="one"),
        add(
            tmp_path / "s",
            Record(kind=RecordKind.FUZZ, name="parser", outcome=Outcome.FAILED),
            benchmark("b", 2.0),
            at=3,
        ),
    ]
    names = [path.stem for path in paths]

    with Store(tmp_path / "s", index) as store:
        found = {
            "all": store.stamps(),
            "commit": store.runs_of_commit("a" * 40),
            "session": store.runs_of_session("one"),
            "fuzz": store.stamps(kind=RecordKind.FUZZ),
        }
    assert {what: [names.index(run.run_id) for run in runs] for what, runs in found.items()} == {
        "all": [3, 2, 1, 0],
        "commit": [1, 0],
        "session": [2, 0],
        "fuzz": [3],
    }


def test_environments_are_told_with_when_a_benchmark_was_measured_there(
    tmp_path: Path, index: str | None
) -> None:
    for at, where in enumerate((THERE, THERE, HERE)):
        add(tmp_path / "s", benchmark("b", 1.0), at=at, environment=where)
    add(tmp_path / "s", benchmark("other", 1.0), at=9, environment=THERE)
    with Store(tmp_path / "s", index) as store:
        assert store.environments_of("b") == (
            EnvironmentSpan(
                environment=THERE.fingerprint, first=START, last=START + timedelta(hours=1), runs=2
            ),
            EnvironmentSpan(
                environment=HERE.fingerprint,
                first=START + timedelta(hours=2),
                last=START + timedelta(hours=2),
                runs=1,
            ),
        )
        assert {one.fingerprint for one in store.environments()} == {
            HERE.fingerprint,
            THERE.fingerprint,
        }
        assert store.environment(THERE.fingerprint) == THERE


def test_unit_direction_and_params_are_those_of_the_newest_run(
    tmp_path: Path, index: str | None
) -> None:
    newest = add(
        tmp_path / "s",
        benchmark("b", 1.0, unit="ops/s", direction=Direction.HIGHER, params={"size": "2"}),
        at=2,
    )
    add(tmp_path / "s", benchmark("b", 1.0, params={"size": "1"}), at=1)
    with Store(tmp_path / "s", index) as store:
        (series,) = store.all_series()
        assert (series.unit, series.direction) == ("ops/s", Direction.HIGHER)
        assert series.params == {"size": "2"}
        newest.unlink()
        store.refresh()
        (series,) = store.all_series()
        assert (series.unit, series.direction) == ("s", Direction.LOWER)
        assert series.params == {"size": "1"}


def test_a_benchmark_that_stands_twice_in_a_run_counts_once(
    tmp_path: Path, index: str | None
) -> None:
    add(tmp_path / "s", benchmark("b", 1.0), benchmark("b", 2.0))
    with Store(tmp_path / "s", index) as store:
        (series,) = store.all_series()
    assert series.values == (1.0,)


def test_only_benchmarks_make_series(tmp_path: Path, index: str | None) -> None:
    (measure,) = benchmark("x", 1.0).measures
    for at, kind in enumerate(RecordKind):
        record = Record(kind=kind, name=kind.value, outcome=Outcome.PASSED, measures=(measure,))
        add(tmp_path / "s", record, at=at)
    with Store(tmp_path / "s", index) as store:
        assert [one.key.benchmark for one in store.all_series()] == ["benchmark"]
        assert len(store.stamps()) == len(RecordKind)


def test_documents_that_go_take_everything_of_theirs_with_them(
    tmp_path: Path, index: str | None
) -> None:
    add(tmp_path / "s", benchmark("b", 1.0), at=0)
    gone = add(tmp_path / "s", benchmark("c", 1.0, metric="m"), at=1, environment=THERE)
    with Store(tmp_path / "s", index) as store:
        assert len(store.environments()) == 2
        gone.unlink()
        store.refresh()
        assert store.series_keys() == (key("b"),)
        assert store.environments() == (HERE,)


def test_a_rebuild_drops_a_document_that_changed_since(tmp_path: Path, index: str | None) -> None:
    add(tmp_path / "s", benchmark("b", 1.0), at=0)
    victim = add(tmp_path / "s", benchmark("b", 2.0), at=1)
    with Store(tmp_path / "s", index) as store:
        victim.chmod(0o644)
        victim.write_bytes(victim.read_bytes().replace(b"2.0", b"3.0"))
        store.refresh()
        assert store.all_series()[0].values == (1.0, 2.0)
        assert store.refused == ()
        store.rebuild()
        assert store.all_series()[0].values == (1.0,)
        assert "its content is not what its name says" in str(store.refused[0])


def test_progress_ends_with_all_that_was_to_read(tmp_path: Path, index: str | None) -> None:
    for at in range(70):
        add(tmp_path / "s", benchmark("b", 1.0), at=at)
    told: list[tuple[int, int]] = []
    with Store(tmp_path / "s", index, progress=lambda done, of: told.append((done, of))) as store:
        assert told == [(64, 70), (70, 70)]
        store.refresh(progress=lambda done, of: told.append((done, of)))
    assert len(told) == 2, "there was nothing new to tell of"


def test_a_store_names_itself_without_its_secrets(tmp_path: Path, index: str | None) -> None:
    add(tmp_path / "s", benchmark("b", 1.0))
    with Store(tmp_path / "s", index) as store:
        assert repr(store).startswith(f"<Store {tmp_path / 's'}, ")
