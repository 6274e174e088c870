"""The life of one worker, inside its process: forked off the template, or the template itself."""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import os
import sys
import traceback
from typing import IO, TYPE_CHECKING, Final

from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.workers.black_box import READY, BlackBox
from fuzz.workers.errors import JournalError
from fuzz.workers.executor import Executor
from fuzz.workers.journal import Journal
from fuzz.workers.process_limits import adopt_orphans, die_with, limit
from fuzz.workers.torn_entries import mend_torn
from fuzz.workers.worker_files import WorkerFiles
from harness.probes import NotAvailableHereError, arm

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.engines.engine import Engine
    from fuzz.fuzz_target import Target
    from fuzz.workers.worker_job import WorkerJob

TROUBLED: Final = 70  # exit status of a worker that could not work, and said why in its box


def run_worker(job: WorkerJob, engine: Engine, target: Target, *, parent: int) -> None:
    """Do the job; does not return.

    Args:
        parent: Process without which this one shall not live.
    """
    stacks = _settle_in(job, parent)
    box = BlackBox(job.box)
    status = TROUBLED
    try:
        _work(job, engine, target, box)
        status = 0
    except JournalError as error:
        box.trouble = str(error)
    except OSError as error:
        box.trouble = _what_of(error, job)
    except BaseException:  # noqa: BLE001  # an engine that breaks is told like the rest
        box.trouble = f"the engine {job.engine} broke:\n{traceback.format_exc()[-2_000:]}"
    box.end()  # whatever went wrong, it was not the input that ran last
    leave(status, stacks)


def _work(job: WorkerJob, engine: Engine, target: Target, box: BlackBox) -> None:
    _need_room(job.corpus)
    corpus = InputFolder(job.corpus)
    journal = Journal(job.journal)
    journal.send("ready", pid=os.getpid(), number=job.number)
    executor = Executor(target.run, box, journal, runs=job.runs, seconds=job.seconds)
    executor.heed_signal()
    box.state = READY
    Unkept(executor, corpus)
    mend_torn(corpus)
    for path in job.replay:
        executor.replay(path.read_bytes(), str(path))
    if not executor.done:
        for seed in job.facts.seeds:  # none where the campaign has put them there before
            corpus.add(seed)
        engine.fuzz(executor, corpus, job)
    executor.finish()


def leave(status: int, *files: IO[bytes] | IO[str]) -> None:
    """End this process without waiting for threads that a run has left stuck."""
    for file in (*files, sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the target may have closed or replaced them
            file.flush()
    os._exit(status)


class Unkept:
    """Sees to it that an input that fails is not kept in the corpus: crashes have a place.

    libFuzzer takes a failure that was caught for a good input, and writes it once the run is over;
    so its file goes after the input that follows.
    """

    def __init__(self, executor: Executor, corpus: InputFolder) -> None:
        self._executor = executor
        self._corpus = corpus
        self._failed: list[bytes] = []
        self._written: list[bytes] = []
        executor.lookers.append(self._remove)
        executor.failure_takers.append(self._note)

    def _note(self, data: bytes) -> None:
        """Remember an input that failed."""
        self._failed.append(data)
        self._executor.look_soon()  # this run's own look, at which it is not yet written

    def _remove(self) -> None:
        for data in self._written:
            self._corpus.remove(data)
        self._written, self._failed = self._failed, []
        if self._written:
            self._executor.look_soon()


def _settle_in(job: WorkerJob, parent: int) -> IO[bytes]:
    """Make this process one of its own; return the file to which it writes its stacks."""
    files = WorkerFiles(job.box)
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # leads one already: it is the template itself
            os.setsid()
    die_with(parent)
    adopt_orphans()
    output = os.open(files.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    # On a descriptor of its own: a target that closes 2 shall not silence what it died of.
    stacks = files.output.open("ab", buffering=0)
    faulthandler.enable(stacks)
    with contextlib.suppress(NotAvailableHereError):
        arm(stacks)
    limit(job.memory_bytes)
    return stacks


def _need_room(corpus: Path) -> None:
    """Write and remove a file beside the inputs.

    Raises:
        OSError: That cannot be done: the folder is not writable, or its disk full.
    """
    corpus.mkdir(parents=True, exist_ok=True)
    probe = corpus / f".probe.{os.getpid()}"
    try:
        probe.write_bytes(content_name(b"").encode())
    finally:
        probe.unlink(missing_ok=True)


def _what_of(error: OSError, job: WorkerJob) -> str:
    place = error.filename or job.corpus
    why = error.strerror or str(error)
    advice = {
        errno.ENOSPC: "Make room on that disk, and resume.",
        errno.EDQUOT: "Make room in that quota, and resume.",
        errno.EACCES: "Make the folder writable, and resume.",
        errno.EROFS: "Choose a folder that can be written.",
    }.get(error.errno or 0, "Nothing that was found before is lost.")
    return f"a worker cannot keep its inputs at {place}: {why}. {advice}"
