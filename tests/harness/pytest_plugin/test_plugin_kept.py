"""A failure is kept and tried first in the next run; a pinned one says how to record it anew."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.pytest_plugin.conftest import Project

pytestmark = pytest.mark.slow  # every test starts a process


def kept_files(project: Project) -> list[Path]:
    return sorted((project.folder / ".holdfast" / "failures").glob("*.json"))


def edit(project: Project, name: str, old: str, new: str) -> None:
    source = (project.folder / name).read_text("utf-8")
    assert old in source
    project.write(name, source.replace(old, new))


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["in one process", "under xdist"])
def test_a_failure_is_tried_first_in_the_next_run(racy: Project, words: list[str]) -> None:
    first = racy.pytest(*words)
    token = first.replay_words()[-1]
    (file,) = kept_files(racy)
    assert json.loads(file.read_text("utf-8"))["token"] == token
    assert (file.parent / ".gitignore").read_text("utf-8") == "*\n"
    again = racy.pytest(*words)
    assert again.counts() == {"failed": 1}
    assert "This is the failure kept from an earlier run" in again.text
    assert "1 interleaved test, 1 execution in" in again.text
    assert "test_race: the kept schedule fails again" in again.text
    assert again.replay_words()[-1] == token


def test_a_repaired_one_is_said_and_forgotten(racy: Project) -> None:
    token = racy.pytest().replay_words()[-1]
    edit(racy, "tests/test_race.py", "till.sum == 2", "till.sum <= 2")
    run = racy.pytest("-q")
    assert run.counts() == {"passed": 1}
    assert "the failure kept from last time no longer fails, and is forgotten" in run.text
    assert f'@harness.regression("{token}")' in run.text
    assert kept_files(racy) == []
    assert "kept from last time" not in racy.pytest().text


def test_what_the_reader_is_given_then_guards_it(racy: Project) -> None:
    racy.pytest()
    edit(racy, "tests/test_race.py", "till.sum == 2", "till.sum <= 2")
    (line,) = [row.strip() for row in racy.pytest().text.splitlines() if "@harness.reg" in row]
    mark = '@harness.interleaved(strategy="pct", executions=200)'
    edit(racy, "tests/test_race.py", mark, line)
    assert racy.pytest().counts() == {"passed": 1}
    edit(racy, "tests/test_race.py", "till.sum <= 2", "till.sum == 2")
    assert "The pinned schedule fails again." in racy.pytest().text


def test_one_that_does_not_fit_the_code_is_dropped_and_the_test_explored(racy: Project) -> None:
    racy.pytest()
    edit(racy, "shop/till.py", "self.sum += 1", "self.sum = self.sum + self.sum + 1")
    run = racy.pytest()
    assert "the failure kept from last time is dropped, the code has changed: " in run.text
    assert run.counts() == {"failed": 1}
    assert len(kept_files(racy)) == 1, "the new one"


@pytest.mark.parametrize("data", [b"{", b"\xff" * 100, b"[" * 50_000, b'{"schema": 1}'])
def test_a_damaged_file_is_ignored_with_a_line(racy: Project, data: bytes) -> None:
    racy.pytest()
    (file,) = kept_files(racy)
    file.write_bytes(data)
    run = racy.pytest()
    assert run.counts() == {"failed": 1}
    assert "is ignored: " in run.text
    assert "INTERNALERROR" not in run.text
    assert json.loads(file.read_text("utf-8"))["kind"] == "ASSERTION", "replaced by the new one"


def test_a_project_may_keep_nothing(racy: Project) -> None:
    settings = (racy.folder / "pyproject.toml").read_text("utf-8")
    racy.write("pyproject.toml", settings + "[tool.holdfast]\nkeep_failures = false\n")
    assert racy.pytest().counts() == {"failed": 1}
    assert not (racy.folder / ".holdfast").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_project_that_cannot_be_written_is_no_error(racy: Project) -> None:
    racy.folder.chmod(0o500)
    try:
        assert racy.pytest().counts() == {"failed": 1}
    finally:
        racy.folder.chmod(0o700)


def test_neither_replays_nor_passing_tests_touch_what_is_kept(racy: Project) -> None:
    racy.write("tests/test_sound.py", "import harness\n@harness.interleaved\ndef test_it(): pass\n")
    assert racy.pytest("tests/test_sound.py").counts() == {"passed": 1}
    assert not (racy.folder / ".holdfast").exists()
    words = racy.pytest().replay_words()
    (file,) = kept_files(racy)
    before = file.stat().st_mtime_ns
    racy.pytest(*words[1:])
    assert file.stat().st_mtime_ns == before


def test_a_crash_is_kept_and_tried_again_in_a_child(project: Project) -> None:
    project.write(
        "test_crash.py",
        """
        import ctypes
        import threading
        import harness

        @harness.interleaved(executions=200, isolated=True)
        def test_crash():
            freed = []
            thread = threading.Thread(target=lambda: freed.append(1))
            thread.start()
            if freed:
                ctypes.string_at(0)
            thread.join()
        """,
    )
    assert "CRASH" in project.pytest().text
    assert len(kept_files(project)) == 1
    run = project.pytest()
    assert "CRASH" in run.text
    assert "This is the failure kept from an earlier run" in run.text


def pinned(racy: Project) -> str:
    """Pin the failing schedule, repair the class, and change what it does."""
    token = racy.pytest().replay_words()[-1]
    mark = '@harness.interleaved(strategy="pct", executions=200)'
    edit(racy, "tests/test_race.py", mark, f'@harness.regression("{token}")')
    edit(racy, "shop/till.py", "self.sum += 1", "self.sum = self.sum + self.sum + 1")
    return token


def test_drift_of_a_pinned_schedule_says_how_to_record_it_anew(racy: Project) -> None:
    token = pinned(racy)
    run = racy.pytest()
    assert run.counts() == {"failed": 1}
    assert "PinnedDriftError: the pinned schedule cannot be replayed: " in run.text
    (line,) = [row for row in run.text.splitlines() if "--holdfast-record" in row]
    words = shlex.split(line)
    assert words == ["pytest", "tests/test_race.py::test_race", "--holdfast-record"]
    recorded = racy.pytest(*words[1:])
    assert recorded.counts() == {"failed": 1}
    new = recorded.replay_words()[-1]
    assert new != token
    edit(racy, "tests/test_race.py", token, new)
    assert "The pinned schedule fails again." in racy.pytest().text


def test_recording_where_nothing_fails_says_so(racy: Project) -> None:
    pinned(racy)
    edit(racy, "tests/test_race.py", "till.sum == 2", "till.sum > 0")
    run = racy.pytest("-v", "--holdfast-record")
    assert run.counts() == {"passed": 1}
    assert "no schedule failed, so there is no new token: put the bug back for a moment" in run.text
