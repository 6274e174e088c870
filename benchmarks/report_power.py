"""What `holdfast report compare` finds, misses and says wrongly, on runs whose truth is known.

    python -m benchmarks.report_power [--repeats 60] [--quick]

Each case is a report of 200 benchmarks of which some are slower by 5 %, measured in so many
interleaved runs a side. A share of the runs' noise may be common to a round, as when the machine
wanders. The table goes to standard output; the exit code is 1 when a limit is not kept. Seeds are
fixed: one version of the code has one table.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.comparing.pairs import Options, judged_pairs
from reports.comparing.sides import MetricKey, MetricValues, Sides, Statistic
from reports.comparing.verdict import CHANGES, Verdict
from reports.comparing.wording import blindness
from reports.record import Direction

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]]

BENCHMARKS: Final = 200
SLOWER: Final = 10
CHANGE: Final = 1.05
OPTIONS: Final = Options(statistic=Statistic.TYPICAL)


def gauss(generator: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return generator.normal(0, 1, shape)


def skewed(generator: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Gamma noise of unit variance: what disturbs a run makes it slower, now and then much."""
    return (generator.gamma(2.0, 1.0, shape) - 2.0) / math.sqrt(2.0)


def outliers(generator: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Three in a hundred runs are thrown off by eight standard deviations."""
    thrown = generator.random(shape) < 0.03
    return generator.normal(0, 1, shape) + 8.0 * thrown


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of report, and what must come of it.

    Attributes:
        noise: Standard deviation of one run, as a share of its level.
        common: Standard deviation of what both runs of a round share.
        least_power: The least share of the slower ones that must be told, or None.
        most_wrong: The most wrongly told ones a report may have on average.
        says_blind: Whether the report must say that it cannot see 5 %, or must not.
    """

    name: str
    runs: int
    noise: float
    draw: Draw = gauss
    slower: int = SLOWER
    common: float = 0.0
    least_power: float | None = None
    most_wrong: float = 0.6
    says_blind: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    power: float
    wrong: float
    any_wrong: float
    false_same: float
    same: float
    blind: float
    covered: float


# Power at 1.2 % is what is promised; where noise is skewed, has outliers or is shared by rounds the
# limits are a tenth below what was measured, so that losing it is noticed.
# The false discovery rate is 5 %: with 10 true ones that is half a wrong one a report.
CASES: Final = (
    Case(name="1.2 % noise", runs=5, noise=0.012, least_power=0.85, says_blind=False),
    Case(name="1.2 % noise", runs=6, noise=0.012, least_power=0.95, says_blind=False),
    Case(name="1.2 % noise", runs=7, noise=0.012, least_power=0.97, says_blind=False),
    Case(name="2 % noise", runs=7, noise=0.02),
    Case(name="3 % noise", runs=5, noise=0.03, says_blind=True),
    Case(name="3 % noise", runs=7, noise=0.03, says_blind=True),
    Case(name="3 % noise", runs=10, noise=0.03, says_blind=True),
    Case(name="1.2 % skewed", runs=5, noise=0.012, draw=skewed, least_power=0.7),
    Case(name="1.2 % skewed", runs=7, noise=0.012, draw=skewed, least_power=0.95),
    Case(name="1.2 % with outliers", runs=5, noise=0.012, draw=outliers, least_power=0.5),
    Case(name="1.2 % with outliers", runs=7, noise=0.012, draw=outliers, least_power=0.5),
    Case(name="1.2 %, rounds share 3 %", runs=5, noise=0.012, common=0.03, least_power=0.25),
    Case(name="1.2 %, rounds share 3 %", runs=7, noise=0.012, common=0.03, least_power=0.85),
    Case(name="A/A, 1.2 %", runs=5, noise=0.012, slower=0, most_wrong=0.2),
    Case(name="A/A, 1.2 %", runs=3, noise=0.012, slower=0, most_wrong=0.2),
    Case(name="A/A, 3 %", runs=5, noise=0.03, slower=0, most_wrong=0.2),
    Case(name="A/A, skewed", runs=5, noise=0.03, draw=skewed, slower=0, most_wrong=0.2),
    Case(name="A/A, outliers", runs=5, noise=0.03, draw=outliers, slower=0, most_wrong=0.2),
    Case(name="A/A, rounds share 3 %", runs=5, noise=0.012, common=0.03, slower=0, most_wrong=0.2),
)
MOST_AA_REPORTS: Final = 0.05  # identical runs: at most one report in 20 may tell anything


def score(case: Case, *, repeats: int, benchmarks: int = BENCHMARKS, seed: int = 1) -> Score:
    """Return what came of `repeats` reports of one kind."""
    generator = np.random.default_rng([seed, case.runs, round(case.noise * 1e4), case.slower])
    found = [_report(case, generator, benchmarks) for _ in range(repeats)]
    return Score(**{name: float(np.mean([one[name] for one in found])) for name in found[0]})


def _report(case: Case, generator: np.random.Generator, benchmarks: int) -> dict[str, float]:
    shape = (benchmarks, case.runs)
    rounds = generator.normal(0, case.common, (1, case.runs))
    old = np.exp(case.noise * case.draw(generator, shape) + rounds)
    new = np.exp(case.noise * case.draw(generator, shape) + rounds)
    new[: case.slower] *= CHANGE
    pairs = judged_pairs(_ties(old, new), _SIDES[case.runs], options=OPTIONS)
    numbered = {int(pair.benchmark): pair for pair in pairs}
    told = [numbered[at].verdict for at in range(benchmarks)]
    slower, others = told[: case.slower], told[case.slower :]
    wrong = sum(one in CHANGES for one in others) + slower.count(Verdict.BETTER)
    truth = [CHANGE - 1 if at < case.slower else 0.0 for at in range(benchmarks)]
    held = [
        interval[0] <= truth[at] <= interval[1]
        for at in range(benchmarks)
        if (interval := numbered[at].found.interval) is not None
    ]
    return {
        "power": slower.count(Verdict.WORSE) / max(len(slower), 1),
        "wrong": wrong,
        "any_wrong": wrong > 0,
        "false_same": slower.count(Verdict.SAME) / max(len(slower), 1),
        "same": others.count(Verdict.SAME) / len(others),
        "blind": float(bool(blindness(pairs, floor=OPTIONS.floor))),
        "covered": float(np.mean(held)),
    }


def _ties(
    old: NDArray[np.float64], new: NDArray[np.float64]
) -> dict[MetricKey, tuple[MetricValues, MetricValues]]:
    return {
        MetricKey(benchmark=str(at), metric="time", environment=""): (_side(a), _side(b))
        for at, (a, b) in enumerate(zip(old, new, strict=True))
    }


def _side(values: NDArray[np.float64]) -> MetricValues:
    return MetricValues(
        unit="s",
        direction=Direction.LOWER,
        typical=tuple(float(one) for one in values),
        fastest=None,
        runs=tuple(range(len(values))),
    )


class _Sides(dict[int, Sides]):
    """So many runs a side of one session; what is in them is given beside them."""

    def __missing__(self, runs: int) -> Sides:
        nothing: tuple[object, ...] = (None,) * runs
        sides = Sides(old=nothing, new=nothing, session="simulated")  # type: ignore[arg-type]
        return self.setdefault(runs, sides)


_SIDES: Final = _Sides()


def broken_limits(case: Case, found: Score) -> list[str]:
    """Return in words each limit that was not kept."""
    broken = []
    if case.least_power is not None and found.power < case.least_power:
        broken.append(f"power {found.power:.2f} is below {case.least_power}")
    if found.wrong > case.most_wrong:
        broken.append(f"{found.wrong:.2f} wrong ones a report are above {case.most_wrong}")
    if case.slower == 0 and found.any_wrong > MOST_AA_REPORTS:
        broken.append(f"{found.any_wrong:.2f} of reports tell something of identical runs")
    if case.says_blind is True and found.blind < 0.95:
        broken.append(f"only {found.blind:.2f} of reports say that they cannot see 5 %")
    if case.says_blind is False and found.blind > 0.05:
        broken.append(f"{found.blind:.2f} of reports say that they cannot see 5 %")
    return broken


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Print the table, and return 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="ten reports a case")
    asked = parser.parse_args(arguments)
    repeats = 10 if asked.quick else asked.repeats
    _say(f"{'case':28} runs  power  wrong  any  said same  missed as same  blind  interval holds")
    began, failed = time.perf_counter(), 0
    for case in CASES:
        found = score(case, repeats=repeats)
        broken = broken_limits(case, found)
        failed += bool(broken)
        power = f"{found.power:5.2f}" if case.slower else "     "
        missed = f"{found.false_same:14.3f}" if case.slower else " " * 14
        _say(
            f"{case.name:28} {case.runs:4}  {power}  {found.wrong:5.2f} {found.any_wrong:4.2f}"
            f"  {found.same:9.2f}  {missed}  {found.blind:5.2f}  {found.covered:14.3f}"
            f"  {'; '.join(broken)}".rstrip()
        )
    _say(f"{repeats} reports a case, {time.perf_counter() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
