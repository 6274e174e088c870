"""How long a scan of a process of 1 GiB takes; the figure to reach is 5 s.

    python benchmarks/residue_scan.py [--mebibytes 1024] [--store build/store]

The child's memory is filled with random bytes, the worst case: of zeros a scan sees at once that
they hold no key. Looked for are the raw bytes of one key, and then all the forms there are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from harness.probes import Form, Needles, residue, scan_process
from reports import Direction, Measure, Outcome, Record, RecordKind, write_run

FIGURE_S: Final = 5.0
MIB: Final = 1 << 20
FILL: Final = """
import os, sys
memory = bytearray(int(sys.argv[1]))
block = os.urandom(1 << 20)
for start in range(0, len(memory), len(block)):
    memory[start : start + len(block)] = block[: len(memory) - start]
print("filled", flush=True)
sys.stdin.read()
"""


def scan_s(pid: int, key: bytes, forms: tuple[Form, ...]) -> float:
    """Return the seconds that one scan takes."""
    began_s = time.perf_counter()
    seen = scan_process(pid, key, forms=forms)
    elapsed_s = time.perf_counter() - began_s
    assert seen.clean, seen
    return elapsed_s


def measured(size: int) -> dict[str, float]:
    """Return the seconds by what was looked for, for a process of `size` bytes."""
    residue.self_test()
    key = os.urandom(32)
    child = subprocess.Popen(  # noqa: S603  # our interpreter, our text
        [sys.executable, "-c", FILL, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        return {
            "raw": min(scan_s(child.pid, key, (Form.RAW,)) for _ in range(3)),
            "all forms": min(scan_s(child.pid, key, ()) for _ in range(3)),
        }
    finally:
        child.kill()
        child.communicate()


def main() -> int:
    """Print the figures and keep them; 1 when the figure is not reached."""
    parser = argparse.ArgumentParser(description="How long a scan for residue takes.")
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--store", type=Path)
    asked = parser.parse_args()
    times = measured(asked.mebibytes * MIB)
    pieces = {"raw": len(Needles.of(os.urandom(32), forms=(Form.RAW,)))}
    pieces["all forms"] = len(Needles.of(os.urandom(32)))
    reached = max(times.values()) < FIGURE_S * max(asked.mebibytes, 1) / 1024
    for what, seconds in times.items():
        sys.stdout.write(
            f"{asked.mebibytes} MiB, {what} ({pieces[what]} pieces of a 32-byte key): "
            f"{seconds:.2f} s\n"
        )
    if asked.store is not None:
        measures = tuple(
            Measure(metric=f"scan, {what}", value=seconds, unit="s", direction=Direction.LOWER)
            for what, seconds in times.items()
        )
        record = Record(
            kind=RecordKind.BENCHMARK,
            name="residue scan",
            outcome=Outcome.PASSED if reached else Outcome.FAILED,
            measures=measures,
            params={"mebibytes": str(asked.mebibytes)},
        )
        write_run([record], store=asked.store, source="python benchmarks/residue_scan.py")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
