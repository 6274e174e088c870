"""The file that keeps a failing schedule for the next run."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.finding import Finding, FindingKind, Trace
from harness.pytest_run.token_store import MAX_AGE_S, MAX_BYTES, KeptToken, StoreProblem, TokenStore

if TYPE_CHECKING:
    from pathlib import Path

TEST = "tests/test_it.py::TestClass::test_it[a/b c-1]"


def racy() -> None:
    numbers: list[int] = []

    def add() -> None:
        numbers.append(len(numbers))

    thread = threading.Thread(target=add)
    thread.start()
    add()
    thread.join()
    assert len(set(numbers)) == 2


@pytest.fixture(scope="module")
def finding() -> Finding:
    found = harness.explore(racy, "random", executions=300).finding
    assert found is not None
    return found


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path)


def test_what_is_kept_is_found_again_and_forgotten(store: TokenStore, finding: Finding) -> None:
    assert store.token_of(TEST) == ""
    store.keep(TEST, finding)
    assert store.token_of(TEST) == finding.token
    assert TokenStore(store.path_of(TEST).parent.parent.parent).token_of(TEST) == finding.token
    store.forget(TEST)
    assert store.token_of(TEST) == ""
    store.forget(TEST)


def test_nothing_is_made_before_there_is_something_to_keep(tmp_path: Path) -> None:
    assert TokenStore(tmp_path).token_of(TEST) == ""
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_none_of_gits_business(store: TokenStore, finding: Finding) -> None:
    store.keep(TEST, finding)
    folder = store.path_of(TEST).parent
    assert (folder / ".gitignore").read_text("utf-8") == "*\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".gitignore", store.path_of(TEST).name,
    ]  # fmt: skip


def test_names_of_files_are_plain_and_their_own(store: TokenStore) -> None:
    name = store.path_of(TEST).name
    assert name.startswith("tests-test_it.py-TestClass-test_it-a-b-c-1-")
    assert store.path_of("a::b") != store.path_of("a-b")
    assert len(store.path_of("x" * 5_000).name) < 120
    assert store.path_of("../../etc/passwd").parent == store.path_of("x").parent
    assert store.path_of("\udcff::x").name


def document(finding: Finding, **changed: object) -> str:
    whole = {"schema": "holdfast.failure/1", "test": TEST, "token": finding.token, **changed}
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"schema": "holdfast.failure/9"}, "its schema is not holdfast.failure/1"),
        ({"test": "other"}, "it is of another test"),
        ({"token": "hf2.AAAA"}, "it is damaged or cut off"),
        ({"token": 5}, "it is int, not text"),
        ({"token": None}, "not text"),
    ],
)
def test_a_file_that_says_something_else_is_ignored_with_the_reason(
    store: TokenStore, finding: Finding, changed: dict[str, Any], reason: str
) -> None:
    store.keep(TEST, finding)
    store.path_of(TEST).write_text(document(finding), "utf-8")
    assert store.token_of(TEST) == finding.token, "whole it is of use"
    store.path_of(TEST).write_text(document(finding, **changed), "utf-8")
    problem = store.token_of(TEST)
    assert isinstance(problem, StoreProblem)
    assert reason in str(problem)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"[]", b"5", b"[" * 100_000, b"{" + b"}" * MAX_BYTES]
)
def test_a_damaged_or_hostile_file_is_ignored(
    store: TokenStore, finding: Finding, data: bytes
) -> None:
    store.keep(TEST, finding)
    store.path_of(TEST).write_bytes(data)
    problem = store.token_of(TEST)
    assert isinstance(problem, StoreProblem)
    assert "is ignored" in str(problem)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_link_a_folder_or_a_pipe_in_its_place_is_ignored(
    store: TokenStore, finding: Finding, tmp_path: Path
) -> None:
    store.keep(TEST, finding)
    path = store.path_of(TEST)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(document(finding), "utf-8")
    for make in (lambda: path.symlink_to(elsewhere), path.mkdir, lambda: os.mkfifo(path)):
        path.unlink()
        make()
        assert isinstance(store.token_of(TEST), StoreProblem)
        if path.is_dir():
            path.rmdir()
            path.touch()


def test_a_failure_replaces_an_older_one_at_once(store: TokenStore, finding: Finding) -> None:
    notes: list[str] = []
    store.keep(TEST, finding)
    kept = KeptToken(store, TEST, notes.append)
    assert kept.token == finding.token
    other = Finding(kind=FindingKind.DEADLOCK, message="", token=finding.token[:-1], trace=Trace())
    kept.replace(other)
    assert json.loads(store.path_of(TEST).read_text("utf-8"))["kind"] == "DEADLOCK"
    assert notes == []


def test_what_becomes_of_it_is_noted(store: TokenStore, finding: Finding) -> None:
    notes: list[str] = []
    store.keep(TEST, finding)
    kept = KeptToken(store, TEST, notes.append)
    kept.explored(None)
    assert store.token_of(TEST) == finding.token, "nobody has tried it"
    kept.passed()
    assert notes == []
    kept.explored(None)
    assert "no longer fails, and is forgotten" in notes[0]
    assert f'@harness.regression("{finding.token}")' in notes[0]
    assert store.token_of(TEST) == ""
    store.keep(TEST, finding)
    kept = KeptToken(store, TEST, notes.append)
    kept.passed()
    kept.explored(finding)
    assert notes.pop() == "the schedule kept from last time passes now, and another one fails"
    assert store.token_of(TEST) == finding.token
    KeptToken(store, TEST, notes.append).drifted(harness.DriftError("it ends early", "Again"))
    assert "is dropped, the code has changed: it ends early" in notes[1]
    assert store.token_of(TEST) == ""


def test_what_nobody_has_tried_for_long_goes_when_something_is_kept(
    store: TokenStore, finding: Finding
) -> None:
    store.keep("gone::test", finding)
    store.keep("young::test", finding)
    long_ago_s = store.path_of("gone::test").stat().st_mtime - MAX_AGE_S - 60
    os.utime(store.path_of("gone::test"), (long_ago_s, long_ago_s))
    store.keep(TEST, finding)
    assert store.token_of("gone::test") == ""
    assert store.token_of("young::test") == store.token_of(TEST) == finding.token


def test_a_folder_that_cannot_be_made_is_a_note_and_no_error(
    tmp_path: Path, finding: Finding
) -> None:
    (tmp_path / ".holdfast").write_text("in the way")
    notes: list[str] = []
    kept = KeptToken(TokenStore(tmp_path), TEST, notes.append)
    assert kept.token == ""
    kept.replace(finding)
    assert notes[0].startswith("the failure is not kept for the next run: ")


def test_many_writers_leave_a_whole_file(store: TokenStore, finding: Finding) -> None:
    """Readers in between find no half of one: every reading is the token."""
    store.keep(TEST, finding)
    read: set[object] = set()

    def write() -> None:
        for _ in range(50):
            store.keep(TEST, finding)

    def look() -> None:
        for _ in range(200):
            read.add(store.token_of(TEST))

    threads = [threading.Thread(target=call) for call in (write, write, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == {finding.token}
