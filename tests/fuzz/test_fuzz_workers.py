"""Workers in real processes: their ends, their limits, and what they leave behind."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
import pytest

from fuzz.target_facts import TargetFacts, facts_of
from fuzz.workers.black_box import BlackBox
from fuzz.workers.worker_files import WorkerFiles
from fuzz.workers.worker_job import Ended, WorkerEnd, WorkerJob
from fuzz.workers.workers import Worker, Workers
from tests.fuzz import bad_targets, contained_worker_targets

if TYPE_CHECKING:
    from fuzz.fuzz_target import Target

SMALL = "tests.fuzz.small_engine:Small"
MIB = 1024 * 1024
LIMIT_S = 60.0  # for anything here; what takes a second on a quiet machine
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def facts_in(module: Any, name: str) -> TargetFacts:
    target: Target = getattr(module, name)
    return facts_of(target, place=f"{module.__name__}:{name}")


def job_of(facts: TargetFacts, folder: Path, **how: Any) -> WorkerJob:
    number = how.pop("number", 0)
    fields = {
        "engine": SMALL, "seed": 1, "corpus": folder / "corpus", "memory_bytes": 1024 * MIB,
        "journal": folder / f"journal-{number}", "box": folder / f"box-{number}",
        "seconds": 20.0, **how,
    }  # fmt: skip
    return WorkerJob(facts=facts, number=number, **fields)


T = TypeVar("T")


def wait_for(what: Callable[[], T | None]) -> T:
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s:
        found = what()
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come")


def end_of(worker: Worker) -> WorkerEnd:
    return wait_for(worker.ended)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in processes:
        try:
            # Not by number alone: a busy machine gives numbers anew within seconds.
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def wait_until_gone(processes: list[psutil.Process]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while left := alive(processes):
        assert time.monotonic() < until_s, [(one, one.status(), one.ppid()) for one in left]
        time.sleep(0.02)


@pytest.fixture
def nobody_left() -> Iterator[None]:
    """Fail if the test leaves a process, of ours or of a target's."""
    before = set(psutil.Process().children())  # of other tests, such as a warm template
    yield
    mark = "import time; time.sleep(60)"
    wait_for(lambda: None if {*psutil.Process().children()} - before else True)

    def left() -> list[psutil.Process]:
        every = psutil.process_iter(["cmdline"])
        return [one for one in every if mark in (one.info["cmdline"] or [])]

    # Such processes of tests that run beside this one end as well.
    wait_for(lambda: None if left() else True)


pytestmark.append(pytest.mark.usefixtures("nobody_left"))


def run_one(
    folder: Path, name: str, module: Any = contained_worker_targets, **how: Any
) -> tuple[WorkerEnd, list[dict[str, Any]]]:
    facts = facts_in(module, name)
    with Workers(facts, SMALL, folder=folder) as workers:
        worker = workers.start(job_of(facts, folder, **how))
        end = end_of(worker)
        return end, worker.reports()


def crashes(reports: list[dict[str, Any]]) -> list[str]:
    return [one["crash"]["message"] for one in reports if one["report"] == "crash"]


def test_a_worker_does_the_runs_asked_for_and_tells_so(tmp_path: Path) -> None:
    end, reports = run_one(tmp_path, "PASSES", bad_targets, runs=500)
    assert (end.ended, end.code, end.began) == (Ended.DONE, 0, True)
    assert end.flight.executions == 500
    assert [one["report"] for one in reports] == ["ready", "done"]
    with BlackBox(tmp_path / "box-0") as box:
        assert box.read().executions == 500, "the box stays for whoever comes later"


def test_the_time_asked_for_ends_a_target_that_becomes_slow(tmp_path: Path) -> None:
    # It is quick for 20,000 inputs, so that the worker looks up but rarely.
    began_s = time.monotonic()
    end, _ = run_one(tmp_path, "SLOW", seconds=1.0)
    assert end.ended is Ended.DONE
    assert time.monotonic() - began_s < LIMIT_S / 2


def test_ten_workers_come_from_one_import(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "PASSES")
    before = set(psutil.Process().children())
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        team = [workers.start(job_of(facts, tmp_path, number=one, runs=50)) for one in range(10)]
        assert {end_of(worker).ended for worker in team} == {Ended.DONE}
        parents = {psutil.Process().pid}
        assert len({worker.pid for worker in team}) == 10
        assert len({*psutil.Process().children()} - before) == 1, "one template"
        assert parents == {os.getpid()}


@pytest.mark.parametrize(
    ("module", "name", "ended", "code", "says"),
    [
        (bad_targets, "KILLS", Ended.DIED, -signal.SIGSEGV, "in kills"),
        (bad_targets, "EXITS", Ended.DIED, 3, ""),
        (bad_targets, "HANGS", Ended.HUNG, None, "in hangs"),
        (contained_worker_targets, "HOLDS", Ended.HUNG, None, "in holds_the_interpreter"),
        (contained_worker_targets, "KILLS_GROUP", Ended.DIED, -signal.SIGKILL, ""),
        (contained_worker_targets, "PRINTS_WITHOUT_END", Ended.HUNG, None, ""),
        (contained_worker_targets, "LEAVES_CHILD", Ended.DIED, -signal.SIGKILL, ""),
        (contained_worker_targets, "LEAVES_ORPHAN", Ended.HUNG, None, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_the_end_of_a_worker_is_told_exactly_and_its_input_is_known(  # noqa: PLR0913  # a table
    tmp_path: Path, module: Any, name: str, *, ended: Ended, code: int | None, says: str
) -> None:
    end, _ = run_one(tmp_path, name, module)
    assert (end.ended, end.code, end.began) == (ended, code, True)
    assert end.flight.running
    assert end.flight.data
    assert says in end.words


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("INTERRUPTS", "KeyboardInterrupt: by the target itself"),
        ("RECURSES", "RecursionError"),
        ("TERABYTE", "MemoryError"),
        ("FILLS", "OSError: [Errno 27] File too large"),
        ("CLOSES", "LookupError: after all was closed"),
        ("WRECKS", "LookupError: after all was wrecked"),
    ],
)
def test_what_a_target_does_to_its_process_is_a_crash_like_another(
    tmp_path: Path, name: str, says: str
) -> None:
    end, reports = run_one(tmp_path, name, runs=300)
    assert end.ended is Ended.DONE, end
    assert crashes(reports)
    assert all(says in message for message in crashes(reports)), crashes(reports)


def test_memory_is_bounded(tmp_path: Path) -> None:
    end, _ = run_one(tmp_path, "EATS", bad_targets, memory_bytes=400 * MIB)
    assert end.ended is Ended.MEMORY
    assert end.flight.running


def test_what_is_printed_is_bounded_while_it_is_printed(tmp_path: Path) -> None:
    facts = facts_in(contained_worker_targets, "PRINTS_MUCH")
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        worker = workers.start(job_of(facts, tmp_path, runs=3_000))  # 300 MB
        output = WorkerFiles(worker.job.box).output
        largest = 0
        while (end := worker.ended()) is None:
            largest = max(largest, output.stat().st_size if output.exists() else 0)
            time.sleep(0.01)
    assert end.flight.executions >= 3_000
    assert largest < 200 * MIB, "as much as is printed between two looks, not all"


def test_a_forked_copy_neither_fuzzes_nor_reports(tmp_path: Path) -> None:
    end, reports = run_one(tmp_path, "FORKS", runs=50)
    assert end.ended is Ended.DONE
    assert end.flight.executions == 50
    assert end.flight.failures >= 20
    assert len([one for one in reports if one["report"] == "done"]) == 1
    assert {one["pid"] for one in reports if one["report"] == "ready"} == {reports[0]["pid"]}
    end, reports = run_one(tmp_path / "raises", "FORKS_RAISES", runs=50)
    assert (end.ended, end.flight.failures, crashes(reports)) == (Ended.DONE, 0, [])


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise ImportError('on purpose')", "ImportError: on purpose"),
        ("import os; os._exit(5)", "exit code 5"),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import time; time.sleep(60)", "took more than 2 s"),
        ("hoard = [b'x' * 50_000_000 for _ in range(40)]\nimport time; time.sleep(60)", "300 MiB"),
        ("print('some words'); import os; os._exit(6)", "some words"),
    ],
    ids=["raises", "exits", "quits", "interrupts", "signal", "hangs", "eats", "speaks"],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    (tmp_path / "broken_module.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    facts = replace(facts_in(bad_targets, "PASSES"), place="broken_module:TARGET")
    start_s = 2.0 if says == "took more than 2 s" else LIMIT_S
    with Workers(facts, SMALL, folder=tmp_path, start_s=start_s) as workers:
        worker = workers.start(job_of(facts, tmp_path, memory_bytes=300 * MIB))
        end = end_of(worker)
    assert (end.ended, end.began) == (Ended.DIED, False)
    assert says in end.words


GOOD_MODULE = """
import fuzz
{code}
def run(data):
    return [len(data)]
TARGET = fuzz.Target(name="made", run=run, what="made")
"""


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.fork()",
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    ],
    ids=["forks", "starts a thread"],
)
def test_a_module_that_forks_or_starts_threads_is_fuzzed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    (tmp_path / "odd_module.py").write_text(GOOD_MODULE.format(code=code))
    monkeypatch.syspath_prepend(tmp_path)
    facts = replace(facts_in(bad_targets, "PASSES"), place="odd_module:TARGET")
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        team = [workers.start(job_of(facts, tmp_path, number=one, runs=200)) for one in range(3)]
        ends = [end_of(worker) for worker in team]
    assert [(end.ended, end.flight.executions) for end in ends] == [(Ended.DONE, 200)] * 3


def test_a_template_that_dies_is_told_and_another_takes_its_place_so_often(tmp_path: Path) -> None:
    facts = facts_in(contained_worker_targets, "KILLS_PARENT")
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        end = end_of(workers.start(job_of(facts, tmp_path)))
        assert end.ended is Ended.DIED
        assert "SIGKILL ended it" in end.words
        assert "has most likely killed its parent" in end.words
        assert end.flight.data
        for _ in range(20):
            end = end_of(workers.start(job_of(facts, tmp_path)))
            if not end.began:
                break
    assert "no more are started" in end.words


def test_a_worker_told_to_stop_ends_in_good_order(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "PASSES")
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        worker = workers.start(job_of(facts, tmp_path))
        wait_for(lambda: worker.ended() or worker.look().executions or None)
        worker.stop()
        end = end_of(worker)
        assert (end.ended, end.code) == (Ended.STOPPED, 0)
        assert worker.reports()[-1]["report"] == "done"
        waiting = workers.start(job_of(facts, tmp_path, number=1))
        waiting.stop()
        assert end_of(waiting).ended is Ended.STOPPED


def test_a_worker_that_does_not_heed_is_killed(tmp_path: Path) -> None:
    facts = replace(facts_in(bad_targets, "HANGS"), hang_s=50.0)
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        worker = workers.start(job_of(facts, tmp_path))
        wait_for(lambda: worker.ended() or worker.look().running or None)
        worker.stop()
        assert end_of(worker).ended is Ended.STOPPED


def test_no_call_of_the_loop_waits(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "HANGS")
    longest_s = 0.0
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        worker = workers.start(job_of(facts, tmp_path))
        while True:
            began_s = time.process_time()
            end = worker.ended()
            worker.look()
            worker.reports()
            longest_s = max(longest_s, time.process_time() - began_s)
            if end is not None:
                break
            time.sleep(0.01)
    assert longest_s < 0.05


def test_an_engine_that_breaks_and_a_corpus_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "PASSES")
    with Workers(facts, "tests.fuzz.small_engine:Breaks", folder=tmp_path) as workers:
        end = end_of(workers.start(job_of(facts, tmp_path)))
    assert (end.ended, end.flight.running) == (Ended.DIED, False)
    assert "ZeroDivisionError: an engine of ours" in end.words
    (tmp_path / "corpus").rmdir()
    (tmp_path / "corpus").write_text("a file where a folder should be")
    end, _ = run_one(tmp_path, "PASSES", bad_targets)
    assert end.ended is Ended.DIED
    assert f"cannot keep its inputs at {tmp_path / 'corpus'}" in end.words


@linux
def test_a_full_disk_is_named_and_nothing_is_called_a_crash(tmp_path: Path) -> None:
    # /dev/full refuses every byte, as a full disk does.
    facts = facts_in(bad_targets, "RAISES")
    with Workers(facts, SMALL, folder=tmp_path) as workers:
        end = end_of(workers.start(job_of(facts, tmp_path, journal=Path("/dev/full"))))
    assert (end.ended, end.flight.running) == (Ended.DIED, False)
    assert "/dev/full cannot be written: No space left on device" in end.words


def test_saved_inputs_are_all_run_first_also_those_that_fail(tmp_path: Path) -> None:
    saved = []
    for number in range(5):
        saved.append(tmp_path / f"saved-{number}")
        saved[-1].write_bytes(b"x" * (number + 2))
    end, reports = run_one(tmp_path, "RAISES", bad_targets, runs=0, replay=tuple(saved))
    assert end.ended is Ended.DONE
    told = [one for one in reports if one["report"] == "replayed"]
    assert [Path(one["name"]) for one in told] == saved
    assert [one["crash"] is not None for one in told] == [False, False, True, True, True]


PARENT = """
import sys, time, json
from pathlib import Path
sys.path[:] = json.loads(sys.argv[2])
from tests.fuzz import bad_targets, contained_worker_targets
from tests.fuzz.test_fuzz_workers import *
folder = Path(sys.argv[1])
facts = replace(facts_in(bad_targets, sys.argv[3]), hang_s=50.0)
workers = Workers(facts, SMALL, folder=folder)
team = [workers.start(job_of(facts, folder, number=one, seconds=50.0)) for one in range(2)]
while not all(worker.look().executions for worker in team):
    [worker.ended() for worker in team]
    time.sleep(0.01)
template = psutil.Process().children()[0]
print(json.dumps([template.pid, *(worker.pid for worker in team)]), flush=True)
while True:
    time.sleep(1)
"""


@linux
@pytest.mark.parametrize("name", ["PASSES", "HANGS"])
@pytest.mark.parametrize("victims", ["parent", "template", "both"])
def test_after_kill_9_nobody_is_left_and_nothing_that_was_told_is_lost(
    tmp_path: Path, victims: str, name: str
) -> None:
    script = [sys.executable, "-P", "-c", textwrap.dedent(PARENT), str(tmp_path)]
    parent = subprocess.Popen(
        [*script, json.dumps([*sys.path, str(Path.cwd())]), name], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    try:
        ours = [psutil.Process(pid) for pid in json.loads(parent.stdout.readline())]
        assert len(alive(ours)) == 3
        if victims != "parent":
            os.kill(ours[0].pid, signal.SIGKILL)
        if victims != "template":
            parent.kill()
        wait_until_gone(ours[1:] if victims == "template" else ours)
    finally:
        parent.kill()
        parent.communicate()
    for number in (0, 1):
        with BlackBox(tmp_path / f"box-{number}") as box:
            flight = box.read()
        assert flight.executions
        if name == "HANGS":
            assert flight.running
            assert flight.data, "the input that was in flight is known"
    facts = facts_in(bad_targets, name)
    Workers(facts, SMALL, folder=tmp_path).close()
    assert not list(tmp_path.glob("template-*")), "leftovers go when the next one comes"
