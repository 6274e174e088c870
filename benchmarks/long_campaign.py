"""A long campaign: does its parent stay small, is every entry there at the end, can it be read?

python benchmarks/long_campaign.py [TARGET] [--minutes 30] [--workers N] [--folder build/long]

Prints a line a minute (memory of the parent and of the workers, executions, corpus), and at the end
the growth of the parent with its 95 % interval, how many entries the database knows against those
on the disk, and the advice of `status`. Exits 1 if the parent grows by more than `MOST_MIB_AN_HOUR`
beyond doubt, or an entry is lost.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

import fuzz
from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.campaign.corpus import InputFolder
from fuzz.campaign.status import status_of
from fuzz.duration import in_words

if TYPE_CHECKING:
    from fuzz.campaign.progress import Progress

MIB: Final = 1 << 20
MOST_MIB_AN_HOUR: Final = 8.0  # 100 bytes an entry of the corpus, and the curve
WARM_S: Final = 60.0  # imports, the first pages of the database


class Watcher:
    """Samples once a second; prints once a minute."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []
        self._next_line_s = 0.0

    def look(self, progress: Progress) -> None:
        last_s = self.samples[-1][0] if self.samples else -1.0
        if progress.seconds - last_s < 1.0:
            return
        self.samples.append((progress.seconds, progress.resident_bytes / MIB))
        if progress.seconds >= self._next_line_s:
            self._next_line_s = progress.seconds + 60.0
            workers = sum(line.resident_bytes for line in progress.workers) // MIB
            click.echo(
                f"{in_words(progress.seconds):>10}  parent {self.samples[-1][1]:.1f} MiB, workers "
                f"{workers} MiB; {progress}",
            )


def growth(samples: list[tuple[float, float]]) -> tuple[float, float]:
    """Return MiB an hour by least squares, and half of its 95 % interval."""
    count = len(samples)
    middle_s = sum(at_s for at_s, _ in samples) / count
    middle = sum(size for _, size in samples) / count
    spread = sum((at_s - middle_s) ** 2 for at_s, _ in samples)
    slope = sum((at_s - middle_s) * (size - middle) for at_s, size in samples) / spread
    left = sum((size - middle - slope * (at_s - middle_s)) ** 2 for at_s, size in samples)
    return slope * 3_600, 1.96 * math.sqrt(left / (count - 2) / spread) * 3_600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", nargs="?", default="flow_operations")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=Path("build/long"))
    asked = parser.parse_args()
    watcher = Watcher()
    run = fuzz.run_campaign(
        asked.target,
        workers=asked.workers,
        seed=1,
        budget=fuzz.Budget(seconds=asked.minutes * 60),
        folder=asked.folder,
        progress=watcher.look,
    )
    place = CampaignFolder(asked.folder, asked.target)
    with contextlib.closing(sqlite3.connect(place.database)) as opened:
        rows = opened.execute("SELECT name FROM inputs WHERE gone IS NULL").fetchall()
    known = {name for (name,) in rows}
    there = {path.name for path in InputFolder(place.corpus).files()}
    late = [one for one in watcher.samples if one[0] > WARM_S] or watcher.samples
    slope, give = growth(late)
    click.echo(
        f"ended because {run.ending}; {run.executions:,} executions, {run.restarts} restarts"
    )
    click.echo(f"the parent grows by {slope:.2f} MiB an hour, give or take {give:.2f} (95 %)")
    click.echo(f"{len(there):,} entries, {len(known ^ there)} of which disk and database disagree")
    status = status_of(place.path)
    click.echo(status.advice if status is not None else "no status")
    for note in run.notes:
        click.echo(f"note: {note}")
    return int(slope - give > MOST_MIB_AN_HOUR or known != there)


if __name__ == "__main__":
    sys.exit(main())
