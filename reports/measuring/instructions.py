"""Instructions of one call, where something on the machine can count them.

A process that starts pytest and calls a function once is counted, and another that calls it ten
times more; a tenth of the difference is one call. What starting takes falls out. `perf` counts
with the processor's own counter at full speed, valgrind simulates, 30 times slower; many machines
(containers, virtual ones) have only the second.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reports.measuring.child import run_child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.measuring.child import Ended

ONLY: Final = "HOLDFAST_MEASURE_ONLY"  # the one benchmark that runs
CALLS: Final = "HOLDFAST_MEASURE_CALLS"  # how often it is called after its first time
MORE_CALLS: Final = 10
ROUNDS: Final = 3  # the count hardly moves: three runs a side show that it does not
_PROBE_S: Final = 60.0
_PERF: Final = re.compile(r"^(\d+),[^,]*,instructions:u", re.MULTILINE)
_VALGRIND: Final = re.compile(r"I\s+refs:\s+([\d,]+)")


class Counter(StrEnum):
    """What counts instructions."""

    PERF = "perf"
    VALGRIND = "valgrind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What counts here, or why nothing does."""

    counter: Counter | None
    reason: str = ""


def find_counter() -> Counting:
    """Return the best counter that works here; each is tried, since it may be forbidden."""
    tried = []
    for counter in Counter:
        if shutil.which(counter.value) is None:
            tried.append(f"{counter.value} is not installed")
        elif counted(["true"], counter=counter, folder=Path.cwd(), environment=os.environ) is None:
            tried.append(f"{counter.value} cannot count here")
        else:
            return Counting(counter=counter)
    return Counting(counter=None, reason="; ".join(tried))


def counted(
    command: Sequence[str],
    *,
    counter: Counter,
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float = _PROBE_S,
) -> int | None:
    """Return the instructions of a whole command, or None where it failed or was not counted."""
    with tempfile.TemporaryDirectory(prefix="holdfast-count-") as name:
        file = Path(name) / "counted"
        ended = _run(
            [*_prefix(counter, file), *command],
            folder=folder,
            environment=environment,
            timeout_s=timeout_s,
        )
        if ended is None or ended.code != 0 or not file.is_file():
            return None
        text = file.read_text(encoding="utf-8", errors="replace")
    pattern = _PERF if counter is Counter.PERF else _VALGRIND
    found = pattern.search(text)
    return int(found[1].replace(",", "")) if found else None


def per_call(  # noqa: PLR0913  # a benchmark and what its process is started with
    command: Sequence[str],
    benchmark: str,
    *,
    counter: Counter,
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float,
) -> float | None:
    """Return the instructions of one call of a benchmark's function, or None where not counted."""
    totals = []
    for calls in (0, MORE_CALLS):
        told = {**environment, ONLY: benchmark, CALLS: str(calls)}
        total = counted(
            command, counter=counter, folder=folder, environment=told, timeout_s=timeout_s
        )
        if total is None:
            return None
        totals.append(total)
    more = totals[1] - totals[0]
    return more / MORE_CALLS if more > 0 else None


def _prefix(counter: Counter, file: Path) -> list[str]:
    if counter is Counter.PERF:
        return ["perf", "stat", "-x,", "-e", "instructions:u", "-o", str(file), "--"]
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    return [*tool, f"--log-file={file}"]


def _run(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], timeout_s: float
) -> Ended | None:
    try:
        return run_child(command, folder=folder, environment=environment, timeout_s=timeout_s)
    except OSError:
        return None
