"""A real project in git whose one benchmark is run by a real pytest-benchmark, as slow as asked.

The whole path of a slowdown: a child process measures and writes JSON, `ingest` reads it into a
store, `gate` judges the store. Nothing is simulated but the slowness and, where asked, the clock.
"""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from click.testing import CliRunner

from reports.commands import report_command
from tests.outside_xdist import outside_xdist

if TYPE_CHECKING:
    from pathlib import Path


class Clock(StrEnum):
    """What the benchmark is timed by; all else is real with either."""

    SEEDED = "seeded"
    PROCESSOR = "processor"


# A clock of the work's own, with noise of 2 % a run and 2 % a call from a seed: a machine that
# other people use can be slower by a third from one minute to the next, and then the gate rightly
# cannot tell. The processor's clock shows the path on the machine as it is.
BENCHMARKS: Final = {
    Clock.SEEDED: """
import os
import random

noise = random.Random(os.environ["SEED"])
run = noise.gauss(1, 0.02)
now = 0.0

def clock():
    global now
    now += 1e-8
    return now

def work(turns):
    global now
    now += turns * 5e-8 * run * noise.gauss(1, 0.02)

def test_work(benchmark):
    benchmark(work, {turns})
""",
    Clock.PROCESSOR: """
def work(turns):
    total = 0
    for turn in range(turns):
        total += turn
    return total

def test_work(benchmark):
    benchmark(work, {turns})
""",
}
_TIMERS: Final = {Clock.SEEDED: "test_bench.clock", Clock.PROCESSOR: "time.process_time"}
TURNS: Final = 4_000
# Nothing but pytest-benchmark: the other plugins take longer to load than the benchmark runs.
_PYTEST: Final = (
    sys.executable, "-m", "pytest", "-q", "-o", "addopts=",
    "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin",
)  # fmt: skip
_OPTIONS: Final = (
    "--benchmark-min-time=0.002",
    "--benchmark-max-time=0.2",
    "--benchmark-min-rounds=30",
    "--benchmark-warmup=off",
)


class BenchmarkedProject:
    """A repository with one benchmark, and a store beside it. Use it from one thread."""

    __slots__ = ("_clock", "_runs", "_seed", "folder", "said")

    def __init__(self, folder: Path, *, seed: int = 0, clock: Clock = Clock.SEEDED) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.said = ""
        self._seed = seed
        self._clock = clock
        self._runs = 0
        self._git("init", "-q")

    @property
    def store(self) -> Path:
        """Return where the results go."""
        return self.folder / "store"

    def commit(self, slowdown: float, *, note: str) -> None:
        """Commit code that takes 1 + `slowdown` times as long."""
        text = BENCHMARKS[self._clock].format(turns=round(TURNS * (1 + slowdown)))
        (self.folder / "test_bench.py").write_text(f"# {note}\n{text}", encoding="utf-8")
        self._git("add", "test_bench.py")
        self._git("commit", "-q", "-m", note)

    def measure(self, *, runs: int, store: Path | None = None) -> None:
        """Run the benchmark in a child process, `runs` times, and ingest each result."""
        for _ in range(runs):
            self._runs += 1
            seed = f"{self._seed}/{self._runs}"
            result = self.folder / f"bench-{self._runs}.json"
            command = [
                *_PYTEST, f"--benchmark-json={result.name}",
                f"--benchmark-timer={_TIMERS[self._clock]}", *_OPTIONS, "test_bench.py",
            ]  # fmt: skip
            done = subprocess.run(  # our own interpreter
                command,
                cwd=self.folder,
                env=outside_xdist() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "SEED": seed},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert self.report("ingest", result, "--store", store or self.store) == 0

    def report(self, *arguments: object) -> int:
        """Run `holdfast report`, keep in `said` what it printed, and return its exit code."""
        result = CliRunner().invoke(report_command, [str(one) for one in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.said = result.output
        return result.exit_code

    def _git(self, *arguments: str) -> None:
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
        subprocess.run(  # git with fixed verbs
            ["git", *who, *arguments],  # noqa: S607  # whichever git is here
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
