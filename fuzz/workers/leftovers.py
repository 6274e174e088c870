"""Takes in what a killed campaign left: journals, black boxes, the inputs that ran at the time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from fuzz.campaign.campaign_database import KILLED, WorkerCounts
from fuzz.campaign.campaign_run import Ending
from fuzz.campaign.corpus import InputFolder
from fuzz.campaign.findings import Findings, crash_in
from fuzz.workers.black_box import BlackBox, Flight
from fuzz.workers.journal import JournalReader
from fuzz.workers.worker_files import WorkerFiles

if TYPE_CHECKING:
    from fuzz.campaign.campaign_database import CampaignDatabase, LeftBehind
    from fuzz.campaign.campaign_folder import CampaignFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What there was.

    Attributes:
        workers: Worker processes that nobody saw end.
        crashes: Findings that stood in their journals alone.
        suspects: Inputs that ran when their process was killed.
    """

    workers: int = 0
    crashes: int = 0
    suspects: int = 0

    def __str__(self) -> str:
        return (
            f"an earlier campaign was killed; of its {self.workers} last workers came "
            f"{self.crashes} findings that were not counted yet and {self.suspects} inputs that "
            "ran at the time, which run again first"
        )


def box_file(folder: CampaignFolder, worker: int) -> Path:
    """Return the black box of a worker by its number in the database."""
    return folder.workers / f"{worker}.box"


def journal_file(folder: CampaignFolder, worker: int) -> Path:
    """Return the journal of a worker by its number in the database."""
    return folder.workers / f"{worker}.journal"


def remove_files(folder: CampaignFolder, worker: int) -> None:
    """Remove a worker's files, once the database holds what was in them."""
    box = box_file(folder, worker)
    WorkerFiles(box).remove()
    box.unlink(missing_ok=True)
    journal_file(folder, worker).unlink(missing_ok=True)


def take_in(
    database: CampaignDatabase, folder: CampaignFolder, target: str, *, going_on: int | None
) -> TakenIn:
    """Take in what workers left that nobody saw end. For whoever holds the folder's lock.

    Args:
        going_on: A campaign that is about to go on; others that were killed count as interrupted.
    """
    left = database.left_behind()
    if left:
        _end_users_of(folder.workers)
    crashes = suspects = 0
    for one in left:
        findings = Findings(folder.crashes, target, database=database, campaign=one.campaign)
        found, suspect = _take_in_one(one, database, folder, findings)
        crashes += found
        suspects += suspect
    last = database.last_campaign()
    if last is not None and last["ending"] is None and last["id"] != going_on:
        with database.transaction():
            database.end(last["id"], Ending.INTERRUPTED)
    return TakenIn(workers=len(left), crashes=crashes, suspects=suspects)


def _take_in_one(
    left: LeftBehind, database: CampaignDatabase, folder: CampaignFolder, findings: Findings
) -> tuple[int, int]:
    """Return how many findings and suspects were new."""
    journal = JournalReader(journal_file(folder, left.worker), offset=left.read_to)
    flight = _last_flight(box_file(folder, left.worker))
    crashes, replayed = 0, left.replayed
    with database.transaction():
        for report in journal.rest():
            replayed += report["report"] == "replayed"
            if report["report"] == "crash":
                crash = crash_in(report)
                crashes += findings.take(crash, at_s=left.at_s, executions=flight.executions)
        if flight.running:
            database.suspect(InputFolder(folder.suspects).add(flight.data).name)
        database.worker(
            left.worker,
            counts_of(flight, replayed=replayed),
            read_to=journal.offset,
            ending=KILLED,
        )
    remove_files(folder, left.worker)
    return crashes, int(flight.running)


def counts_of(flight: Flight, *, replayed: int) -> WorkerCounts:
    """Return what a black box says as the columns of the database."""
    return WorkerCounts(
        executions=flight.executions,
        failures=flight.failures,
        undecided=flight.undecided,
        features=flight.features,
        coverage=flight.edges or None,
        replayed=replayed,
    )


def _last_flight(path: Path) -> Flight:
    if not path.exists():
        return Flight()  # killed between the row and the start
    with BlackBox(path) as box:
        return box.read()


def _end_users_of(folder: Path) -> None:
    """End processes that still have a black box of this folder mapped: workers without parent.

    They end by themselves within moments; what they do until then would be in no figure. Asked of
    the system, not of process numbers in the database, which may long be somebody else's.
    """
    where = f"{folder.resolve()}/"
    ours = []
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            if where in maps.read_text("utf-8", errors="replace"):
                ours.append(int(maps.parent.name))
    processes = []
    for pid in ours:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            process.kill()
            processes.append(process)
    psutil.wait_procs(processes, timeout=5)
