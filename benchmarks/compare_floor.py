"""Judge the figures that must be reached, and store them: exit 1 when one is missed.

    python benchmarks/compare_floor.py [--quick] [--only NAME]... [--store DIR]

Every ratio is of two things measured in turns in this very run, so a slow or busy machine moves
both sides. A missed figure is measured again, and the rounds of both decide. What it
compares with may be absent (a C compiler, frontrun); such a figure is listed as not compared.
It takes about two minutes, with --quick under 20 seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the modules beside this script

import engine_figures
import flow_figures
import local_figures
import secret_figures
from figure import Effort

from reports import Outcome, Record, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence

FIGURES: Final = (
    *secret_figures.FIGURES,
    *flow_figures.FIGURES,
    *engine_figures.FIGURES,
    *local_figures.FIGURES,
)
DEFAULT_STORE: Final = Path(".holdfast/store")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, store; return 1 when a figure was missed, else 0."""
    chosen = _parse(arguments)
    effort = Effort(quick=chosen.quick)
    _say(_load())
    records = []
    for figure in FIGURES:
        if chosen.only and figure.name not in chosen.only:
            continue
        record = figure.judged(effort)
        records.append(record)
        _say(_line(record))
    _say(_load())
    if chosen.store is not None:
        write_run(records, store=chosen.store, source="benchmarks/compare_floor.py")
    missed = sum(record.outcome is Outcome.FAILED for record in records)
    _say(f"{missed} missed" if missed else "every figure was reached")
    return 1 if missed else 0


def _line(record: Record) -> str:
    limit = f"  limit {record.params['limit']}" if "limit" in record.params else ""
    if not record.measures:
        return f"{record.outcome.value:8} {record.name:24} {record.message.partition(chr(10))[0]}"
    (measure,) = record.measures
    spread = f"({measure.q1:.4g} to {measure.q3:.4g})"
    return (
        f"{record.outcome.value:8} {record.name:24} {measure.value:10.4g} {measure.unit:10} "
        f"{spread:24}{limit}"
    )


def _load() -> str:
    if not hasattr(os, "getloadavg"):
        return "load of the machine: unknown"
    return f"load of the machine: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Exit code: 0 every figure was reached, 1 one was missed, 2 wrong usage.",
    )
    parser.add_argument("--quick", action="store_true", help="under 20 seconds, coarser")
    names = [figure.name for figure in FIGURES]
    parser.add_argument("--only", action="append", choices=names, help="this one; repeatable")
    parser.add_argument(
        "--store", type=Path, default=DEFAULT_STORE, help=f"where records go ({DEFAULT_STORE})"
    )
    parser.add_argument(
        "--no-store", dest="store", action="store_const", const=None, help="only print"
    )
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
