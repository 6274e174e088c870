"""Atheris as an engine: what is known to break under Python, one test each."""

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fuzz
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.engines._atheris import COUNTERS, Counters, again, why_not
from fuzz.engines.libfuzzer import (
    FuzzerStatus,
    arguments,
    merge_features,
    newest_status,
    write_dictionary,
    write_merge_control,
)
from fuzz.target_facts import TargetFacts, facts_of
from fuzz.triaging.covered_imports import CoveredImports
from fuzz.workers.black_box import BlackBox
from fuzz.workers.torn_entries import mend_torn
from fuzz.workers.worker_job import Ended, WorkerEnd, WorkerJob
from fuzz.workers.workers import Workers
from tests.fuzz import bad_targets, contained_worker_targets

MIB = 1024 * 1024
LIMIT_S = 100.0
NO_ATHERIS = why_not()
needs_atheris = pytest.mark.skipif(bool(NO_ATHERIS), reason=NO_ATHERIS)
slow = pytest.mark.slow


# -- words -----------------------------------------------------------------------------------------


def words_for(again: list[str], **how: Any) -> list[str]:
    fields = {"seed": 0, "max_bytes": 64, "corpus": Path("/c/corpus"), "dictionary": None, **how}
    return arguments(again, **fields)


def test_the_first_word_is_a_quoted_command_with_an_absolute_script() -> None:
    words = words_for(again(Path("/tmp/a job.json")))  # noqa: S108  # never opened
    assert shlex.split(words[0])[0] == sys.executable
    assert Path(shlex.split(words[0])[2]).is_absolute()
    assert shlex.split(words[0])[-1] == "/tmp/a job.json"  # noqa: S108  # as above
    assert "-seed=1" in words, "0 would mean: choose one"
    assert words[-1] == "/c/corpus"


def test_fork_mode_and_jobs_are_never_used_and_other_workers_files_are_taken_up() -> None:
    words = words_for(["x"])
    assert not [word for word in words if word.startswith(("-fork", "-jobs", "-workers"))]
    assert "-reload=1" in words


def test_a_dictionary_is_written_as_libfuzzer_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "dict"
    assert write_dictionary(path, [b"", b"x" * 65]) is None, "none that it could hold"
    assert write_dictionary(path, [b'"\\', b"GET "]) == path
    assert path.read_text() == '"\\x22\\x5c"\n"\\x47\\x45\\x54\\x20"\n'
    assert f"-dict={path}" in words_for(["x"], dictionary=path)


def test_the_newest_status_counts() -> None:
    text = b"#2 INITED cov: 2 ft: 3 corp: 1/1b exec/s: 0\n#9 NEW    cov: 7 ft: 8 corp: 4/9b\n#1"
    assert newest_status(text) == FuzzerStatus(covered=7, kept=4)
    assert newest_status(b"INFO: Seed: 1") is None


def test_a_merge_record_is_read(tmp_path: Path) -> None:
    control = tmp_path / "control"
    write_merge_control(control, [tmp_path / "a", tmp_path / "b"])
    with control.open("a") as file:
        file.write("STARTED 0 1\nFT 0\nCOV 0\nSTARTED 1 1\nFT 1 48 49\nCOV 1 6\n")
    assert merge_features(control) == {0: frozenset(), 1: frozenset({48, 49})}


class FakeAtheris:
    """Counts as the real one; `_trace_branch` is replaced by `Fuzz`, as there."""

    def __init__(self) -> None:
        self.reserved = 0
        self.traced: list[int] = []
        self._trace_branch = lambda number: None

    def _reserve_counter(self) -> int:
        self.reserved += 1
        return self.reserved - 1

    def fuzz(self) -> None:
        self._trace_branch = self.traced.append


def test_counters_are_reserved_at_once_and_the_counting_function_is_looked_up_late() -> None:
    native = FakeAtheris()
    counters = Counters(native, COUNTERS, works=True)
    assert native.reserved == COUNTERS
    native.fuzz()
    counters.count([1, 2, 1])
    assert len(native.traced) == 3
    assert len(set(native.traced)) == len(counters.used) == 2
    assert Counters(native, COUNTERS, works=False).used == set()
    assert native.reserved == COUNTERS, "nothing that would never count"


def test_the_hook_takes_code_after_every_other_hook_and_only_of_what_is_asked_for() -> None:
    import secmem  # noqa: PLC0415  # for its path

    taken = []

    def watch(code: Any) -> Any:
        taken.append(code)
        return code

    with CoveredImports(["secmem.flow"], watch) as hook:
        assert sys.meta_path[0] is hook
        assert hook.find_spec("json", None) is None
        assert hook.find_spec("secmem.flowers", None) is None
        spec = hook.find_spec("secmem.flow", secmem.__path__)
        assert spec is not None
        code = spec.loader.get_code("secmem.flow")  # type: ignore[union-attr]
        assert taken == [code]
        assert code.co_filename.endswith("__init__.py")
    assert hook not in sys.meta_path


# -- in workers ------------------------------------------------------------------------------------


def facts_in(module: Any, name: str) -> TargetFacts:
    return facts_of(getattr(module, name), place=f"{module.__name__}:{name}")


def job_of(facts: TargetFacts, folder: Path, **how: Any) -> WorkerJob:
    fields = {
        "engine": "atheris", "seed": 1, "number": 0, "corpus": folder / "corpus",
        "memory_bytes": 1024 * MIB, "journal": folder / "journal", "box": folder / "box",
        "seconds": 60.0, **how,
    }  # fmt: skip
    return WorkerJob(facts=facts, **fields)


def run_one(facts: TargetFacts, folder: Path, **how: Any) -> tuple[WorkerEnd, list[dict[str, Any]]]:
    until_s = time.monotonic() + LIMIT_S
    with Workers(facts, "atheris", folder=folder) as workers:
        worker = workers.start(job_of(facts, folder, **how))
        while time.monotonic() < until_s:
            end = worker.ended()
            if end is not None:
                return end, worker.reports()
            time.sleep(0.02)
    raise AssertionError("it did not end")


@slow
@needs_atheris
def test_nothing_here_imports_atheris_into_our_process() -> None:
    assert "atheris" not in sys.modules


@slow
@needs_atheris
def test_a_finding_does_not_end_the_run_and_its_input_is_not_kept(tmp_path: Path) -> None:
    end, reports = run_one(facts_in(contained_worker_targets, "FAILS"), tmp_path, runs=3_000)
    assert (end.ended, end.code) == (Ended.DONE, 0)
    assert end.flight.executions >= 3_000
    assert end.flight.failures > 1_000
    assert [one["report"] for one in reports].count("crash") >= 1
    kept = [*InputFolder(tmp_path / "corpus").inputs()]
    assert not [data for data in kept if data], "only the empty input passes"


@slow
@needs_atheris
def test_os_exit_in_a_target_loses_no_input(tmp_path: Path) -> None:
    end, _ = run_one(facts_in(bad_targets, "EXITS"), tmp_path)
    assert (end.ended, end.code) == (Ended.DIED, 3)
    assert end.flight.running
    assert end.flight.data


@slow
@needs_atheris
def test_a_failing_thread_is_a_crash(tmp_path: Path) -> None:
    end, reports = run_one(facts_in(bad_targets, "IN_THREAD"), tmp_path, runs=500)
    assert end.ended is Ended.DONE
    assert any("LookupError" in str(one.get("crash")) for one in reports)


@slow
@needs_atheris
def test_a_hang_in_native_code_that_keeps_the_interpreter_is_ended_from_outside(
    tmp_path: Path,
) -> None:
    end, _ = run_one(facts_in(contained_worker_targets, "HOLDS"), tmp_path)
    assert end.ended is Ended.HUNG
    assert "in holds_the_interpreter" in end.words


@slow
@needs_atheris
def test_every_saved_input_is_run_though_the_first_fails(tmp_path: Path) -> None:
    saved = []
    for number in range(5):
        saved.append(tmp_path / f"saved-{number}")
        saved[-1].write_bytes(b"long enough %d" % number)
    end, reports = run_one(facts_in(bad_targets, "RAISES"), tmp_path, runs=0, replay=tuple(saved))
    assert end.ended is Ended.DONE
    told = [one for one in reports if one["report"] == "replayed"]
    assert len(told) == 5
    assert all(one["crash"] is not None for one in told)


@slow
@needs_atheris
def test_what_a_target_tells_is_credited_and_guides(tmp_path: Path) -> None:
    # Four bytes in a row, without a branch in the code: 1 in 2**32 for each input by chance.
    end, reports = run_one(facts_in(bad_targets, "STAGES"), tmp_path, runs=300_000)
    assert "behind four bytes" in str(reports), end
    assert not [one for one in reports if one["report"] == "notice"], "the self-test passed"


@slow
@needs_atheris
def test_a_dictionary_reaches_libfuzzer(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "GUARDED")
    without, _ = run_one(facts, tmp_path / "without", runs=15_000)
    facts = replace(facts, dictionary=(b"\xa1\x3c\x77\xe9\x50",), compares=False)
    end, reports = run_one(facts, tmp_path, runs=15_000)
    assert "behind five bytes" in str(reports)
    assert end.flight.edges > 0
    assert without.flight.failures == 0


@slow
@needs_atheris
def test_files_that_others_add_are_taken_up_while_it_runs(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "GUARDED")
    needle = b"\xa1\x3c\x77\xe9\x50"
    until_s = time.monotonic() + LIMIT_S
    with Workers(replace(facts, compares=False), "atheris", folder=tmp_path) as workers:
        worker = workers.start(job_of(facts, tmp_path))
        while time.monotonic() < until_s and not worker.look().executions:
            worker.ended()
            time.sleep(0.01)
        InputFolder(tmp_path / "corpus").add(needle)
        found = False
        while time.monotonic() < until_s and not found:
            assert worker.ended() is None
            found = any(one["report"] == "crash" for one in worker.reports())
            time.sleep(0.02)
    assert found


@slow
@needs_atheris
def test_coverage_is_told_and_rewritten_code_is_watched_after_ours(tmp_path: Path) -> None:
    place = fuzz.find_target("flow_operations")
    facts = facts_of(place, place="flow_operations")
    end, _ = run_one(facts, tmp_path, runs=1_500)
    assert end.ended is Ended.DONE
    # Of code alone: what the target tells is some 1000 more. Were the harness's branches counted
    # as the target's, there would be over 500.
    assert 80 < end.flight.edges < 500
    assert end.flight.features > 30, "it ran under the scheduler: the harness's hook was there, too"


SELF_TEST = """
import os, sys, json
sys.path[:] = json.loads(sys.argv[1])
import atheris
from fuzz.engines import _atheris
class Bound:  # binds the name before Fuzz(), which makes it a silent no-op
    def __init__(self):
        self._trace_branch = atheris._trace_branch
    def __getattr__(self, name):
        return getattr(atheris, name)
class Late(Bound):  # reserves inside the target, which credits the next input
    def _trace_branch(self, number):
        atheris._trace_branch(atheris._reserve_counter())
    def __init__(self):
        pass
class Without:
    pass
kinds = [atheris, Bound(), Late(), Without()]
print([_atheris.credit_works(kind) for kind in kinds], flush=True)
os._exit(0)
"""


@slow
@needs_atheris
def test_the_self_test_passes_on_this_atheris_and_fails_on_each_wrong_way() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", SELF_TEST, json.dumps([*sys.path, str(Path.cwd())])],
        capture_output=True, check=True, timeout=LIMIT_S, text=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[0] == "[True, False, False, False]", done.stderr


def run_flags(folder: Path, name: str, *flags: str) -> subprocess.CompletedProcess[bytes]:
    """Run our command with flags of libFuzzer's own, by which it starts itself again."""
    folder.mkdir(exist_ok=True)
    job_file = folder / "a job with a space.json"
    job = job_of(facts_in(bad_targets, name), folder)
    job_file.write_text(json.dumps({"job": job.to_json(), "path": [*sys.path, str(Path.cwd())]}))
    return subprocess.run(
        [*again(job_file), *flags], check=False, capture_output=True, timeout=LIMIT_S, cwd=folder
    )


@slow
@needs_atheris
def test_a_merge_starts_itself_again_and_keeps_what_differs(tmp_path: Path) -> None:
    # With a script's plain name it would return 0 and an empty corpus.
    inputs, merged = tmp_path / "inputs", tmp_path / "merged"
    for data in (b"bbbbb", b"ccccc", b"\xa1aaaa", b"\xa1\x3caaa"):  # the first two are alike
        InputFolder(inputs).add(data)
    merged.mkdir()
    done = run_flags(tmp_path, "GUARDED", "-merge=1", str(merged), str(inputs))
    assert done.returncode == 0, done.stderr
    assert len(InputFolder(merged)) == 3


@slow
@needs_atheris
def test_minimising_starts_itself_again_and_keeps_a_reproducer(tmp_path: Path) -> None:
    crash, least = tmp_path / "crash", tmp_path / "least"
    crash.write_bytes(b"x" * 6)  # few rounds: each is a process of its own
    done = run_flags(
        tmp_path, "RAISES", "-minimize_crash=1", "-runs=2000", f"-exact_artifact_path={least}",
        str(crash),
    )  # fmt: skip
    assert least.exists(), done.stderr
    assert 4 <= len(least.read_bytes()) < 6
    assert crash.read_bytes() == b"x" * 6, "the original is not touched"


@slow
@needs_atheris
def test_a_worker_killed_leaves_its_corpus_and_its_count(tmp_path: Path) -> None:
    facts = facts_in(bad_targets, "PASSES")
    until_s = time.monotonic() + LIMIT_S
    with Workers(facts, "atheris", folder=tmp_path) as workers:
        worker = workers.start(job_of(facts, tmp_path))
        while time.monotonic() < until_s and worker.look().executions < 1_000:
            worker.ended()
            time.sleep(0.01)
        assert worker.pid is not None
        os.kill(worker.pid, 9)
        while (end := worker.ended()) is None:
            time.sleep(0.01)
    assert (end.ended, end.code) == (Ended.DIED, -9)
    with BlackBox(tmp_path / "box") as box:
        assert box.read().executions == end.flight.executions >= 1_000
    mend_torn(InputFolder(tmp_path / "corpus"), still_s=0.0)  # libFuzzer may have been writing
    for path in InputFolder(tmp_path / "corpus").files():
        assert path.name == content_name(path.read_bytes())
