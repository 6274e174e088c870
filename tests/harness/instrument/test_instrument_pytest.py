"""Test modules: pytest explains the author's expressions, and their accesses are visible."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
from harness.instrument import InstrumentedImports
hook = InstrumentedImports(["hf_subject_of_pytest"], test_modules=True)
def pytest_configure(config): hook.install()
def pytest_unconfigure(config): hook.remove()
"""
NOTES = "seen = []\ndef note(kind, obj, key): seen.append(key)\n"
SUBJECT = "class Box:\n    def __init__(self): self.n = 1\n"
TESTS = '''\
"""Doc."""
from hf_subject_of_pytest import Box
from hf_notes import note, seen
from harness.engine import board
from harness.instrument import is_instrumented

def test_is_instrumented():
    assert "__hf_enter__" in test_is_instrumented.__code__.co_names
    assert is_instrumented("hf_subject_of_pytest") and is_instrumented(__name__)

def test_accesses_in_asserts_are_recorded():
    box = Box()
    board.access = note
    board.alone = board.shared[board.ALONE_NAME] = False
    try:
        assert box.n == 1, "n"
        assert not box.n > 3
    finally:
        board.alone = board.shared[board.ALONE_NAME] = True
        board.access = board.no_access
    assert [key for key in seen if key == "n"] == ["n", "n"]

def test_fails():
    box = Box()
    items = [1, 2]
    assert (
        box.n
        == len(items)
    )

def test_fails_with_walrus_and_message():
    items = []
    assert (k := len(items)) and items.pop(), f"got {k}"

def test_fails_inside():
    def helper(box):
        return box.missing
    helper(Box())
'''


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "hf_subject_of_pytest.py").write_text(SUBJECT)
    (tmp_path / "hf_notes.py").write_text(NOTES)
    (tmp_path / "test_generated.py").write_text(TESTS)
    return tmp_path


def run(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    command += ["-o", "pythonpath=.", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_failing_assert_shows_pytest_s_words_and_the_author_s_lines(suite: Path, mode: str) -> None:
    for _ in range(2):  # the second run loads the kept code
        output = run(suite, f"--import-mode={mode}")
        assert "3 failed, 2 passed" in output, output
        assert "assert 1 == 2" in output
        assert "+  where 1 = <hf_subject_of_pytest.Box object at" in output
        assert "+  and   2 = len([1, 2])" in output
        assert "test_generated.py:26: AssertionError" in output
        assert ">       assert (\n" in output
        assert "got 0" in output
        assert ">           return box.missing" in output or ">       return box.missing" in output
        assert "__hf_" not in output
        assert "hooks.py" not in output


@pytest.mark.slow
def test_assertion_pass_hook_still_runs(suite: Path) -> None:
    more = "def pytest_assertion_pass(item, lineno, orig, expl): print('PASSED', lineno, orig)\n"
    (suite / "conftest.py").write_text(CONFTEST + more)
    output = run(suite, "-o", "enable_assertion_pass_hook=true", "-s", "-k", "recorded")
    assert re.search(r"PASSED \d+ box\.n == 1\n", output), output


@pytest.mark.slow
def test_broken_test_module_is_reported(suite: Path) -> None:
    (suite / "test_broken.py").write_text("def f(:\n")
    output = run(suite)
    assert "test_broken cannot be instrumented, its source does not compile" in output
