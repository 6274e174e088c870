"""The smallest engine: random bytes. For tests of workers, which are alike for any engine."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.campaign.corpus import InputFolder
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.executor import Executor
    from fuzz.workers.worker_job import WorkerJob


class Small:
    name = "small"
    what = "random bytes"

    def why_not(self) -> str:
        return ""

    @contextlib.contextmanager
    def watching(self, facts: TargetFacts) -> Iterator[None]:  # as an engine must
        yield

    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        rng = random.Random(job.seed)
        run = executor.runner()
        while not executor.done:
            data = rng.randbytes(rng.randrange(9))
            if run(data):
                corpus.add(data)


class Breaks(Small):
    def fuzz(self, executor: Executor, corpus: InputFolder, job: WorkerJob) -> None:
        raise ZeroDivisionError("an engine of ours")
