"""The store: documents are the truth, the index is only quick, and strangers are left alone."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reports import (
    Direction,
    Environment,
    Measure,
    NoStoreError,
    Outcome,
    Record,
    RecordKind,
    RunDocument,
    Store,
    StoreNotOursError,
)
from reports.commit import Commit
from reports.write import write_document

if TYPE_CHECKING:
    from pathlib import Path

HERE = Environment.capture()
START = datetime(2026, 1, 1, tzinfo=UTC)


def add_run(  # noqa: PLR0913  # each argument is one circumstance of a run
    store: Path,
    value: float,
    *,
    at: int,
    commit: str | None = None,
    position: int | None = None,
    dirty: bool = False,
    committed_at: datetime | None = None,
    environment: Environment = HERE,
) -> Path:
    measure = Measure(metric="time", value=value, unit="s", direction=Direction.LOWER)
    record = Record(
        kind=RecordKind.BENCHMARK, name="access", outcome=Outcome.PASSED, measures=(measure,)
    )
    where = (
        Commit(commit_id=commit, position=position, dirty=dirty, committed_at=committed_at)
        if commit
        else None
    )
    document = RunDocument(
        source="a test",
        written_at=START + timedelta(hours=at),
        environment=environment,
        commit=where,
        records=(record,),
    )
    return write_document(document, store=store)


def values(store: Path) -> tuple[float, ...]:
    with Store(store) as opened:
        (series,) = opened.all_series()
        return series.values


def test_a_series_follows_the_first_parent_line_not_the_clock(tmp_path: Path) -> None:
    add_run(tmp_path / "s", 3.0, at=0, commit="c" * 40, position=3)
    add_run(tmp_path / "s", 1.0, at=2, commit="a" * 40, position=1)
    add_run(tmp_path / "s", 2.0, at=1, commit="b" * 40, position=2)
    assert values(tmp_path / "s") == (1.0, 2.0, 3.0)


def test_one_run_without_a_position_puts_the_series_in_order_of_commit_time(tmp_path: Path) -> None:
    def made(day: int) -> datetime:
        return START - timedelta(days=10 - day)

    add_run(tmp_path / "s", 3.0, at=0, commit="c" * 40, position=1, committed_at=made(3))
    add_run(tmp_path / "s", 1.0, at=1, commit="a" * 40, position=2, committed_at=made(1))
    add_run(tmp_path / "s", 2.0, at=2, commit="b" * 40, committed_at=made(2))
    assert values(tmp_path / "s") == (1.0, 2.0, 3.0)


def test_runs_without_any_commit_are_in_order_of_time(tmp_path: Path) -> None:
    for at, value in ((2, 3.0), (0, 1.0), (1, 2.0)):
        add_run(tmp_path / "s", value, at=at)
    assert values(tmp_path / "s") == (1.0, 2.0, 3.0)


def test_runs_of_one_clean_commit_are_one_point_and_dirty_ones_are_not(tmp_path: Path) -> None:
    for at, value in enumerate((1.0, 2.0, 9.0)):
        add_run(tmp_path / "s", value, at=at, commit="a" * 40, position=1)
    for at, value in enumerate((5.0, 6.0)):
        add_run(tmp_path / "s", value, at=5 + at, commit="a" * 40, position=1, dirty=True)
    with Store(tmp_path / "s") as store:
        (series,) = store.all_series()
    points = series.points()
    assert [point.values for point in points] == [(1.0, 2.0, 9.0), (5.0,), (6.0,)]
    assert [point.label for point in points] == ["aaaaaaa", "aaaaaaa+", "aaaaaaa+"]
    assert points[0].median == 2.0


def test_two_runs_of_the_same_uncommitted_change_are_one_point(tmp_path: Path) -> None:
    for at, changes in enumerate(("1" * 16, "1" * 16, "2" * 16)):
        commit = Commit(commit_id="a" * 40, position=1, dirty=True, changes=changes)
        document = RunDocument.from_bytes(
            add_run(tmp_path / "x", 1.0, at=at).read_bytes(), document="x"
        )
        write_document(dataclasses.replace(document, commit=commit), store=tmp_path / "s")
    with Store(tmp_path / "s") as store:
        (series,) = store.all_series()
    assert [len(point.values) for point in series.points()] == [2, 1]


def test_unlike_environments_are_series_of_their_own(tmp_path: Path) -> None:
    other = dataclasses.replace(HERE, cpu="another")
    add_run(tmp_path / "s", 1.0, at=0)
    add_run(tmp_path / "s", 2.0, at=1, environment=other)
    with Store(tmp_path / "s") as store:
        assert sorted(series.values for series in store.all_series()) == [(1.0,), (2.0,)]
        known = {store.environment(one.key.environment).cpu for one in store.all_series()}
    assert known == {HERE.cpu, "another"}


def test_the_index_rebuilds_from_the_documents_alone(tmp_path: Path) -> None:
    add_run(tmp_path / "s", 1.0, at=0)
    add_run(tmp_path / "s", 2.0, at=1)
    with Store(tmp_path / "s") as store:
        before = store.all_series()
        store.rebuild()
        assert store.all_series() == before
    (tmp_path / "s" / "index.sqlite3").unlink()
    with Store(tmp_path / "s") as store:
        assert store.all_series() == before


def test_documents_that_come_or_go_are_noticed(tmp_path: Path) -> None:
    first = add_run(tmp_path / "s", 1.0, at=0)
    assert values(tmp_path / "s") == (1.0,)
    add_run(tmp_path / "s", 2.0, at=1)
    assert values(tmp_path / "s") == (1.0, 2.0)
    first.unlink()
    assert values(tmp_path / "s") == (2.0,)


def test_a_damaged_index_of_ours_is_made_anew(tmp_path: Path) -> None:
    add_run(tmp_path / "s", 1.0, at=0)
    assert values(tmp_path / "s") == (1.0,)
    index = tmp_path / "s" / "index.sqlite3"
    index.write_bytes(index.read_bytes()[:5000])
    assert values(tmp_path / "s") == (1.0,)


@pytest.mark.parametrize("kind", ["a text file", "an empty file", "another program's database"])
def test_an_index_that_is_not_ours_is_refused_and_not_touched(tmp_path: Path, kind: str) -> None:
    add_run(tmp_path / "s", 1.0, at=0)
    index = tmp_path / "s" / "index.sqlite3"
    if kind == "a text file":
        index.write_text("dear diary")
    elif kind == "an empty file":
        index.touch()
    else:
        connection = sqlite3.connect(index)
        connection.execute("CREATE TABLE run (id)")
        connection.commit()
        connection.close()
    before = index.read_bytes(), index.stat().st_mtime_ns
    with pytest.raises(StoreNotOursError, match="is not an index that holdfast made"):
        Store(tmp_path / "s")
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_a_folder_that_is_no_store_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError, match="there is no store at"):
        Store(tmp_path / "nowhere")
    with pytest.raises(StoreNotOursError, match="is not in it"):
        Store(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_document_is_listed_and_the_others_still_count(tmp_path: Path) -> None:
    add_run(tmp_path / "s", 1.0, at=0)
    victim = add_run(tmp_path / "s", 2.0, at=1)
    data = victim.read_bytes().replace(b"2.0", b"0.1")
    victim.unlink()
    victim.write_bytes(data)
    (tmp_path / "s" / "runs" / "notes.txt").write_text("mine")
    with Store(tmp_path / "s") as store:
        (series,) = store.all_series()
        assert series.values == (1.0,)
        reasons = [str(error) for error in store.refused]
    assert any("its content is not what its name says" in reason for reason in reasons)
    assert any("notes.txt was refused" in reason for reason in reasons)
    assert victim.read_bytes() == data


def test_two_stores_open_at_once_see_the_same(tmp_path: Path) -> None:
    add_run(tmp_path / "s", 1.0, at=0)
    with Store(tmp_path / "s") as one, Store(tmp_path / "s") as other:
        add_run(tmp_path / "s", 2.0, at=1)
        one.refresh()
        other.refresh()
        assert one.all_series() == other.all_series()
        assert len(one.stamps()) == 2
