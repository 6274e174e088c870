"""Several processes at one store, and one that is killed in the middle: nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from reports import Store
from reports.index.index import Index
from reports.layout import INDEX, RUNS, store_identity
from tests.reports.index import index_writer
from tests.reports.index.written_runs import add, benchmark

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[3]


def writer(store: Path, name: str, count: int, url: str | None) -> subprocess.Popen[str]:
    arguments = [str(store), name, str(count), *([url] if url else [])]
    return subprocess.Popen(
        [sys.executable, index_writer.__file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def assert_all_is_there(path: Path, url: str | None) -> None:
    """Check the index as it is, then as a new one is made of the documents."""
    with Store(path, url) as store:
        assert store.refused == ()
        before = store.stamps(), store.all_series()
        store.rebuild()
        assert (store.stamps(), store.all_series()) == before
        assert {stamp.run_id for stamp in before[0]} == {
            one.stem for one in (path / RUNS).glob("*.json")
        }


@pytest.mark.slow
def test_processes_that_write_and_index_at_once_lose_nothing(
    tmp_path: Path, index: str | None
) -> None:
    path = tmp_path / "s"
    writers = [writer(path, f"writer {at}", 8, index) for at in range(4)]
    for one in writers:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said
    with Store(path, index) as store:
        assert len(store.stamps()) == 4 * 8
        assert [len(one.values) for one in store.all_series()] == [8] * 4 * 20
    assert_all_is_there(path, index)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 5])
def test_kill_9_in_the_middle_leaves_a_store_that_goes_on(
    tmp_path: Path, index: str | None, after: int
) -> None:
    path = tmp_path / "s"
    killed = writer(path, "killed", 1_000, index)
    assert killed.stdout is not None
    # Told just before it indexes: the blow falls at some moment of that, another one each time.
    written = [killed.stdout.readline().strip() for _ in range(after)]
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    assert set(written) <= {one.stem for one in (path / RUNS).glob("*.json")}
    add(path, benchmark("afterwards", 1.0), at=2_000)
    assert_all_is_there(path, index)


@pytest.mark.slow
def test_a_process_that_deletes_and_one_that_writes_agree_in_the_end(
    tmp_path: Path, index: str | None
) -> None:
    path = tmp_path / "s"
    add(path, benchmark("first", 1.0), at=3_000)
    running = writer(path, "writer", 10, index)
    assert running.stdout is not None
    with Store(path, index) as store:
        for line in running.stdout:
            (path / RUNS / f"{line.strip()}.json").unlink()
            store.refresh()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    with Store(path, index) as store:
        assert [one.key.benchmark for one in store.all_series()] == ["first"]


def test_what_another_has_written_since_is_not_taken_for_gone(
    tmp_path: Path, fresh: Callable[[], str | None]
) -> None:
    """The store is looked through under the lock, not before: see `Index.keep_only`."""
    path, url = tmp_path / "s", fresh()
    add(path, benchmark("b", 1.0), at=0)
    with Store(path, url) as store, Store(path, url) as other:
        (index,) = (other._index,)

        def look() -> frozenset[str]:
            return frozenset(one.stem for one in (path / RUNS).iterdir())

        stale = look()
        add(path, benchmark("b", 2.0), at=1)
        store.refresh()
        index.keep_only(look)
        assert len(store.stamps()) == 2
        # The planted twin: a listing from before the other's run takes it away.
        index.keep_only(lambda: stale)
        assert len(store.stamps()) == 1


def test_an_index_in_use_is_waited_for_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    add(path, benchmark("b", 1.0), at=0)
    with Store(path) as store:
        before = (path / INDEX).stat().st_ino
        with store._index._changes():
            other = Index.in_file(path / INDEX, store=store_identity(path))
            assert len(other.run_names()) == 1
            other.close()
        assert (path / INDEX).stat().st_ino == before
