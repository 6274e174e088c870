"""What each of many inputs shows, measured in worker processes that may die of one of them.

The measuring is an engine: a worker imports the target under the same hooks as the greybox engine,
runs a list of files, and writes a line for each as soon as it is known. An input that ends its
worker, or hangs, has no line; another worker, forked off the same template, goes on behind it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz.engines.errors import MeasureError
from fuzz.engines.greybox import Greybox
from fuzz.engines.seed_pool import told_features
from fuzz.errors import BrokenTargetError
from fuzz.workers.worker_job import Ended, WorkerJob
from fuzz.workers.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fuzz.campaign.corpus import InputFolder
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.executor import Executor
    from fuzz.workers.worker_job import WorkerEnd

ENGINE: Final = "fuzz.engines.measuring:Measuring"
LIST: Final = "measure.json"
LINES: Final = "measured.jsonl"
LOOK_S: Final = 0.01
MEMORY_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one file showed.

    Attributes:
        features: None if it failed, hung or ended its process.
    """

    path: Path
    features: frozenset[int] | None


class Measuring(Greybox):
    """Runs the files that a list beside the corpus names, and writes down what each showed."""

    name = "measuring"
    what = "measures saved inputs"

    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        """Run the listed files."""
        del job
        failed: list[bytes] = []
        executor.on_failure = failed.append
        run = executor.runner()
        files = json.loads((corpus.path / LIST).read_text("utf-8"))
        with (corpus.path / LINES).open("a", encoding="utf-8") as lines:
            for file in files:
                if executor.done:
                    return
                failed.clear()
                self._map.clear()
                told = run(Path(file).read_bytes()) or ()
                path = self._map.take()
                features = [*self._map.features(path), *told_features(told)]
                lines.write(json.dumps(None if failed else features) + "\n")
                lines.flush()


def measure(
    facts: TargetFacts,
    files: Sequence[Path],
    *,
    folder: Path,
    timeout_s: float | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> list[Measured]:
    """Return what each file shows, in their order.

    Args:
        folder: For files of the measuring itself; removed by who made it.
        timeout_s: For all of it; None: no limit.
        progress: Told how many files are measured, some times a second.

    Raises:
        BrokenTargetError: The target cannot be imported.
        MeasureError: The measuring itself broke, or took too long.
    """
    ends_s = None if timeout_s is None else time.monotonic() + timeout_s
    found: list[Measured] = []
    with Workers(facts, ENGINE, folder=folder / "templates") as workers:
        while len(found) < len(files):
            stretch = _Stretch(facts, files[len(found) :], folder=folder)
            found += stretch.run(workers, ends_s=ends_s, progress=_after(len(found), progress))
            progress(len(found))
    return found


def _after(had: int, progress: Callable[[int], object]) -> Callable[[int], object]:
    return lambda count: progress(had + count)


class _Stretch:
    """One worker's share: to the end of the files, or to the first that ends it."""

    def __init__(self, facts: TargetFacts, files: Sequence[Path], *, folder: Path) -> None:
        self._facts = facts
        self._files = files
        self._folder = folder
        self._lines = folder / LINES
        self._lines.unlink(missing_ok=True)
        (folder / LIST).write_text(json.dumps([str(path.resolve()) for path in files]), "utf-8")

    def run(
        self, workers: Workers, *, ends_s: float | None, progress: Callable[[int], object]
    ) -> list[Measured]:
        worker = workers.start(self._job())
        while (end := worker.ended()) is None:
            progress(self._count())
            if ends_s is not None and time.monotonic() > ends_s:
                raise MeasureError(self._facts.name, "it took longer than was allowed")
            time.sleep(LOOK_S)
        found = self._read()
        if end.ended is Ended.DONE and len(found) == len(self._files):
            return found
        self._check(end, len(found))
        # The input that ran has no line.
        return [*found, Measured(path=self._files[len(found)], features=None)]

    def _check(self, end: WorkerEnd, count: int) -> None:
        """See to it that an input was the reason."""
        if not end.began:
            raise BrokenTargetError(self._facts.name, end.words or end.ended.value)
        if count >= len(self._files) or not (end.flight.running or end.ended is Ended.MEMORY):
            raise MeasureError(self._facts.name, f"{end.ended.value}: {end.words}")

    def _count(self) -> int:
        try:
            return self._lines.read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def _read(self) -> list[Measured]:
        if not self._lines.exists():
            return []
        whole = self._lines.read_text("utf-8").split("\n")[:-1]  # the last may be cut short
        return [
            Measured(path=path, features=None if told is None else frozenset(told))
            for path, told in zip(self._files, map(json.loads, whole), strict=False)
        ]

    def _job(self) -> WorkerJob:
        return WorkerJob(
            facts=self._facts,
            engine=ENGINE,
            number=0,
            seed=0,
            corpus=self._folder,
            journal=self._folder / "journal",
            box=self._folder / "box",
            memory_bytes=MEMORY_BYTES,
        )
