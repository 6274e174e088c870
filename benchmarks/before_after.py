"""Measure each subject before and after its repair, beside what the documents claim of it.

    python benchmarks/before_after.py [--quick] [--only PAIR]... [--store DIR] [--write PAGE]

A run is a process of its own and gives one value. Rounds go before, after, after, before, so that a
machine that slows down hits both sides alike, and the ratio is taken within rounds. The fault is
planted: the two sides differ in one decision. Exit code: 0 measured, 2 wrong usage. It takes about
two minutes, with --quick under 40 seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the planted twins
sys.path.insert(0, str(Path(__file__).resolve().parent))  # the modules beside this script

import pairs_flow
import pairs_secret
from before_after_page import page
from pairs import Pair, PairVerdict, Side, gain_of, verdict_on

from reports import Direction, Measure, Outcome, Record, RecordKind, write_run
from reports.comparing.difference import Difference, difference

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS: Final = (*pairs_secret.PAIRS, *pairs_flow.PAIRS)
DEFAULT_STORE: Final = Path(".holdfast/store")
ROUNDS: Final = 10  # 2 % of noise a run then shows 2 %
QUICK_ROUNDS: Final = 4
RUN_TIMEOUT_S: Final = 120.0  # 40x the slowest run on two loaded cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A pair with the values of its runs, round by round, and what they say."""

    pair: Pair
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def found(self) -> Difference:
        """The two sides compared within rounds."""
        return difference(self.before, self.after, paired=True)

    @property
    def gain(self) -> tuple[float, tuple[float, float] | None]:
        """How many times as good after is as before, with its 95 % interval."""
        return gain_of(self.found, self.pair)

    @property
    def verdict(self) -> PairVerdict:
        """Whether the claim is met here."""
        return verdict_on(self.pair.claim, self.gain[1])


def measure(pair: Pair, *, rounds: int, times: int) -> Measured:
    """Return the values of `rounds` runs of each side, each in a process of its own."""
    values: dict[Side, list[float]] = {side: [] for side in Side}
    for at in range(rounds):
        for side in (Side.BEFORE, Side.AFTER) if at % 2 == 0 else (Side.AFTER, Side.BEFORE):
            values[side].append(_run(pair, side, times))
    return Measured(pair=pair, before=tuple(values[Side.BEFORE]), after=tuple(values[Side.AFTER]))


def record_of(measured: Measured) -> Record:
    """Return the benchmark's record: the gain, and the runs of both sides."""
    pair = measured.pair
    gain, interval = measured.gain
    direction = Direction.HIGHER if pair.higher_is_better else Direction.LOWER
    bounds = "" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}"
    return Record(
        kind=RecordKind.BENCHMARK,
        name=f"before-after/{pair.name}",
        outcome=_outcome(measured.verdict),
        measures=(
            Measure(metric="gain", value=gain, unit="x", direction=Direction.HIGHER,
                    n=len(measured.after)),
            _side_measure("before", measured.before, pair.unit, direction),
            _side_measure("after", measured.after, pair.unit, direction),
        ),
        params={
            "pair": pair.name,
            "about": pair.about,
            "planted": pair.planted,
            "claim": pair.claim.words,
            "source": pair.claim.source,
            "interval": bounds,
            "verdict": measured.verdict.value,
        },
        replay=f"python benchmarks/before_after.py --only {pair.name}",
    )  # fmt: skip


def _outcome(verdict: PairVerdict) -> Outcome:
    # A claim of somebody else's that does not hold here is a result and no failure.
    return Outcome.UNDECIDED if verdict is PairVerdict.OPEN else Outcome.PASSED


def _side_measure(name: str, values: Sequence[float], unit: str, direction: Direction) -> Measure:
    ordered = sorted(values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return Measure(
        metric=name, value=middle, unit=unit, direction=direction, n=len(ordered),
        minimum=ordered[0], median=middle, maximum=ordered[-1],
    )  # fmt: skip


def _run(pair: Pair, side: Side, times: int) -> float:
    done = subprocess.run(  # noqa: S603  # this file
        [sys.executable, __file__, "--one", pair.name, side.value, str(times)],
        capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{pair.name}, {side.value}: a run failed:\n{done.stderr[-2000:]}")
    return float(done.stdout)


def _one(name: str, side: str, times: int) -> None:
    pair = next(pair for pair in PAIRS if pair.name == name)
    pair.measure(Side(side), max(1, times // 10))  # imports and first calls are no part of it
    values = [pair.measure(Side(side), times) for _ in range(pair.batches)]
    best = max(values) if pair.higher_is_better else min(values)
    sys.stdout.write(f"{best!r}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, store; return 0."""
    chosen = _parse(arguments)
    if chosen.one:
        _one(chosen.one[0], chosen.one[1], int(chosen.one[2]))
        return 0
    rounds = chosen.rounds or (QUICK_ROUNDS if chosen.quick else ROUNDS)
    found = []
    for pair in PAIRS:
        if chosen.only and pair.name not in chosen.only:
            continue
        times = pair.quick if chosen.quick else pair.full
        found.append(measure(pair, rounds=rounds, times=times))
        _say(*lines(found[-1]))
    if chosen.store is not None:
        records = [record_of(measured) for measured in found]
        write_run(records, store=chosen.store, source="benchmarks/before_after.py")
    if chosen.write is not None:
        chosen.write.write_text(page(found, rounds=rounds), "utf-8")
    return 0


def lines(measured: Measured) -> tuple[str, ...]:
    """Return a pair's lines: what was measured, and below it what a document claims."""
    gain, interval = measured.gain
    bounds = "unknown" if interval is None else f"{interval[0]:.3g} to {interval[1]:.3g}"
    pair = measured.pair
    return (
        f"{pair.name:22} {gain:.3g} times as good after ({bounds})  {measured.verdict.value}",
        f"{'':22} claim: {pair.claim.words}",
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Exit code: 0 measured, whatever became of the claims; 2 wrong usage.",
    )
    parser.add_argument("--quick", action="store_true", help="under 40 seconds, coarser")
    names = [pair.name for pair in PAIRS]
    parser.add_argument("--only", action="append", choices=names, help="this one; repeatable")
    parser.add_argument("--rounds", type=int, choices=range(2, 101), metavar="2..100",
                        help=f"runs of each side ({ROUNDS}, quick {QUICK_ROUNDS})")  # fmt: skip
    parser.add_argument(
        "--store", type=Path, default=DEFAULT_STORE, help=f"where records go ({DEFAULT_STORE})"
    )
    parser.add_argument(
        "--no-store", dest="store", action="store_const", const=None, help="only print"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the page of results")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _say(*said: str) -> None:
    sys.stdout.write("\n".join(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")  # of the runs: one order of dicts for both sides
    raise SystemExit(main())
