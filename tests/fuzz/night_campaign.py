"""`python -m tests.fuzz.night_campaign FOLDER TOLD`: a night's campaign in a process of its own.

Its memory is looked at, and a process that other tests have run in grows for reasons of theirs.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import fuzz
from fuzz.engines.pace import USUAL

if TYPE_CHECKING:
    from fuzz.campaign.progress import Progress

NIGHT_S = 8 * 3_600.0
FACTOR = 480.0
TARGET = "tests.fuzz.night_targets:NIGHT"
PLACE = "tests.fuzz.night_targets_NIGHT"


class Watcher:
    """Sees every entry of the corpus while the campaign runs, and the memory of its parent."""

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        self.seen: dict[str, bytes] = {}
        self.resident: list[tuple[float, int]] = []

    def look(self, progress: Progress) -> None:
        for one in self._corpus.iterdir():
            if len(one.name) == 40 and one.name not in self.seen:
                with contextlib.suppress(FileNotFoundError):  # merged away, or it fails
                    self.seen[one.name] = one.read_bytes()
        self.resident.append((progress.seconds, progress.resident_bytes))

    def growth_bytes(self) -> float:
        """Growth of the parent over the night, by least squares over its second half."""
        half = [(at_s, size) for at_s, size in self.resident if at_s > NIGHT_S / FACTOR / 2]
        middle_s = sum(at_s for at_s, _ in half) / len(half)
        middle = sum(size for _, size in half) / len(half)
        above = sum((at_s - middle_s) * (size - middle) for at_s, size in half)
        return above / sum((at_s - middle_s) ** 2 for at_s, _ in half) * NIGHT_S / FACTOR


def main(folder: Path, told: Path) -> None:
    watcher = Watcher(folder / PLACE / "corpus")
    # libFuzzer takes inputs away by itself where it has found a smaller one; greybox takes none.
    run = fuzz.run_campaign(
        TARGET, engine="greybox", workers=2, seed=1, folder=folder,
        budget=fuzz.Budget(seconds=NIGHT_S / FACTOR), pace=USUAL.faster(FACTOR),
        progress=watcher.look,
    )  # fmt: skip
    every = max(1, len(watcher.resident) // 20)
    values = {
        "ending": run.ending.name,
        "trouble": str(run.trouble),
        "found": len(run.found),
        "notes": list(run.notes),
        "executions": run.executions,
        "seen": {name: data.hex() for name, data in watcher.seen.items()},
        "growth_bytes": watcher.growth_bytes(),
        "resident": watcher.resident[::every],
    }
    told.write_text(json.dumps(values), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
