"""pytest as a user runs it: a process of its own, in a project of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """
[project]
name = "shop"

[tool.pytest.ini_options]
pythonpath = ["."]
filterwarnings = ["error"]
"""
UNNEEDED = ("cacheprovider", "hypothesispytest", "benchmark", "pytest_cov", "timeout")  # for speed
TILL = """
class Till:
    def __init__(self):
        self.sum = 0

    def add(self):
        self.sum += 1
"""


@dataclass(frozen=True)
class Run:
    """What a run of pytest printed and returned."""

    code: int
    text: str

    def counts(self) -> dict[str, int]:
        """Return pytest's own summary: passed, failed, ..."""
        line = re.findall(
            r"^.*\b(?:passed|failed|error|errors|skipped)\b.* in [\d.]+s", self.text, re.MULTILINE
        )
        return {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line[-1])}

    def replay_words(self) -> list[str]:
        """Return the printed command that runs the failing schedule again."""
        (line,) = re.findall(r"^Replay: +(.*)$", self.text, re.MULTILINE)
        return shlex.split(line)


@dataclass(frozen=True)
class Project:
    """A user's project with a racy class, and pytest in it."""

    folder: Path

    def write(self, name: str, source: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), "utf-8")

    def command(self, *words: str) -> list[str]:
        unneeded = [word for name in UNNEEDED for word in ("-p", f"no:{name}")]
        return [sys.executable, "-m", "pytest", *unneeded, *words]

    def options(self) -> dict[str, Any]:
        environment = {**os.environ, "COLUMNS": "120", "PYTHONPATH": ""}
        for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
            environment.pop(name, None)
        return {"env": environment, "text": True}

    def pytest(self, *words: str, cwd: Path | None = None, stdin: str = "") -> Run:
        done = subprocess.run(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=90,
            cwd=cwd or self.folder,
            input=stdin,
            **self.options(),
        )
        return Run(done.returncode, done.stdout)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("pyproject.toml", SETTINGS)
    made.write("shop/__init__.py", "")
    made.write("shop/till.py", TILL)
    made.write(
        "support.py",
        """
        import threading

        def both(call):
            threads = [threading.Thread(target=call) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        """,
    )
    return made


RACE = """
import harness
from shop.till import Till
from support import both

@harness.interleaved(strategy="pct", executions=200)
def test_race():
    till = Till()
    both(till.add)
    assert till.sum == 2
"""


@pytest.fixture
def racy(project: Project) -> Project:
    """A project with one test that fails: its class loses an update in half of the schedules."""
    project.write("tests/test_race.py", RACE)
    return project
