"""Small git repositories with benchmarks of their own, for sessions that end within seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from click.testing import CliRunner

from reports.commands import report_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from click.testing import Result

# What stands in for a suite: it writes pytest-benchmark's layout, and starts in 30 ms.
BENCH = """
import json, sys, time
import subject

def rounds_of(function, rounds=7):
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return sorted(taken)

benchmarks = []
for name in ("changed", "unchanged"):
    taken = rounds_of(getattr(subject, name))
    stats = {"min": taken[0], "median": taken[len(taken) // 2], "max": taken[-1],
             "rounds": len(taken)}
    benchmarks.append({"fullname": name, "stats": stats})
with open(sys.argv[1], "w") as file:
    json.dump({"machine_info": {}, "datetime": "2026-01-01T00:00:00",
               "benchmarks": benchmarks}, file)
"""
SUBJECT = """
import time

def changed():
    time.sleep({changed})

def unchanged():
    time.sleep(0.004)
"""
COMMAND = "{python} bench.py {json}"
SUITE = """
import subject

def test_changed(benchmark):
    benchmark(subject.changed)

def test_unchanged(benchmark):
    benchmark(subject.unchanged)
"""
PYTEST_WORDS = (
    "-p",
    "pytest_benchmark.plugin",
    "--benchmark-max-time=0.05",
    "--benchmark-min-rounds=5",
    "--benchmark-warmup=off",
)


@dataclass(frozen=True, slots=True)
class Repository:
    path: Path

    def git(self, *arguments: str) -> str:
        named = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
        command = ["git", *named, *arguments]
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str]) -> str:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def state(self) -> dict[str, str]:
        """Return all that a stranger could have changed: refs, files, worktrees, settings."""
        asked = (
            ("for-each-ref",),
            ("status", "--porcelain", "--ignored"),
            ("worktree", "list"),
            ("config", "--list", "--local"),
            ("symbolic-ref", "HEAD"),
            ("stash", "list"),
        )
        return {" ".join(one): self.git(*one) for one in asked}


def repository(path: Path, *, changed: float = 0.004) -> Repository:
    """Return a repository of one commit, whose first benchmark takes `changed` seconds."""
    path.mkdir(parents=True)
    made = Repository(path)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.commit(
        {
            "bench.py": BENCH,
            "subject.py": SUBJECT.format(changed=changed),
            "test_subject.py": SUITE,
        }
    )
    return made


def two_commits(path: Path, *, before: float = 0.004, after: float = 0.0052) -> Repository:
    """Return a repository whose newest commit is slower by 30 % in one benchmark."""
    made = repository(path, changed=before)
    made.commit({"subject.py": SUBJECT.format(changed=after)})
    return made


def command_words(*words: str) -> list[str]:
    """Return the words of a `measure` that builds nothing and takes milliseconds a run."""
    return ["measure", *words, "--no-build", "--command", COMMAND]


def invoke(*words: object) -> Result:
    return CliRunner().invoke(report_command, [str(one) for one in words])


def program(*words: str) -> list[str]:
    """Return the words that start the command in a process of its own."""
    return [sys.executable, "-c", "from holdfast.cli import main; main()", "report", *words]


def runs_in(store: Path) -> list[dict[str, object]]:
    """Return every document of a store, oldest first."""
    found = [json.loads(one.read_text()) for one in (store / "runs").glob("*.json")]
    return sorted(found, key=lambda one: str(one["written_at"]))
