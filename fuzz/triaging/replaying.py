"""Runs one input again, in a worker of its own, beside any campaign."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz.campaign.campaign_run import Budget, CampaignRun, Ending, Found
from fuzz.campaign.corpus import InputFolder
from fuzz.errors import BrokenTargetError
from fuzz.fuzz_target import MAX_BYTES
from fuzz.target_facts import ask
from fuzz.triaging.crash import crash_from_json
from fuzz.triaging.errors import InputFileError
from fuzz.workers.deaths import crash_of_end, describe_end
from fuzz.workers.worker_job import Ended, WorkerJob
from fuzz.workers.workers import Workers

if TYPE_CHECKING:
    from fuzz.target_facts import TargetFacts
    from fuzz.triaging.crash import Crash
    from fuzz.workers.workers import Worker

ENGINE: Final = "greybox"  # runs everywhere; a replay makes no inputs
LOOK_S: Final = 0.02


def replay_input(name: str, path: Path, *, budget: Budget | None = None) -> CampaignRun:
    """Run the input in a file and return what it did.

    Args:
        budget: Its `memory_bytes` count; None: as of a campaign.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        InputFileError: The file is missing or too long.
    """
    data = _read(path)
    limits = budget or Budget()
    facts = ask(name)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-replay-") as temporary:
        crash, worker = _run(facts, data, limits, folder=Path(temporary))
        flight = worker.look()
    found = () if crash is None else (Found(target=name, crash=crash, path=path, known=True),)
    return CampaignRun(
        target=name,
        engines=(ENGINE,),
        seed=0,
        budget=limits,
        ending=Ending.BUDGET,
        executions=flight.executions,
        failures=int(crash is not None),
        undecided=flight.undecided,
        found=found,
        replayed=1,
        fixed=int(crash is None),
        features=flight.features,
        elapsed_s=time.monotonic() - began_s,
        fuzzing_s=time.monotonic() - began_s,
    )


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputFileError(path, f"it has {size} bytes, an input at most {MAX_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise InputFileError(path, error.strerror or str(error)) from error


def _run(
    facts: TargetFacts, data: bytes, limits: Budget, *, folder: Path
) -> tuple[Crash | None, Worker]:
    job = WorkerJob(
        facts=facts,
        engine=ENGINE,
        number=0,
        seed=0,
        corpus=folder / "corpus",
        journal=folder / "journal",
        box=folder / "box",
        replay=(InputFolder(folder / "inputs").add(data),),
        runs=0,
        memory_bytes=limits.memory_bytes,
    )
    with Workers(facts, ENGINE, folder=folder) as workers:
        worker = workers.start(job)
        while (end := worker.ended()) is None:
            time.sleep(LOOK_S)
        for report in worker.reports():
            if report["report"] == "replayed" and report["crash"] is not None:
                return crash_from_json(report["crash"], data), worker
    if end.ended is Ended.DONE:
        return None, worker
    if not end.began or end.ended is Ended.SILENT:
        raise BrokenTargetError(
            facts.name, end.words or describe_end(end, hang_s=facts.hang_s, memory_bytes=0)
        )
    crash = crash_of_end(end, hang_s=facts.hang_s, memory_bytes=limits.memory_bytes)
    return crash, worker
