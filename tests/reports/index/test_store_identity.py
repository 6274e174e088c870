"""What tells one store from another: given once, whoever comes first, and kept."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from reports import NoStoreError, StoreNotOursError
from reports.file_lock import locked
from reports.layout import MARK_FILE, claim_store, document_names, store_identity, strangers
from reports.whole_file import place_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD_MARK = '{"schema": "holdfast.store/1"}\n'


def at_once(work: Callable[[], str], count: int = 6) -> list[str]:
    """Return what several threads get that begin together."""
    start = threading.Barrier(count)
    found: list[str] = []

    def one() -> None:
        start.wait()
        found.append(work())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_new_store_has_an_identity_of_its_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        claim_store(tmp_path / name)
    one, two = store_identity(tmp_path / "one"), store_identity(tmp_path / "two")
    assert one != two
    assert len(one) == 32
    claim_store(tmp_path / "one")
    assert store_identity(tmp_path / "one") == one


def test_a_moved_store_and_a_copy_keep_their_identity(tmp_path: Path) -> None:
    claim_store(tmp_path / "one")
    identity = store_identity(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    (tmp_path / "one").rename(tmp_path / "moved")
    assert {store_identity(tmp_path / name) for name in ("copy", "moved")} == {identity}


@pytest.mark.parametrize("made_before", [True, False], ids=["an old store", "a new store"])
def test_all_who_come_at_once_get_one_identity(tmp_path: Path, *, made_before: bool) -> None:
    store = tmp_path / "s"
    if made_before:
        (store / "runs").mkdir(parents=True)
        (store / MARK_FILE).write_text(OLD_MARK)

    def come() -> str:
        claim_store(store)
        return store_identity(store)

    found = at_once(come)
    assert len(found) == 6
    assert set(found) == {store_identity(store)}
    assert sorted(one.name for one in store.iterdir()) == [MARK_FILE, "runs"]


@pytest.mark.parametrize("mark", ["", "[]", '{"schema": "holdfast.store/9"}', '{"id": "x"}'])
def test_a_mark_that_is_not_ours_has_no_identity_and_stays(tmp_path: Path, mark: str) -> None:
    (tmp_path / MARK_FILE).write_text(mark)
    with pytest.raises(StoreNotOursError):
        store_identity(tmp_path)
    assert (tmp_path / MARK_FILE).read_text() == mark


def test_where_no_store_is_there_is_no_identity(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError):
        store_identity(tmp_path / "nowhere")


def test_of_two_that_place_a_file_the_first_one_stays(tmp_path: Path) -> None:
    place_once(tmp_path / "file", b"first")
    place_once(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_locked_block_is_entered_by_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside: list[int] = []

    def enter() -> str:
        with locked(tmp_path / "file"):
            inside.append(1)
            seen = len(inside)
            inside.pop()
        return str(seen)

    assert at_once(enter) == ["1"] * 6


def test_documents_and_strangers_are_told_apart_by_name(tmp_path: Path) -> None:
    claim_store(tmp_path)
    for name in ("a" * 64 + ".json", "A" * 64 + ".json", "a.json", ".hidden", "b" * 64):
        (tmp_path / "runs" / name).touch()
    assert document_names(tmp_path) == {"a" * 64}
    assert strangers(tmp_path) == tuple(sorted(["A" * 64 + ".json", "a.json", "b" * 64]))
    (tmp_path / "runs").rename(tmp_path / "gone")
    assert document_names(tmp_path) == frozenset()
