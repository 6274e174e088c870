"""How much of Atheris's speed a worker of ours keeps, and what a second worker adds.

A trivial target, the same under both: bare (`Setup`, `Fuzz`, nothing else) and in a worker, which
stores every input in the black box, counts it, catches what it raises and obeys its budget.
Executions are counted per second of the process's own CPU time, so that other work on the machine
weighs less, and over the same stretch, since inputs grow longer with time; the rounds take
turns, since the machine's speed drifts. The figures are medians of the rounds.

Usage: `python benchmarks/fuzz_speed.py [--rounds 5] [--runs 3000000]`; exits 1 where a figure is
missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from fuzz.engines.engine import engine
from fuzz.engines.errors import EngineMissingError
from fuzz.fuzz_target import Target
from fuzz.target_facts import TargetFacts, facts_of
from fuzz.workers.worker_job import WorkerJob
from fuzz.workers.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_SHARE: Final = 0.8  # of bare Atheris
LEAST_GAIN: Final = 1.5  # of two workers over one
WARM: Final = 100_000  # inputs that do not count: pages are copied after the fork
MIB: Final = 1024 * 1024


def trivial(data: bytes) -> None:
    """Do next to nothing: whatever is lost is the fuzzer's."""
    if len(data) > 3 and data[0] == 1:  # so that there is something to reach
        return


TARGET = Target(name="trivial", run=trivial, what="nothing is wrong", instrument=("fuzz_speed",))


def bare(runs: int) -> float:
    """Return the CPU seconds of a process that runs `runs` inputs under bare Atheris."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "bare.py")
        script.write_text(
            f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            f"sys.path.insert(0, {str(Path.cwd())!r})\n"
            "import atheris\n"
            "with atheris.instrument_imports(include=['fuzz_speed']):\n    import fuzz_speed\n"
            f"atheris.Setup([sys.argv[0], '-runs={runs}', '-seed=1', '-max_len=512', {folder!r}], "
            "fuzz_speed.trivial)\natheris.Fuzz()\n"
        )
        process = subprocess.Popen(  # noqa: S603  # our own script
            [sys.executable, str(script)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"bare Atheris left with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def bare_rate(runs: int) -> float:
    """Return executions per CPU second of bare Atheris, its start taken off."""
    return (runs - WARM) / (bare(runs) - bare(WARM))


def worker_rates(facts: TargetFacts, name: str, *, workers: int, runs: int) -> list[float]:
    """Return executions per CPU second of each of some workers that run at the same time."""
    with tempfile.TemporaryDirectory() as text, Workers(facts, name, folder=Path(text)) as parent:
        folder = Path(text)
        team = [
            parent.start(
                WorkerJob(
                    facts=facts, engine=name, number=number, seed=number,
                    corpus=folder / "corpus", journal=folder / f"journal-{number}",
                    box=folder / f"box-{number}", memory_bytes=1024 * MIB,
                )
            )
            for number in range(workers)
        ]  # fmt: skip
        wait_for(team, WARM)
        before = [figures(worker) for worker in team]
        wait_for(team, runs)
        after = [figures(worker) for worker in team]
    return [
        (count - old) / (cpu_s - old_s)
        for (old, old_s), (count, cpu_s) in zip(before, after, strict=True)
    ]


def wait_for(team: Sequence[Any], count: int) -> None:
    """Wait until every worker has run so many inputs."""
    while not all(worker.look().executions >= count for worker in team):
        if any(worker.ended() for worker in team):
            raise RuntimeError(f"a worker ended: {[worker.ended() for worker in team]}")
        time.sleep(0.005)


def figures(worker: Any) -> tuple[int, float]:  # noqa: ANN401  # a Worker
    """Return how many inputs a worker has run, and its CPU seconds."""
    times = psutil.Process(worker.pid).cpu_times()
    return worker.look().executions, times.user + times.system


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3_000_000)
    how = parser.parse_args(words)
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        engine("atheris")
    except EngineMissingError as error:
        say(f"nothing to compare with: {error}")
        return 0
    facts = facts_of(TARGET, place="fuzz_speed:TARGET")
    rates: dict[str, list[float]] = {"bare": [], "worker": [], "two": [], "greybox": []}
    shares, gains = [], []
    for number in range(how.rounds):
        plain = bare_rate(how.runs)
        (one,) = worker_rates(facts, "atheris", workers=1, runs=how.runs)
        two = sum(worker_rates(facts, "atheris", workers=2, runs=how.runs))
        (grey,) = worker_rates(facts, "greybox", workers=1, runs=how.runs // 5)
        for name, rate in (("bare", plain), ("worker", one), ("two", two), ("greybox", grey)):
            rates[name].append(rate)
        shares.append(one / plain)
        gains.append(two / one)
        say(
            f"round {number + 1}: bare {plain:,.0f}/s, a worker {one:,.0f}/s ({one / plain:.2f}), "
            f"two {two:,.0f}/s ({two / one:.2f}), greybox {grey:,.0f}/s"
        )
    share, gain = statistics.median(shares), statistics.median(gains)
    say(f"of bare Atheris: {share:.2f} (at least {LEAST_SHARE})")
    say(f"two workers over one: {gain:.2f} (at least {LEAST_GAIN})")
    for name, found in rates.items():
        say(f"{name}: {statistics.median(found):,.0f} executions per CPU second")
    return 0 if share >= LEAST_SHARE and gain >= LEAST_GAIN else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
