"""The engine in pure Python: guided by the code that is reached and by what the target tells.

It runs wherever Python does, at the cost of some eight microseconds for each input. Where the
target runs under the scheduler, an input takes twenty times that, and what counts is how few inputs
are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.engines.edges import CodeMap
from fuzz.engines.edges_compares import CompareLog
from fuzz.engines.edges_imports import CoveredImports
from fuzz.engines.greybox_loop import Fuzzing
from fuzz.engines.mutation import Mutator
from fuzz.workers.black_box import BlackBox

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fuzz.campaign.corpus import InputFolder
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.executor import Executor
    from fuzz.workers.worker_job import WorkerJob


class Greybox:
    """One process's engine; see `fuzz.engines.engine.Engine`."""

    name = "greybox"
    what = "guided by code coverage, comparisons and what the target tells; pure Python"

    def __init__(self) -> None:
        self._map = CodeMap()
        self._log = CompareLog()
        self._imports: CoveredImports | None = None

    def why_not(self) -> str:
        """Return "": it runs everywhere."""
        return ""

    def watching(self, facts: TargetFacts) -> AbstractContextManager[object]:
        """Return the setting in which the target is imported.

        Enter it after the harness's own hook: the one entered last is asked first, and rewrites
        what the other made.
        """
        self._map.install()
        self._imports = CoveredImports(facts.instrument, self._map, compares=facts.compares)
        return self._imports

    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        """Run inputs until `executor.done`."""
        harvested = () if self._imports is None else tuple(self._imports.words)
        facts = job.facts
        mutator = Mutator(
            job.seed, max_bytes=facts.max_bytes, words=(*facts.dictionary, *harvested)
        )
        with BlackBox(job.box) as box:
            Fuzzing(
                executor, corpus, mutator, code=self._map, log=self._log, facts=facts, box=box
            ).run()
