"""How soon real threads meet known bugs, beside how soon exploration does.

    python -m benchmarks.stress_misses [--seconds 10] [--seeds 5]

Each program of the bug suite that is named below runs again and again with real threads, once at
Python's own switch interval and once at the shortest one, in a child process, until it fails or the
time is up. Then it is explored: with the switches that CPython with the GIL makes, as the threads
had them, and with switches at every shared access. All see the same code; the table goes to
standard output.
"""

from __future__ import annotations

import argparse
import importlib
import math
import platform
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import harness
from tests.suite.catalogue import PACKAGE, choose
from tests.suite.surroundings import load, processor

if TYPE_CHECKING:
    from tests.suite.catalogue import Entry

# Of each kind some; none that starts processes, and none whose bug always shows.
PROGRAMS: Final = (
    "account", "lazy01", "token_ring", "uneven_store", "etcd_7492",
    "bluetooth_driver", "circular_buffer", "deadlock01", "queue", "stack", "reorder_5", "twostage",
    "kubernetes_62464", "stringbuffer", "ttl_cache_expiry", "futures_wait", "cached_property_locks",
    "pool_container", "event_cleared_late", "once_guard",
)  # fmt: skip
SHORTEST_S: Final = 1e-6  # a switch interval that no program would set: the best case of stress
HANG_S: Final = 3.0  # a round takes milliseconds
REPORT_ROUNDS: Final = 20
STOPPED: Final = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stressed:
    """What real threads did.

    Attributes:
        rounds: Up to the one that failed, or all; a hang counts as the next round after the last
            that was told.
    """

    rounds: int
    failed: bool
    elapsed_s: float

    def __str__(self) -> str:
        words = f"{self.rounds:,}".replace(",", " ")
        return f"**{words}**" if self.failed else f"none in {words}"


def stress(entry: Entry, *, seconds: float, interval_s: float | None) -> Stressed:
    """Run a program with real threads in a child process until it fails or the time is up."""
    words = [entry.module, entry.function, ",".join(map(str, entry.arguments)), str(seconds)]
    child = subprocess.Popen(  # noqa: S603  # ourselves
        [sys.executable, "-m", "benchmarks.stress_misses", "--child", *words, str(interval_s or 0)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(iter(child.stdout.readline, "")))  # type: ignore[union-attr]
    reader.start()
    began = time.monotonic()
    seen, since = 0, began
    while reader.is_alive():
        reader.join(0.05)
        if len(told) != seen:
            seen, since = len(told), time.monotonic()
        elif seen and time.monotonic() - since > HANG_S:
            child.kill()
    child.wait()
    took = time.monotonic() - began
    last = (told or ["0"])[-1].split()
    failed = last[-1] != STOPPED
    return Stressed(rounds=int(last[0]) + (len(last) == 1), failed=failed, elapsed_s=took)


def child(module: str, function: str, arguments: str, seconds: str, interval: str) -> None:
    """Run rounds; tell their number now and then, and how they ended."""
    program = getattr(importlib.import_module(f"{PACKAGE}.{module}"), function)
    values = [int(value) for value in arguments.split(",") if value]
    errors: list[Any] = []
    threading.excepthook = errors.append
    if float(interval):
        sys.setswitchinterval(float(interval))
    end = time.monotonic() + float(seconds)
    rounds = 0
    tell("0")
    while time.monotonic() < end:
        rounds += 1
        try:
            program(*values, fixed=False)
        except Exception as error:  # noqa: BLE001  # whatever the bug raises
            errors.append(error)
        if errors:
            tell(f"{rounds} failed")
            return
        if rounds % REPORT_ROUNDS == 0:
            tell(str(rounds))
    tell(f"{rounds} {STOPPED}")


def explored(entry: Entry, seeds: int, *, model: str) -> str:
    """Return the median of the executions up to the failure, and of the seconds that all took."""
    results = [harness.explore(entry.body(), seed=seed, model=model) for seed in range(seeds)]
    found = [result for result in results if result.finding is not None]
    if not found:
        return f"none in {sum(result.executions for result in results)}"
    executions = [math.inf if result.finding is None else result.executions for result in results]
    seconds = statistics.median(result.elapsed_s for result in results)
    less = "" if len(found) == seeds else f" ({len(found)} of {seeds} seeds)"
    return f"**{statistics.median(executions):g}**{less}, {seconds:.2f} s"


def tell(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description="Real threads beside exploration.")
    options.add_argument("--seconds", type=float, default=10.0, help="of stress, for each cell")
    options.add_argument("--seeds", type=int, default=5, help="of exploration")
    chosen = options.parse_args()
    tell("| program | real threads | at 1 µs | explored, GIL model | explored, any access |")
    tell("| --- | ---: | ---: | ---: | ---: |")
    for entry in choose(PROGRAMS):
        plain = stress(entry, seconds=chosen.seconds, interval_s=None)
        short = stress(entry, seconds=chosen.seconds, interval_s=SHORTEST_S)
        gil = explored(entry, chosen.seeds, model="gil")
        free = explored(entry, chosen.seeds, model="free-threaded")
        tell(f"| {entry.name} | {plain} | {short} | {gil} | {free} |")
    tell(
        f"\nCPython {platform.python_version()} on {processor()}, load {load()} at the end; "
        f"{chosen.seconds:g} s of stress a cell, medians of {chosen.seeds} seeds."
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
