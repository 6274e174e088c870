"""A suite that has nothing to do with us, in an environment that has us installed."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S: Final = 0.06  # what the plugin and the harness may cost more than bare Python
SAFETY: Final = 20  # a test bounds twenty times the figure; the figure itself is the benchmark's
PLAIN: Final = """
import threading
import warnings


def test_passes(tmp_path):
    assert tmp_path.is_dir()


def test_prints_and_fails():
    print("words")
    assert [1, 2] == [1, 3]


def test_uses_threads():
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()


def test_warns():
    warnings.warn("beware", UserWarning)
"""
OWN_HARNESS: Final = """
import harness


def test_the_own_harness_is_imported():
    assert harness.MINE == "mine"
"""


def run(
    folder: Path, *words: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def without_what_differs(text: str) -> str:
    text = re.sub(r"in \d+\.\d+s", "in a while", text)
    return re.sub(r"holdfast-[\w.]+(, )?", "", text).replace("=", "")


@pytest.mark.parametrize(
    "words",
    [("-v",), ("-rA",), ("-q", "--tb=short"), ("-n", "1"), ("--collect-only",), ("--fixtures",),
     ("--strict-markers", "--strict-config", "-W", "error::pytest.PytestUnknownMarkWarning")],
    ids=" ".join,
)  # fmt: skip
def test_its_output_is_the_same_to_the_letter(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "test_plain.py").write_text(PLAIN, "utf-8")
    with_us, without_us = run(tmp_path, *words), run(tmp_path, *words, "-p", "no:holdfast")
    assert with_us.returncode == without_us.returncode
    assert with_us.stderr == without_us.stderr == ""
    assert without_what_differs(with_us.stdout) == without_what_differs(without_us.stdout)


def test_a_harness_of_its_own_keeps_the_exit_code_of_a_failure(tmp_path: Path) -> None:
    (tmp_path / "harness.py").write_text("MINE = 'other'\n", "utf-8")
    (tmp_path / "test_own.py").write_text(OWN_HARNESS, "utf-8")
    done = run(tmp_path, "-q")
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_of_scripts_called_harness_is_in_nobodys_way(tmp_path: Path) -> None:
    """Without an `__init__.py` Python finds the installed package first."""
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "run.sh").write_text("true\n", "utf-8")
    (tmp_path / "test_plain.py").write_text("def test_passes(): pass\n", "utf-8")
    done = run(tmp_path, "-q")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_plugin_costs_next_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_passes(): pass\n", "utf-8")
    # The first run of each writes the bytecode that the others read, as on a user's machine.
    environment = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}

    def seconds(*words: str) -> float:
        """Return the processor time of a run: that of others who share the machine is not in it."""
        before = os.times()
        run(tmp_path, "-q", *words, environment=environment)
        after = os.times()
        children = after.children_user + after.children_system
        return children - before.children_user - before.children_system

    without = ("-p", "no:holdfast")
    seconds(), seconds(*without)
    # One after the other, so that a slow minute of the machine is in both.
    differences = [seconds() - seconds(*without) for _ in range(5)]
    assert statistics.median(differences) < LIMIT_S * SAFETY
