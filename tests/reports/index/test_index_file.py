"""The file of an index: ours is mended when it is damaged, anything else is left alone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from reports import Store, StoreNotOursError
from reports.index import engines
from reports.index.errors import IndexBusyError, IndexUnreachableError
from reports.layout import INDEX
from tests.reports.index.written_runs import add, benchmark

if TYPE_CHECKING:
    from pathlib import Path


def two_runs(store: Path) -> Path:
    """Make a store of two runs with a sound index, and return the index."""
    for at in range(2):
        add(store, *(benchmark(f"b{n}", 1.0 + at) for n in range(200)), at=at)
    Store(store).close()
    return store / INDEX


def assert_sound(store: Path) -> None:
    with Store(store) as opened:
        every = opened.all_series()
        assert len(every) == 200
        assert {one.values for one in every} == {(1.0, 2.0)}


DAMAGE = {
    "gone": lambda index: index.unlink(),
    "cut to its header": lambda index: os.truncate(index, 100),
    "cut in the middle": lambda index: os.truncate(index, index.stat().st_size // 2),
    "cut by a byte": lambda index: os.truncate(index, index.stat().st_size - 1),
    "blank behind the header": lambda index: index.write_bytes(
        index.read_bytes()[:100] + bytes(index.stat().st_size - 100)
    ),
    "without its tables": lambda index: run(index, "DROP TABLE holdfast_measure"),
    "without a column": lambda index: run(index, "ALTER TABLE holdfast_run DROP COLUMN kinds"),
    "without its mark": lambda index: run(index, "DELETE FROM holdfast_index"),
    "of another version": lambda index: run(index, "PRAGMA user_version = 1"),
    "of a later version": lambda index: run(index, "PRAGMA user_version = 99"),
}


def run(index: Path, statement: str) -> None:
    connection = sqlite3.connect(index)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_of_ours_is_made_anew_when_a_store_is_opened(
    tmp_path: Path, damage: str
) -> None:
    DAMAGE[damage](two_runs(tmp_path / "s"))
    add(tmp_path / "s", at=5)  # something to write, which needs the mark
    assert_sound(tmp_path / "s")


@pytest.mark.parametrize("damage", [one for one in DAMAGE if one != "cut by a byte"])
def test_an_open_store_mends_an_index_that_is_damaged_under_it(tmp_path: Path, damage: str) -> None:
    index = two_runs(tmp_path / "s")
    with Store(tmp_path / "s") as opened:
        DAMAGE[damage](index)
        opened.refresh()
        assert len(opened.all_series()) == 200
        opened.rebuild()
        assert {one.values for one in opened.all_series()} == {(1.0, 2.0)}
    assert_sound(tmp_path / "s")


@pytest.mark.parametrize("kind", ["a text", "nothing", "another program's"])
def test_a_file_of_others_that_takes_its_place_is_refused_and_not_touched(
    tmp_path: Path, kind: str
) -> None:
    index = two_runs(tmp_path / "s")
    with Store(tmp_path / "s") as opened:
        index.unlink()
        if kind == "another program's":
            run(index, "CREATE TABLE holdfast_run (id)")
        else:
            index.write_bytes(b"dear diary" if kind == "a text" else b"")
        before = index.read_bytes(), index.stat().st_mtime_ns
        for question in (opened.refresh, opened.all_series, opened.rebuild):
            with pytest.raises(StoreNotOursError, match="is not an index that holdfast made"):
                question()
    with pytest.raises(StoreNotOursError):
        Store(tmp_path / "s")
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


@pytest.mark.skipif(os.name == "nt", reason="locks are of the handle there")
def test_looking_whose_the_file_is_takes_no_lock_from_another_thread(tmp_path: Path) -> None:
    """On POSIX, closing any descriptor of a file gives up every lock of the process on it."""
    index = two_runs(tmp_path / "s")
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try: connection.execute('BEGIN IMMEDIATE')\n"
        "except sqlite3.OperationalError as error: print(error)\n"
        "connection.close()\n"
    )

    def another_process() -> str:
        command = [sys.executable, "-c", code, str(index)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with Store(tmp_path / "s") as opened, opened._index._changes():
        Store(tmp_path / "s").close()
        opened._index.run_names()
        assert another_process() == "database is locked"
        index.open("rb").close()  # the planted twin: a plain look at its header
        assert another_process() == ""


def test_a_journal_is_not_played_into_a_new_file(tmp_path: Path) -> None:
    index = two_runs(tmp_path / "s")
    journal = index.with_name(index.name + "-journal")
    journal.write_bytes(b"what a crash has left")
    os.truncate(index, 5000)
    assert_sound(tmp_path / "s")
    assert not journal.exists()


@pytest.mark.parametrize("damage", ["gone", "cut in the middle"])
def test_threads_that_find_one_damage_at_once_all_see_everything(
    tmp_path: Path, damage: str
) -> None:
    DAMAGE[damage](two_runs(tmp_path / "s"))
    seen: list[int] = []
    failures: list[BaseException] = []

    def look() -> None:
        try:
            with Store(tmp_path / "s") as opened:
                seen.append(len(opened.all_series()))
        except BaseException as error:  # noqa: BLE001  # a thread's error must reach the test
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, seen) == ([], [200] * 6)
    assert sorted(one.name for one in (tmp_path / "s").iterdir()) == [
        "holdfast-store.json",
        "index.sqlite3",
        "runs",
    ]


def test_an_index_that_another_keeps_too_long_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.05)
    two_runs(tmp_path / "s")
    with Store(tmp_path / "s") as one, Store(tmp_path / "s") as other:
        add(tmp_path / "s", at=5)
        with one._index._changes():
            with pytest.raises(IndexBusyError, match=r"by another process for 0\.05 s"):
                other.refresh()
            assert len(other.stamps()) == 2, "reading goes on"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    index = two_runs(tmp_path / "s")
    index.unlink()
    (tmp_path / "s").chmod(0o555)
    try:
        with pytest.raises(IndexUnreachableError, match="no file can be made there"):
            Store(tmp_path / "s")
    finally:
        (tmp_path / "s").chmod(0o755)


def test_the_folder_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    index = two_runs(tmp_path / "s")
    index.unlink()
    index.mkdir()
    with pytest.raises(StoreNotOursError):
        Store(tmp_path / "s")
    assert index.is_dir()
