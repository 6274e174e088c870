"""Executions to the first bug: greybox, Atheris, and random bytes.

Each pair of target and engine runs with several seeds, in workers as a campaign has them, from an
empty corpus and the target's seeds. A run that meets its limit is censored: it counts as more than
the limit and is shown as such. Medians with a Mann-Whitney U test and the effect size of Vargha and
Delaney (A12: the chance that greybox needs fewer executions than Atheris does), as FuzzBench has
it. Usage: `python -m benchmarks.fuzz_engines [--seeds 10] [TARGET...]`.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz.engines.engine import engine
from fuzz.engines.errors import EngineMissingError
from fuzz.target_facts import ask
from fuzz.workers.worker_job import Ended, WorkerJob
from fuzz.workers.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fuzz.target_facts import TargetFacts

ENGINES: Final = {
    "greybox": "greybox",
    "Atheris": "atheris",
    "random": "benchmarks.fuzz_subjects:Blind",
}
# The limit of each run, some 10 s.
LIMITS: Final = {
    "GUARDED": 100_000, "MAGIC": 100_000, "PROTOCOL": 100_000, "CALCULATOR": 100_000,
    "STAGES": 200_000, "CHAIN": 60_000, "LOST_UPDATE": 60_000, "REORDERS": 10_000,
    "STICKY": 10_000, "KEEPS_SLOT": 4_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run.

    Attributes:
        executions: Up to the first failure; None: not within the limit.
        rate: Executions per second.
    """

    executions: int | None
    rate: float


def trial(workers: Workers, facts: TargetFacts, *, engine_name: str, seed: int, runs: int) -> Trial:
    """Run one engine with one seed."""
    with tempfile.TemporaryDirectory() as folder:
        job = WorkerJob(
            facts=facts, engine=engine_name, number=0, seed=seed, corpus=Path(folder, "corpus"),
            journal=Path(folder, "journal"), box=Path(folder, "box"), runs=runs,
            memory_bytes=1 << 30,
        )  # fmt: skip
        worker = workers.start(job)
        began_s = 0.0
        while True:
            end = worker.ended()
            began_s = began_s or (time.perf_counter() if worker.began else 0.0)
            for report in worker.reports():
                if report["report"] == "crash":
                    executions = int(report["crash"]["message"].split()[-1])
                    worker.stop()
                    while worker.ended() is None:
                        time.sleep(0.005)
                    return Trial(executions=executions, rate=math.nan)
            if end is not None:
                rate = end.flight.executions / (time.perf_counter() - began_s)
                if end.ended is not Ended.DONE:
                    # libFuzzer takes a process that waits for a processor for one that hangs.
                    return trial(workers, facts, engine_name=engine_name, seed=seed, runs=runs)
                return Trial(executions=None, rate=rate)
            time.sleep(0.005)


def trials(target: str, engine_name: str, seeds: int) -> list[Trial]:
    """Run one engine on one target."""
    facts = ask(f"benchmarks.fuzz_subjects:{target}")
    with (
        tempfile.TemporaryDirectory() as folder,
        Workers(facts, engine_name, folder=Path(folder)) as workers,
    ):
        return [
            trial(workers, facts, engine_name=engine_name, seed=seed, runs=LIMITS[target])
            for seed in range(1, seeds + 1)
        ]


def median_of(runs: Sequence[Trial], limit: int) -> str:
    """Return the median in words, or that it lies beyond the limit."""
    median = statistics.median(run.executions or math.inf for run in runs)
    return f"more than {limit:,}" if math.isinf(median) else f"{median:,.0f}"


def found(runs: Sequence[Trial]) -> int:
    """Return how many runs found the bug."""
    return sum(run.executions is not None for run in runs)


def effect(ours: Sequence[Trial], theirs: Sequence[Trial]) -> float:
    """Return A12: the chance that one of ours needs fewer executions; ties count half."""
    wins = 0.0
    for one in ours:
        for other in theirs:
            mine, others = one.executions or math.inf, other.executions or math.inf
            wins += 0.5 if mine == others else float(mine < others)
    return wins / (len(ours) * len(theirs))


def significance(ours: Sequence[Trial], theirs: Sequence[Trial]) -> float:
    """Return the two-sided p of Mann-Whitney's U, by the normal approximation with ties."""
    values = [run.executions or math.inf for run in (*ours, *theirs)]
    n, m = len(ours), len(theirs)
    tied = sum(count**3 - count for count in map(values.count, set(values)))
    total = n + m
    variance = n * m / 12 * (total + 1 - tied / (total * (total - 1)))
    if variance == 0:
        return 1.0
    distance = abs(effect(ours, theirs) * n * m - n * m / 2) - 0.5
    return math.erfc(max(distance, 0.0) / math.sqrt(2 * variance))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*LIMITS, []], help="all unless given")
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    names = {name: place for name, place in ENGINES.items() if _can_run(place)}
    _say(f"| target | {' | '.join(names)} | A12 | p |")
    _say(f"|---|{'---|' * (len(names) + 2)}")
    for target in asked.targets or LIMITS:
        runs = {name: trials(target, place, asked.seeds) for name, place in names.items()}
        cells = [
            f"{median_of(one, LIMITS[target])} ({found(one)} of {len(one)})"
            for one in runs.values()
        ]
        figures = ["", ""]
        if "Atheris" in runs:
            figures = [
                f"{effect(runs['greybox'], runs['Atheris']):.2f}",
                f"{significance(runs['greybox'], runs['Atheris']):.3f}",
            ]
        _say(f"| {target.lower()} | {' | '.join([*cells, *figures])} |")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _can_run(place: str) -> bool:
    try:
        engine(place)
    except EngineMissingError:
        return False
    return True


if __name__ == "__main__":
    main()
