"""Judge the judge: does the gate flag what got slower, at once, and nothing else?

    python -m benchmarks.report_gate [--only path|alarms|delay|speed] [--seeds 20]
                                    [--clock seeded|processor] [--quick]

path    A project with a clock of seeded noise: pytest-benchmark in child processes, ingest, gate.
        Four commits of three runs, the last 30 % slower, must be red in every seed; the same
        without it in at most 1 of 20 (R-RP-07). Ten seconds a seed, a minute on a busy machine.
        With `--clock processor` the machine's own noise is in it.
alarms  200 simulated series judged together after each of 30 commits, on 60 of history, four kinds
        of noise of 2 %: at most .2 false alarms per 100 commits of a series.
delay   The same with a step of 10 % in 20 series: none missed, median delay at most 3 commits;
        with three runs a commit, none.
speed   Judging 2 000 series of 100 points: at most 25 s of processor time.

One line a figure, with its limit; exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from benchmarks.gate_simulation import Case, run_case, write_commit
from reports.judging.judged_store import judge_store
from reports.store import Store
from tests.reports.judging.benchmarked_project import BenchmarkedProject, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATH_SEEDS: Final = 20
SERIES: Final = 200
HISTORY: Final = 60
COMMITS: Final = 30
CHANGED: Final = 20
MOST_ALARMS: Final = 0.2  # per 100 commits of a series
MOST_DELAY: Final = 3  # commits
MOST_FALSE_PATHS: Final = 0.05  # share of identical runs flagged
MOST_SPEED_S: Final = 25.0
SPEED_SERIES: Final = 2_000
SPEED_POINTS: Final = 100
MISSED: Final = 1_000  # commits; the delay of what was never told


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure and whether its limit holds."""

    name: str
    value: str
    limit: str
    holds: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=[*_PARTS], action="append")
    parser.add_argument("--seeds", type=int, default=PATH_SEEDS, help="of the part `path`")
    parser.add_argument(
        "--clock", type=Clock, choices=list(Clock), default=Clock.SEEDED, help="of the part `path`"
    )
    parser.add_argument("--quick", action="store_true", help="fewer series, commits and seeds")
    chosen = parser.parse_args(arguments)
    held = True
    for name in chosen.only or _PARTS:
        for line in _PARTS[name](chosen):
            held &= line.holds
            mark = "ok    " if line.holds else "MISSED"
            _say(sys.stdout, f"{mark}  {line.name:44}  {line.value:>24}  {line.limit}")
    return 0 if held else 1


def measure_path(chosen: argparse.Namespace) -> Iterator[Line]:
    seeds = 2 if chosen.quick else chosen.seeds
    slow, same = 0, 0
    for seed in range(seeds):
        codes = _one_path(seed, chosen.clock)
        slow += codes[0] == 1
        same += codes[1] == 1
        told = f"slower exits {codes[0]}, identical exits {codes[1]}"
        _say(sys.stderr, f"        seed {seed}: {told}")
    yield Line(
        name="30 % slower, through the whole path",
        value=f"{slow} of {seeds} flagged",
        limit=f"all {seeds}",
        holds=slow == seeds,
    )
    most = math.floor(MOST_FALSE_PATHS * seeds)
    yield Line(
        name="identical code, through the whole path",
        value=f"{same} of {seeds} flagged",
        limit=f"at most {most}",
        holds=same <= most,
    )


def _one_path(seed: int, clock: Clock) -> tuple[int, int]:
    """Return the gate's exit codes of slower and of identical code after the same history."""
    with tempfile.TemporaryDirectory() as folder:
        project = BenchmarkedProject(Path(folder) / "project", seed=seed, clock=clock)
        for at in range(3):
            project.commit(0.0, note=f"version {at}")
            project.measure(runs=3)
        same = Path(folder) / "same"
        shutil.copytree(project.store, same)
        project.commit(0.0, note="nothing new")
        project.measure(runs=3, store=same)
        project.commit(0.3, note="a third slower")
        project.measure(runs=3)
        slow = project.report("gate", "--store", project.store)
        if slow != 1:
            _say(sys.stderr, project.said)
        identical = project.report("gate", "--store", same)
        if identical != 0:
            _say(sys.stderr, project.said)
        return slow, identical


def measure_alarms(chosen: argparse.Namespace) -> Iterator[Line]:
    for kind in ("gauss", "skewed", "outliers", "correlated"):
        with tempfile.TemporaryDirectory() as folder:
            result = run_case(
                Case(name=f"alarms/{kind}", kind=kind), folder=Path(folder) / "s", seed=1,
                **_size(chosen),
            )  # fmt: skip
        rate = 100 * result.false_alarms / result.judged
        yield Line(
            name=f"false alarms per 100 commits, {kind}",
            value=f"{rate:.3f} ({result.false_alarms} in all)",
            limit=f"at most {MOST_ALARMS}",
            holds=rate <= MOST_ALARMS,
        )


def measure_delay(chosen: argparse.Namespace) -> Iterator[Line]:
    for runs, most in ((1, MOST_DELAY), (3, 0)):
        case = Case(name=f"delay/{runs}", step=0.10, changed=CHANGED, runs=runs)
        with tempfile.TemporaryDirectory() as folder:
            result = run_case(case, folder=Path(folder) / "s", seed=1, **_size(chosen))
        delays = [MISSED if one is None else one for one in result.delays]
        missed = sum(one == MISSED for one in delays)
        median = statistics.median(delays)
        yield Line(
            name=f"a step of 10 %, {runs} run(s) a commit",
            value=f"median {median:g}, most {max(delays)}, {missed} missed",
            limit=f"median at most {most}, none missed",
            holds=median <= most and not missed,
        )


def measure_speed(chosen: argparse.Namespace) -> Iterator[Line]:
    rng = random.Random(1)
    series = SPEED_SERIES // 10 if chosen.quick else SPEED_SERIES
    with tempfile.TemporaryDirectory() as folder:
        for at in range(SPEED_POINTS):
            values = [
                math.exp(0.02 * rng.gauss(0, 1)) * (1.1 if n % 50 == 0 and at > 50 else 1)
                for n in range(series)
            ]
            write_commit(Path(folder) / "s", values, at=at, run=0)
        with Store(Path(folder) / "s") as store:
            begin = time.process_time()
            judge_store(store)
            spent = time.process_time() - begin
    most = MOST_SPEED_S * series / SPEED_SERIES
    yield Line(
        name=f"judging {series} series of {SPEED_POINTS} points",
        value=f"{spent:.1f} s of processor time",
        limit=f"at most {most:g} s",
        holds=spent <= most,
    )


def _say(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()


def _size(chosen: argparse.Namespace) -> dict[str, int]:
    if chosen.quick:
        return {"series": 40, "history": HISTORY, "commits": 20}
    return {"series": SERIES, "history": HISTORY, "commits": COMMITS}


_PARTS: Final[dict[str, Callable[[argparse.Namespace], Iterator[Line]]]] = {
    "path": measure_path,
    "alarms": measure_alarms,
    "delay": measure_delay,
    "speed": measure_speed,
}

if __name__ == "__main__":
    sys.exit(main())
