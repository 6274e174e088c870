"""Time the checker on recorded histories, beside Porcupine if a program with it is given.

    python benchmarks/linearizability.py [--histories DIR] [--porcupine PROGRAM] [--rounds N]
                                         [--only TEXT] [--whole]

One line a history: its verdict, the median of the rounds in milliseconds of processor time, and the
ratio to Porcupine's median. The rounds of both are taken in turns. Then the totals, the geometric
mean of the ratios, and the two sizes that must be reached in any case. Exit code 1 when a verdict
is not the expected one or a figure is missed: registers in at most Porcupine's total and 2.5 times
it in the geometric mean, each store in at most 3 times, 1 000 operations of 8 clients under 1 s,
100 000 operations over 1 000 keys under 10 s and 500 MB.

PROGRAM is built from porcupine_driver/main.go (its README says how). It gets a line a request on
standard input, `PATH WHOLE TIMEOUT_S` (WHOLE is 1 to judge in one piece), and answers with a line
`VERDICT SECONDS`: Ok, Illegal or Unknown, and the processor time of one judgement.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rounds import no_collection, thread_cpu_s

from harness.linearizability import (
    CasRegister,
    History,
    KeyValueAppend,
    Operation,
    check,
)
from harness.linearizability.history_file import read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.linearizability import Judgement

HISTORIES: Final = Path(__file__).resolve().parents[2] / "shared" / "histories"
SLICE_S: Final = 0.02  # repeated until it takes this long: the clock ticks in microseconds
TIMEOUT_S: Final = 60.0
MODELS: Final = {"cas-register": CasRegister, "kv-append": KeyValueAppend}
WORDS: Final = {True: "Ok", False: "Illegal", None: "Unknown"}


@dataclass(slots=True)
class Line:
    """What was measured of one history."""

    name: str
    model: str
    verdict: str
    expected: bool | None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    their_verdict: str = ""

    @property
    def ratio(self) -> float:
        """How many times Porcupine's time it took."""
        return statistics.median(self.ours) / statistics.median(self.theirs)


class Porcupine:
    """The other checker in a process of its own, which runs until it is closed."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # the user's program
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GOMAXPROCS": "1"},
        )

    def judge(self, path: Path, *, whole: bool) -> tuple[str, float]:
        """Return the verdict and the seconds of one judgement."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path} {int(whole)} {TIMEOUT_S}\n")
        self._process.stdin.flush()
        verdict, seconds = self._process.stdout.readline().split()
        return verdict, float(seconds)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=TIMEOUT_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 1 when something was missed."""
    chosen = _parse(arguments)
    files = [one for one in sorted(chosen.histories.glob("*.jsonl")) if chosen.only in one.stem]
    if not files:
        sys.stderr.write(f"no histories (*.jsonl) in {chosen.histories}\n")
        return 2
    porcupine = Porcupine(chosen.porcupine) if chosen.porcupine else None
    lines = []
    for path in files:
        line = _measured(path, porcupine, chosen.rounds, whole=chosen.whole)
        lines.append(line)
        _say(_told(line))
    if porcupine is not None:
        porcupine.close()
    missed = [f"{one.name}: {one.verdict}" for one in lines if WORDS[one.expected] != one.verdict]
    missed += _totals(lines, compared=porcupine is not None and not chosen.whole)
    missed += [] if chosen.only else _sizes()
    _say(f"missed: {'; '.join(missed)}" if missed else "every figure was reached")
    return 1 if missed else 0


def _measured(path: Path, porcupine: Porcupine | None, rounds: int, *, whole: bool) -> Line:
    file = read_history(str(path))
    model = MODELS[str(file.model)]()

    def judge() -> Judgement:
        return check(file.history, model, budget_s=TIMEOUT_S, partition=not whole)

    line = Line(path.stem, str(file.model), WORDS[judge().holds], file.expected)
    for _ in range(rounds):
        line.ours.append(_seconds(judge))
        if porcupine is not None:
            line.their_verdict, seconds = porcupine.judge(path, whole=whole)
            line.theirs.append(seconds)
    return line


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds of one call, the mean of as many as take `SLICE_S`."""
    calls, spent = 0, 0.0
    with no_collection():
        while not calls or spent < SLICE_S:
            spent += thread_cpu_s(work)
            calls += 1
    return spent / calls


def _told(line: Line) -> str:
    said = f"{line.name:14} {line.verdict:8} {statistics.median(line.ours) * 1e3:10.3f} ms"
    if line.theirs:
        theirs = statistics.median(line.theirs) * 1e3
        said += f"   Porcupine {line.their_verdict:8} {theirs:10.3f} ms   ratio {line.ratio:8.2f}"
    return said


def _totals(lines: Sequence[Line], *, compared: bool) -> list[str]:
    """Print the totals of each kind of history; return what was missed."""
    missed = []
    for model in MODELS:
        mine = [line for line in lines if line.model == model]
        if not mine:
            continue
        ours = sum(statistics.median(line.ours) for line in mine)
        said = f"{len(mine)} of {model}: {ours * 1e3:.1f} ms"
        if compared:
            theirs = sum(statistics.median(line.theirs) for line in mine)
            ratios = [line.ratio for line in mine]
            mean, worst = statistics.geometric_mean(ratios), max(ratios)
            said += f"; Porcupine {theirs * 1e3:.1f} ms, ratio of the totals {ours / theirs:.3f}"
            said += f", geometric mean {mean:.2f}, largest {worst:.2f}"
            if model == "cas-register" and (ours > theirs or mean > 2.5):
                missed.append(f"{model} against Porcupine")
            if model == "kv-append" and worst > 3:
                missed.append(f"{model} against Porcupine")
        _say(said)
    return missed


def _sizes() -> list[str]:
    """Judge a long history and a very long one; return what was missed."""
    missed = []
    for keys in (10, 1):
        history = generated(1_000, keys=keys, clients=8)
        begun = time.perf_counter()
        judgement = check(history, KeyValueAppend())
        took_s = time.perf_counter() - begun
        _say(f"1 000 operations, 8 clients, keys: {keys}: {judgement.verdict}, {took_s:.3f} s")
        if not judgement.holds or took_s > 1:
            missed.append("1 000 operations")
    history = generated(100_000, keys=1_000, clients=50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    begun = time.perf_counter()
    judgement = check(history, KeyValueAppend())
    took_s = time.perf_counter() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    _say(
        f"100 000 operations, 1 000 keys: {judgement.verdict}, {took_s:.2f} s, "
        f"{most:.0f} MB ({before:.0f} MB before)"
    )
    if not judgement.holds or took_s > 10 or most > 500:
        missed.append("100 000 operations")
    return missed


def generated(count: int, *, keys: int, clients: int, seed: int = 0) -> History:
    """Return a right history of a key-value store: half gets, a quarter each puts and appends."""
    rng = random.Random(seed)
    free = [0.0] * clients
    drafts = []
    for _ in range(count):
        client = rng.randrange(clients)
        call = free[client] + rng.random()
        free[client] = ret = call + rng.expovariate(0.3)
        word = rng.choice(["get", "get", "put", "append"])
        drafts.append((rng.uniform(call, ret), client, call, ret, word, str(rng.randrange(keys))))
    drafts.sort()
    values: dict[str, str] = {}
    made = []
    for number, (_, client, call, ret, word, key) in enumerate(drafts):
        held = values.get(key, "")
        added = f"{number}."
        if word != "get":
            values[key] = added if word == "put" else held + added
        made.append(
            Operation(
                client=client,
                name=word,
                arguments=() if word == "get" else (added,),
                output=held if word == "get" else None,
                call=call,
                ret=ret,
                key=key,
            )
        )
    return History.of(made, name=f"generated {count}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--histories", type=Path, default=HISTORIES, help="a folder of *.jsonl")
    parser.add_argument("--porcupine", help="a program built from porcupine_driver/main.go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="histories whose names hold this; no sizes")
    parser.add_argument("--whole", action="store_true", help="judge each object in one piece")
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
