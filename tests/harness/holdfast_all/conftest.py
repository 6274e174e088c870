"""pytest --holdfast-all as a user runs it: a process of its own, in a project of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
TILL = """
class Till:
    def __init__(self):
        self.sum = 0

    def add(self):
        self.sum += 1
"""
# `both` runs a call in two threads at once.
HEAD = """
import queue
import socket
import threading
import time
import unittest

import pytest

from shop.till import Till

def both(call):
    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
UNNEEDED = ("hypothesispytest", "benchmark", "pytest_cov", "timeout")  # for speed
_SECTION = re.compile(r"^=+ holdfast: the whole suite =+$\n(.*?)^(?==)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Run:
    """What a run of pytest printed and returned."""

    code: int
    text: str

    @property
    def counts(self) -> dict[str, int]:
        """pytest's own: passed, failed, ..."""
        line = re.findall(
            r"^.*\b(?:passed|failed|error|errors|skipped)\b.* in [\d.]+s", self.text, re.MULTILINE
        )
        return {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line[-1])}

    @property
    def section(self) -> str:
        """What the summary says; empty where there is none."""
        found = _SECTION.search(self.text)
        return "" if found is None else found[1]

    @property
    def headline(self) -> str:
        return self.section.partition("\n")[0]

    def replay_words(self) -> list[str]:
        """Return the printed command that runs the failing schedule again."""
        (line,) = re.findall(r"^Replay: +(.*)$", self.text, re.MULTILINE)
        return shlex.split(line)


@dataclass(frozen=True)
class Suite:
    """A project with a class that loses updates, and with tests."""

    folder: Path

    def write(self, name: str, source: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), "utf-8")

    def tests(self, source: str) -> None:
        self.write("test_shop.py", HEAD + textwrap.dedent(source))

    def run(self, *words: str) -> Run:
        """Run pytest with these words and nothing else."""
        unneeded = [word for name in UNNEEDED for word in ("-p", f"no:{name}")]
        environment = {**os.environ, "COLUMNS": "120", "PYTHONPATH": ""}
        for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
            environment.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *unneeded, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=240,  # shared machines are slow
            cwd=self.folder,
            env=environment,
            text=True,
        )
        return Run(done.returncode, done.stdout)

    def explore(self, *words: str) -> Run:
        return self.run("--holdfast-all", *words)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    made = Suite(tmp_path)
    made.write("pyproject.toml", SETTINGS)
    made.write("shop/__init__.py", "")
    made.write("shop/till.py", TILL)
    return made
