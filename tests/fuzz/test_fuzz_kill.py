"""`kill -9` at random moments: nothing that was found is lost, nothing is counted twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from fuzz.campaign.corpus import content_name

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "tests.fuzz.tallied_targets:TALLIED"
FOLDER = "tests.fuzz.tallied_targets_TALLIED"
PROGRAM = "from fuzz.commands import fuzz_command; fuzz_command()"
KILLS = 25  # for each of two seeds
LIMIT_S = 60.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX"),
]


class Killed:
    """One campaign and whoever kills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / "fuzz" / FOLDER
        self.tally = folder / "tally"
        self.parent: subprocess.Popen[bytes] | None = None
        self.parents = 0

    def start(self) -> None:
        words = ["resume", TARGET]
        if not self.has_campaign():
            words = [
                "run",
                TARGET,
                "--time",
                "30m",
                "--engine",
                "greybox",
                "-j",
                "2",
                "--seed",
                "1",
            ]
        with (self.folder / "words").open("ab") as out:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *words, "--folder", str(self.folder / "fuzz")],
                stdout=out, stderr=out,
                env={**os.environ, "HOLDFAST_TEST_TALLY": str(self.tally)},
                start_new_session=True,
            )  # fmt: skip
        self.parents += 1

    def words(self) -> str:
        return (self.folder / "words").read_text("utf-8", errors="replace")[-3_000:]

    def query(self, statement: str) -> Any:
        with contextlib.closing(
            sqlite3.connect(self.place / "campaigns.sqlite3", timeout=10)
        ) as db:
            return db.execute(statement).fetchall()

    def has_campaign(self) -> bool:
        if not (self.place / "campaigns.sqlite3").exists():
            return False
        try:
            return bool(self.query("SELECT count(*) FROM campaigns")[0][0])
        except sqlite3.OperationalError as error:
            assert "no such table" in str(error)  # killed before its first transaction  # noqa: PT017
            return False

    def counted(self) -> int:
        """Executions in the database."""
        if not self.has_campaign():
            return 0
        return int(self.query("SELECT total(executions) FROM workers")[0][0])

    def really(self) -> int:
        """Executions as the target counted them."""
        file = self.folder / "tally.runs"
        return file.stat().st_size if file.exists() else 0

    def inputs(self) -> set[str]:
        return {path.name for path in (self.place / "corpus").glob("*") if len(path.name) == 40}

    def crashes(self) -> set[str]:
        return {path.stem for path in (self.place / "crashes").glob("*.json")}

    def workers(self) -> list[psutil.Process]:
        """Processes that run inputs: the children of the templates."""
        with contextlib.suppress(psutil.Error):
            assert self.parent is not None
            templates = psutil.Process(self.parent.pid).children()
            return [worker for template in templates for worker in template.children()]
        return []

    def kill(self, whom: str, chance: random.Random) -> None:
        assert self.parent is not None
        assert self.parent.poll() is None, f"it ended by itself: {self.words()}"
        if whom == "one worker":
            workers = self.workers()
            if workers:
                kill(chance.choice(workers))
            return
        everybody = psutil.Process(self.parent.pid).children(recursive=True)
        if whom == "everybody":
            for process in everybody:
                kill(process)
        kill(psutil.Process(self.parent.pid))
        self.parent.wait()
        # What a parent leaves dies with it, or is ended by whoever resumes; the figures below are
        # looked at when nobody runs any more.
        psutil.wait_procs(everybody, timeout=LIMIT_S)
        self.parent = None


def kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.send_signal(signal.SIGKILL)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [5, 6])
def test_kills_at_random_moments_lose_nothing_and_count_nothing_twice(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    killed = Killed(tmp_path)
    inputs: set[str] = set()
    deaths = 0
    try:
        for _ in range(KILLS):
            if killed.parent is None:
                killed.start()
            whom = chance.choice(["parent", "everybody", "one worker"])
            # From the first import to the middle of the work.
            wait_s = chance.uniform(0.05, 3.0)
            time.sleep(max(wait_s - 1.0, 0.0))
            a_second_before = killed.really()
            time.sleep(min(wait_s, 1.0))
            inputs |= killed.inputs()
            killed.kill(whom, chance)
            deaths += 2
            if killed.parent is None and wait_s > 1.0:
                assert killed.counted() >= a_second_before, "more than a second was lost"
        finish(killed)
    finally:
        if killed.parent is not None:
            killed.kill("everybody", chance)
    there = killed.inputs()
    gone = dict(killed.query("SELECT name, gone FROM inputs WHERE gone IS NOT NULL"))
    assert inputs - there <= {name for name, why in gone.items() if why == "it fails"}
    assert there <= {name for (name,) in killed.query("SELECT name FROM inputs WHERE gone IS NULL")}
    for name in there:
        assert content_name((killed.place / "corpus" / name).read_bytes()) == name
    # A worker that dies between the box's count and the target's own has counted one more.
    assert killed.really() <= killed.counted() <= killed.really() + deaths
    kinds = {
        json.loads(path.read_text("utf-8"))["message"].split(":")[0]
        for path in (killed.place / "crashes").glob("*.json")
    }
    assert kinds == {"ValueError", "LookupError", "RuntimeError"}, killed.words()
    assert killed.query("SELECT count(*) FROM campaigns")[0][0] == 1
    assert killed.query("SELECT count(*) FROM findings")[0][0] == 3
    assert not list((killed.place / "workers").glob("*.journal"))
    assert not list((killed.place / "suspects").glob("*"))


def finish(killed: Killed) -> None:
    """Go on for a moment, and end with Ctrl-C."""
    if killed.parent is None:
        killed.start()
    assert killed.parent is not None
    before = killed.really()
    until_s = time.monotonic() + LIMIT_S
    while killed.really() < before + 2_000 or list((killed.place / "suspects").glob("*")):
        assert killed.parent.poll() is None, killed.words()
        assert time.monotonic() < until_s, killed.words()
        time.sleep(0.05)
    killed.parent.send_signal(signal.SIGINT)
    assert killed.parent.wait(LIMIT_S) == 130, killed.words()
    killed.parent = None
