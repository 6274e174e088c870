"""The parent of a target's workers: starts any number, watches them all from one loop.

`start`, `look`, `reports`, `ended` and `stop` return at once; the loop calls them some twenty times
a second. Figures come from the black boxes, findings from the journals, ends from the template
that forked the workers.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Final, Self

import psutil

from fuzz.engines.engine import engine_names
from fuzz.workers.black_box import DONE, READY, BlackBox, Flight
from fuzz.workers.bounded_output import BoundedOutput
from fuzz.workers.executor import LOOK_UP
from fuzz.workers.journal import JournalReader
from fuzz.workers.killing import end_group, kill_group
from fuzz.workers.template_process import (
    STACKS_S,
    TemplateProcess,
    ask_for_stacks,
    describe_code,
    remove_leftovers,
    resident_bytes,
)
from fuzz.workers.worker_files import WorkerFiles
from fuzz.workers.worker_job import Ended, WorkerEnd

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.engines.engine import Engine
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.journal import Report
    from fuzz.workers.worker_job import WorkerJob

START_S: Final = 60.0  # for an import under instrumentation; 18 s were seen for a whole library
END_S: Final = 10.0  # from the end of the budget to the end of the process
STOP_S: Final = 2.0  # from `stop` to the end of the process; the present input may be lost then
SILENCE_S: Final = 120.0  # without an execution, although none runs: a story may take a while
MOST_LOST: Final = 10  # templates that end of themselves before no more are started


class Worker:
    """One process at work. Made by `Workers.start`; used by the thread that made it.

    Attributes:
        job: What it was told.
        pid: Its process; None until there is one.
    """

    def __init__(self, job: WorkerJob, number: int, workers: Workers, *, offset: int) -> None:
        self.job = job
        self.pid: int | None = None
        self.template: TemplateProcess | None = None
        self.number = number
        self._workers = workers
        self._files = WorkerFiles(job.box)
        self._files.remove()
        self._box = BlackBox(job.box, create=True)
        self._journal = JournalReader(job.journal, offset=offset)
        self._output = BoundedOutput(self._files.output)
        written = {"job": job.to_json(), "path": sys.path}
        self._files.job.write_text(json.dumps(written), "utf-8")
        self._seen: psutil.Process | None = None
        self._ready_s = 0.0
        self._stop_s = 0.0
        self._over: Ended | None = None  # why we end it
        self._asked_s = 0.0  # when it was asked for its stacks
        self._asked_at = 0
        self._words = ""
        self._flight = Flight()
        self._end: WorkerEnd | None = None

    def __repr__(self) -> str:
        return f"<Worker {self.number} of {self.job.facts.name}, pid {self.pid}>"

    @property
    def began(self) -> bool:
        """Whether it runs, or ran, its target."""
        return self._end.began if self._end else self._box.state >= READY

    @property
    def job_file(self) -> Path:
        """Where its job is written."""
        return self._files.job

    @property
    def journal_offset(self) -> int:
        """Bytes of its journal that were read; a later reader may go on from there."""
        return self._journal.offset

    def look(self) -> Flight:
        """Return what it does now, or did last. Only `ended` gets a worker started."""
        if self._end is None:
            self._flight = self._box.read()
        return self._flight

    def reports(self) -> list[Report]:
        """Return what it reported since the last time. Ask once more after it has ended."""
        return self._journal.read() if self._end is None else self._journal.rest()

    def stop(self) -> None:
        """Ask it to end after the present input; `ended` kills it if it does not."""
        if self._end is None and not self._stop_s:
            self._stop_s = time.monotonic()
            self._ask_to_stop()
            if self.pid is None:
                self._workers.forget(self)
                self._tell(Ended.STOPPED, None, "")

    def ended(self) -> WorkerEnd | None:
        """Return what became of it; None while it lives. Ends it if it is over a limit."""
        if self._end is None:
            self._workers.look()
        if self._end is None and self.pid is not None:
            self._output.bound()
            self._watch(self.look())
        return self._end

    def has_started(self, pid: int) -> None:
        """Note that there is a process."""
        self.pid = pid
        with contextlib.suppress(psutil.Error):
            self._seen = psutil.Process(pid)

    def has_ended(self, code: int | None, words: str = "") -> None:
        """Note that its process is gone."""
        flight = self.look()
        if self._over is not None:
            self._tell(self._over, None, self._words or self._output.tail())
        elif self._box.state == DONE and code == 0:
            self._tell(Ended.STOPPED if self._stop_s else Ended.DONE, code, "")
        else:
            self._tell(Ended.DIED, code, words or self._last_words(flight))

    def kill(self) -> None:
        """End its process at once."""
        if self.pid is not None and self._end is None:
            kill_group(self.pid, self._seen)

    def close(self) -> None:
        """Let its files go. The box stays where it is, and the journal."""
        if self._end is None:
            self._over = Ended.STOPPED
            self.has_ended(None)

    def _watch(self, flight: Flight) -> None:
        """Judge it by its limits, and end it if it is over one."""
        now_s = time.monotonic()
        if self._asked_s:
            if now_s > self._asked_s + STACKS_S:
                self._words = self._words or self._output.since(self._asked_at)
                self.kill()
            elif self.pid is not None:
                ask_for_stacks(self.pid)  # again: what stays of the stack is where it hangs
        elif self._over is not None:
            self.kill()
        else:
            self._over = self._limit_passed(flight, now_s)
            if self._over in {Ended.HUNG, Ended.SILENT} and self.pid is not None:
                self._asked_s, self._asked_at = now_s, self._output.size
                ask_for_stacks(self.pid)
            elif self._over is not None:
                self._words = self._output.tail()
                self.kill()

    def _limit_passed(self, flight: Flight, now_s: float) -> Ended | None:
        if resident_bytes(self._seen) > self.job.memory_bytes:
            return Ended.MEMORY
        if flight.busy_s > self.job.facts.hang_s:
            return Ended.HUNG
        if self._stop_s:
            self._ask_to_stop()  # again: it may not have been ready to hear
            return Ended.STOPPED if now_s > self._stop_s + STOP_S else None
        if flight.running:
            return self._time_is_up(now_s, flight)
        if self._box.still_s > SILENCE_S:
            return Ended.SILENT
        return self._time_is_up(now_s, flight)

    def _time_is_up(self, now_s: float, flight: Flight) -> Ended | None:
        """Remind it of its budget; it knows it, too, but may be slow to look."""
        if not self._ready_s:
            self._ready_s = now_s if self._box.state >= READY else 0.0
        seconds = self.job.seconds
        if seconds is None or not self._ready_s or now_s < self._ready_s + seconds:
            return None
        self._ask_to_stop()
        late = now_s > self._ready_s + seconds + END_S
        return Ended.SILENT if late and not flight.running else None

    def _ask_to_stop(self) -> None:
        """Tell it to end after the present input, and to look up at once if it is under way."""
        self._box.ask_to_stop()
        if LOOK_UP is not None and self.pid is not None and self._box.state == READY:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, LOOK_UP)

    def _last_words(self, flight: Flight) -> str:
        if self._box.trouble:
            return self._box.trouble
        said = [self._output.tail()]
        if not flight.running:  # not the target's doing, so the engine may have said something
            said.append(BoundedOutput(self._files.engine).tail())
        return "\n".join(words for words in said if words)

    def _tell(self, ended: Ended, code: int | None, words: str) -> None:
        flight, began = self.look(), self._box.state >= READY
        self._end = WorkerEnd(ended=ended, code=code, words=words, flight=flight, began=began)
        self._box.close()
        self._files.remove()


class Workers:
    """All workers of one target. A context manager; used by one thread.

    Args:
        engine: Name of an engine, `module:NAME` of one, or an engine.
        folder: Where templates keep their few files.
        start_s: Seconds that the target's import may take.
    """

    def __init__(
        self, facts: TargetFacts, engine: Engine | str, *, folder: Path, start_s: float = START_S
    ) -> None:
        self._facts = facts
        self._engine = engine if isinstance(engine, str) else _place_of(engine)
        self._folder = folder
        self._start_s = start_s
        self._templates: list[TemplateProcess] = []
        self._waiting: list[Worker] = []
        self._live: dict[int, Worker] = {}
        self._started = 0
        self._spawned = 0
        self._lost = 0
        self._alone = False
        self._why_lost = ""
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def start(self, job: WorkerJob, *, journal_offset: int | None = None) -> Worker:
        """Start a worker. Its black box is made anew, its journal goes on.

        Args:
            journal_offset: From where on its reports are read; None: what is there is not read
                again.
        """
        if journal_offset is None:
            journal_offset = job.journal.stat().st_size if job.journal.exists() else 0
        worker = Worker(job, self._started, self, offset=journal_offset)
        self._started += 1
        self._waiting.append(worker)
        self.look()
        return worker

    def forget(self, worker: Worker) -> None:
        """Do not start a worker that waits."""
        if worker in self._waiting:
            self._waiting.remove(worker)

    def look(self) -> None:
        """Hear the templates, and give them what waits."""
        for template in list(self._templates):
            self._hear(template)
        self._give_orders()

    def close(self) -> None:
        """End every worker and template, and whatever targets have left."""
        for worker in self._live.values():
            worker.kill()
        for template in self._templates:
            template.close()
        left = [*self._live.values(), *self._waiting]
        # First: a look, which closing takes, would hear the templates that have just ended.
        self._templates.clear()
        self._live.clear()
        self._waiting.clear()
        for worker in left:
            worker.close()

    def _hear(self, template: TemplateProcess) -> None:
        code = template.code  # before the events: all that a dead one told is in them then
        for event in template.events():
            if event["report"] == "started" and event["order"] in self._live:
                self._live[event["order"]].has_started(event["pid"])
            elif event["report"] == "ended" and event["order"] in self._live:
                self._live.pop(event["order"]).has_ended(event["code"])
        if code is not None:
            self._part_with(template, code)
        elif self._waiting:
            template.watch_import(self._start_s, self._waiting[0].job.memory_bytes)

    def _part_with(self, template: TemplateProcess, code: int) -> None:
        """Deal with a template that has ended, and the workers that were its own."""
        self._templates.remove(template)
        orphans = [one for one in self._live.values() if one.template is template]
        if template.forks is False:
            words = ""  # it was the worker itself
            end_group(template.process.pid)
        elif template.forks:
            self._lost += 1
            self._why_lost = template.why_ended()
            words = _words_of_lost(template, len(orphans))
        else:
            self._lost += 1
            self._why_lost = words = template.why_ended()
            orphans += self._waiting
            self._waiting = []
        for worker in orphans:
            self._live.pop(worker.number, None)
            worker.kill()
            worker.has_ended(code, words)
        template.close()

    def _give_orders(self) -> None:
        """Hand what waits to templates that can take it; spawn those that are missing."""
        for template in self._templates:
            if template.forks is not None:
                self._alone = not template.forks
                self._give(template)
        if self._lost >= MOST_LOST:
            self._refuse()
            return
        importing = sum(template.forks is None for template in self._templates)
        missing = len(self._waiting) if self._alone else min(len(self._waiting), 1)
        for _ in range(missing - importing):
            self._spawned += 1
            self._templates.append(
                TemplateProcess(
                    self._facts, self._engine, folder=self._folder, serial=self._spawned
                )
            )

    def _give(self, template: TemplateProcess) -> None:
        taken = any(one.template is template for one in self._live.values())
        room = len(self._waiting) if template.forks else int(not taken)
        for worker in self._waiting[:room]:
            self._waiting.remove(worker)
            self._live[worker.number] = worker
            worker.template = template
            template.order(worker.number, worker.job_file)

    def _refuse(self) -> None:
        waiting, self._waiting = self._waiting, []
        for worker in waiting:
            worker.has_ended(
                None,
                f"{self._lost} template processes of {self._facts.name} have ended of themselves, "
                f"so no more are started; the last: {self._why_lost}",
            )


def _words_of_lost(template: TemplateProcess, workers: int) -> str:
    guilty = "this worker" if workers == 1 else f"one of {workers} workers"
    return (
        f"the process from which workers are forked has ended: {describe_code(template.code)}. "
        f"What {guilty} ran has most likely killed its parent; {template.why_ended()}"
    )


def _place_of(engine: Engine) -> str:
    if engine.name in engine_names():
        return engine.name
    kind = type(engine)
    return f"{kind.__module__}:{kind.__qualname__}"
