"""One fuzzing search of a program of the bug suite: executions until its bug shows.

The engine is the real one, behind its Protocol, in this process; only the campaign around it is
left out. Counted as the suite counts: every execution, the first quiet one included, and a failure
only if it is of the kind that the program's entry expects.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tests.suite.programs
from fuzz import ScheduleFailure, UndecidedError
from fuzz.campaign.corpus import InputFolder
from fuzz.engines.engine import engine
from fuzz.schedules.schedule_rules import MOST_BYTES
from fuzz.schedules.under_engine import Body, UnderEngine
from fuzz.target_facts import TargetFacts
from fuzz.workers.black_box import BlackBox
from fuzz.workers.executor import Executor
from fuzz.workers.worker_job import WorkerJob
from harness import instrument_imports
from tests.suite.catalogue import PACKAGE
from tests.suite.searches import NS_PER_S, Search, SearchEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fuzz.engines.engine import Engine
    from tests.suite.catalogue import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much is searched: `executions` and CPU seconds of one search, and how many of these."""

    seeds: int
    executions: int
    limit_s: float


BLIND: Final = "-blind"  # the same engine and bytes, and nothing is told of what they did


INPUTS: Final = 20  # for each execution: those that mean what another meant are not run


class _Program(Body):
    """A program of the suite as a body."""

    def __init__(self, body: Callable[[], None]) -> None:
        super().__init__()
        self._body = body
        self.meaning = "the program"

    def __call__(self) -> None:
        self._body()


class _Counted:
    """The `run` of a search: ends it at the bug. It tells no story, which would be executions."""

    def __init__(self, entry: Entry, *, limit_s: float, blind: bool) -> None:
        body = _Program(entry.body())
        self._run = UnderEngine(
            lambda data: (body, data), early_timeouts=True, max_steps=entry.max_steps
        )
        self._kinds = {kind.name for kind in entry.kinds}
        self._blind = blind
        self._limit_ns = int(limit_s * NS_PER_S)
        self._began_ns = time.process_time_ns()
        self.executor: Executor | None = None
        self.overruns = 0
        self.budget = 0
        self.cpu_s = 0.0
        self.end = SearchEnd.BUDGET
        self.kind = ""
        self.ended: Callable[[], object] = _Unheard
        self.leaves = False  # the process, once it has told: nothing else ends libFuzzer

    def __call__(self, data: bytes) -> Collection[int] | None:
        """Run one input, and end the search when it is over."""
        if self.cpu_s:
            return None  # an engine may run some inputs more before it looks
        told: Collection[int] | None = None
        try:
            told = self._run(data)
        except UndecidedError:
            self.overruns += 1
        except ScheduleFailure as failure:
            self.kind = failure.finding
            self.stop(SearchEnd.FOUND if failure.finding in self._kinds else SearchEnd.OTHER)
        if self.executions >= self.budget:
            self.stop(SearchEnd.BUDGET)
        elif time.process_time_ns() - self._began_ns > self._limit_ns:
            self.stop(SearchEnd.TIME)
        return None if self._blind else told

    @property
    def executions(self) -> int:
        """How many were run; inputs that mean the same are one."""
        return self._run.executions

    def stop(self, end: SearchEnd) -> None:
        """End the search, unless it has ended: stop the clock, tell, leave the setting."""
        if not self.cpu_s:
            self.end = end
            self.cpu_s = (time.process_time_ns() - self._began_ns) / NS_PER_S
            self._run.close()
            self.ended()
            if self.leaves:
                os._exit(0)
        if self.executor is not None:
            self.executor.done = True


class _Unheard:
    """Where an executor tells its findings: nobody listens."""

    def send(self, kind: str, **fields: Any) -> None:  # noqa: ANN401  # plain values
        """Forget it."""


class FuzzSearcher:
    """Runs searches with one engine. One per process: an engine watches the code it imports.

    Args:
        name: An engine's name, with `-blind` behind it or not.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._engine: Engine = engine(name.removesuffix(BLIND))
        self._stack = ExitStack()

    def __enter__(self) -> FuzzSearcher:  # noqa: PYI034  # final in effect
        self._stack.enter_context(instrument_imports(include=[PACKAGE], reload=True))
        self._stack.enter_context(self._engine.watching(_facts()))
        for module in pkgutil.iter_modules(tests.suite.programs.__path__):
            importlib.import_module(f"{PACKAGE}.{module.name}")
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.__exit__(*exc)  # type: ignore[arg-type]  # what a context manager is given

    def search(
        self, entry: Entry, seed: int, budget: Budget, *, ended: Callable[[Search], object]
    ) -> None:
        """Search once; see `tests.suite.searches`.

        Args:
            ended: Is told what it came to: under Atheris in a copy of this process, since libFuzzer
                ends the process that it runs in.
        """
        name = self._name.removesuffix(BLIND)
        if name != "atheris":
            self._search(name, entry, seed, budget, ended=ended)
            return
        child = os.fork()
        if child == 0:
            try:
                self._search(name, entry, seed, budget, ended=ended)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    def _search(
        self,
        name: str,
        entry: Entry,
        seed: int,
        budget: Budget,
        *,
        ended: Callable[[Search], object],
    ) -> None:
        run = _Counted(entry, limit_s=budget.limit_s, blind=self._name.endswith(BLIND))
        run.ended = lambda: ended(
            result_of(run, entry, self._name, seed=seed, budget=budget.executions)
        )
        with tempfile.TemporaryDirectory() as folder:
            job = _job(Path(folder), name, seed=seed, runs=INPUTS * budget.executions)
            run.budget = budget.executions
            run.leaves = name == "atheris"
            with BlackBox(job.box, create=True) as box:
                executor = run.executor = Executor(run, box, _Unheard(), runs=job.runs)
                self._engine.fuzz(executor, InputFolder(job.corpus), job)
        run.stop(SearchEnd.BUDGET)


def result_of(run: _Counted, entry: Entry, name: str, *, seed: int, budget: int) -> Search:
    """Return what a search came to."""
    return Search(
        program=entry.name,
        strategy=f"fuzz:{name}",
        seed=seed,
        budget=budget,
        end=run.end,
        executions=run.executions,
        cpu_s=run.cpu_s,
        overruns=run.overruns,
        kind=run.kind,
        python=platform.python_version(),
    )


def _facts() -> TargetFacts:
    return TargetFacts(
        name="suite",
        place=f"{__name__}:suite",
        what="a program of the bug suite under a schedule",
        instrument=(PACKAGE,),
        controlled=True,
        compares=False,
        seeds=(),
        dictionary=(),
        max_bytes=MOST_BYTES,
        hang_s=60.0,
    )


def _job(folder: Path, name: str, *, seed: int, runs: int) -> WorkerJob:
    (folder / "corpus").mkdir()
    return WorkerJob(
        facts=_facts(),
        engine=name,
        number=0,
        seed=seed,
        corpus=folder / "corpus",
        journal=folder / "journal",
        box=folder / "box",
        runs=runs,
        memory_bytes=1 << 32,
    )
