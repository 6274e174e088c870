"""Whole sessions on real repositories: what is found, what fails, what a session leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.reports.measuring.measured_repository import (
    COMMAND,
    PYTEST_WORDS,
    SUBJECT,
    command_words,
    invoke,
    program,
    repository,
    runs_in,
    two_commits,
)

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="sessions are ended by signals of POSIX"),
]
STORE = Path(".holdfast/store")
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.01)


def session_of(told: str) -> str:
    return next(line.split()[1] for line in told.splitlines() if line.startswith("session "))


def sides(documents: list[dict[str, object]]) -> list[str]:
    return [one["records"][0]["params"]["side"] for one in documents]  # type: ignore[index]


def test_a_slowdown_of_30_percent_is_found_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = two_commits(tmp_path / "code")
    monkeypatch.chdir(made.path)
    before = made.state()
    done = invoke(*command_words("HEAD~1", "HEAD", "--json"), "--runs", 4, "--home", tmp_path / "h",
                  "--store", tmp_path / "s")  # fmt: skip
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    verdicts = {pair["benchmark"]: pair["verdict"] for pair in found["pairs"]}
    assert verdicts["changed"] == "worse"
    assert verdicts["unchanged"] == "same"
    slower = next(pair for pair in found["pairs"] if pair["benchmark"] == "changed")
    assert slower["interval"][0] < 0.3 < slower["interval"][1] + 0.02
    assert sides(runs_in(tmp_path / "s")) == ["base", "head", "head", "base"] * 2
    assert {one["session"] for one in runs_in(tmp_path / "s")} == {found["session"]}
    commits = {one["commit"]["commit_id"] for one in runs_in(tmp_path / "s")}  # type: ignore[index]
    assert commits == {made.git("rev-parse", "HEAD"), made.git("rev-parse", "HEAD~1")}
    assert made.state() == before


def test_a_commit_against_itself_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(tmp_path / "code").path)
    done = invoke(*command_words("HEAD", "main"), "--runs", 4)
    assert "time: 0 slower, 0 faster" in done.stdout
    assert done.exit_code in (0, 2)  # a busy machine may hide what is there, not show what is not


def test_pytest_benchmark_suites_run_with_every_metric(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(two_commits(tmp_path / "code").path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # those of the test's own Python
    done = invoke("measure", "HEAD~1", "HEAD", "--no-build", "--runs", 2, "--benchmark",
                  "test_changed", "--json", "--", *PYTEST_WORDS)  # fmt: skip
    assert done.exit_code in (1, 2), done.output
    found = json.loads(done.stdout)
    benchmark = "test_subject.py::test_changed"
    metrics = {pair["metric"] for pair in found["pairs"] if pair["benchmark"] == benchmark}
    assert metrics == {"time", "CPU time", "peak memory", "blocks kept"}
    whole = {pair["metric"] for pair in found["pairs"] if pair["benchmark"] == "the whole run"}
    assert whole == {"peak resident", "process CPU"}
    assert {pair["benchmark"] for pair in found["pairs"]} == {benchmark, "the whole run"}
    levels = {pair["metric"]: pair["new"]["level"] for pair in found["pairs"]}
    assert levels["CPU time"] < levels["time"] / 2  # it sleeps
    environment = runs_in(STORE)[0]["environment"]
    assert environment["hash_seed"] == "0"  # type: ignore[index]
    assert environment["packages"]["pytest-benchmark"]  # type: ignore[index]


def test_an_environment_is_made_once_for_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository(tmp_path / "code")
    monkeypatch.chdir(made.path)
    count = tmp_path / "installed"
    # Without a network: what would be installed is a line in a file.
    script = f"open({str(count)!r}, 'a').write('once\\n')"
    words = ("measure", "HEAD", "HEAD", "--runs", 2, "--command", COMMAND, "--store",
             tmp_path / "s", "--install", f'{{python}} -c "{script}"')  # fmt: skip
    first = invoke(*words)
    assert first.exit_code in (0, 2), first.output
    assert count.read_text() == "once\n"  # both sides are one commit
    second = invoke(*words)
    assert second.exit_code in (0, 2), second.output
    assert count.read_text() == "once\n"
    assert len(runs_in(tmp_path / "s")) == 8


def test_a_side_that_does_not_build_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository(tmp_path / "code")
    made.commit({"setup.py": "raise SystemExit('no compiler for you')\n"})
    monkeypatch.chdir(made.path)
    script = "import os,sys; os.path.exists('setup.py') and sys.exit('no compiler for you')"
    done = invoke("measure", "HEAD", "HEAD~1", "--install", f'{{python}} -c "{script}"')
    assert done.exit_code == 2
    assert f"base ({made.git('rev-parse', 'HEAD')[:7]}): installing failed" in done.stderr
    assert "exited with 1" in done.stderr
    assert "no compiler for you" in done.stderr
    assert not STORE.exists()


def test_benchmarks_that_fail_are_told_with_the_end_of_their_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository(tmp_path / "code")
    made.commit({"subject.py": "raise RuntimeError('left half done')\n"})
    monkeypatch.chdir(made.path)
    done = invoke(*command_words("HEAD~1", "HEAD"))
    assert done.exit_code == 2
    assert "head (" in done.stderr
    assert "running its benchmarks failed" in done.stderr
    assert "RuntimeError: left half done" in done.stderr
    assert "bench.py" in done.stderr
    assert sides(runs_in(STORE)) == ["base"]  # what was measured before is kept


def test_a_side_that_hangs_is_stopped_with_all_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository(tmp_path / "code")
    note = tmp_path / "grandchild"
    hang = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "print('waiting for the moon', flush=True)\n"
        "time.sleep(600)\n"
    )
    made.commit({"subject.py": hang})
    monkeypatch.chdir(made.path)
    done = invoke(*command_words("HEAD", "HEAD~1"), "--timeout", 3)
    assert done.exit_code == 2
    assert "base (" in done.stderr
    assert "was stopped after" in done.stderr
    assert "waiting for the moon" in done.stderr
    until(lambda: not _alive(int(note.read_text())))


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    "end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["ctrl-c", "kill", "kill -9"]
)
def test_a_session_that_was_cut_short_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    made = two_commits(tmp_path / "code")
    monkeypatch.chdir(made.path)
    words = program(*command_words("HEAD~1", "HEAD", "--runs", "40"))
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: len(list(STORE.glob("runs/*.json"))) >= 3)
    running.send_signal(end)
    _, told = running.communicate(timeout=PATIENCE_S)
    session = session_of(told)
    if end is not signal.SIGKILL:
        assert running.returncode == 130
        assert f"holdfast report measure --resume {session}" in told
    kept = runs_in(STORE)
    assert 3 <= len(kept) < 80
    _shorten(session, runs=4)
    done = invoke("measure", "--resume", session)
    assert done.exit_code in (1, 2), done.output
    every = runs_in(STORE)
    assert every[: len(kept)] == kept
    assert len(every) == max(8, len(kept))
    rounds = [(one["records"][0]["params"]["side"], one["records"][0]["params"]["round"])  # type: ignore[index]
              for one in every]  # fmt: skip
    assert len(set(rounds)) == len(rounds)


def _shorten(session: str, *, runs: int) -> None:
    plan = Path(".holdfast/measure/sessions") / session / "plan.json"
    values = json.loads(plan.read_text())
    plan.write_text(json.dumps(values | {"runs": runs}))


def test_what_a_killed_session_left_running_ends_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository(tmp_path / "code")
    made.commit({"subject.py": "import time\ntime.sleep(600)\n"})
    monkeypatch.chdir(made.path)
    words = program(*command_words("HEAD~1", "HEAD", "--timeout", "300"))
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    homes = Path(".holdfast/measure/sessions")
    until(lambda: len(list(STORE.glob("runs/*.json"))) == 1 and bool(list(homes.glob("*/child"))))
    orphan = int(next(homes.glob("*/child")).read_text().split()[0])
    running.kill()
    _, told = running.communicate(timeout=PATIENCE_S)
    assert _alive(orphan)
    session = session_of(told)
    plan = homes / session / "plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"timeout_s": 0.5}))
    done = invoke("measure", "--resume", session)
    assert "was stopped after" in done.stderr
    assert not _alive(orphan)


def test_the_working_tree_is_measured_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository(tmp_path / "code")
    monkeypatch.chdir(made.path)
    # A changed file that needs a new one, which git does not know yet.
    Path("subject.py").write_text("from newcomer import *\n", encoding="utf-8")
    Path("newcomer.py").write_text(SUBJECT.format(changed=0.008), encoding="utf-8")
    before = made.state()
    done = invoke(*command_words("HEAD", ".", "--runs", "3", "--store", str(tmp_path / "s"),
                  "--home", str(tmp_path / "h")))  # fmt: skip
    assert done.exit_code == 1, done.output
    assert made.state() == before
    dirty = [one["commit"]["dirty"] for one in runs_in(tmp_path / "s")]  # type: ignore[index]
    assert sorted(dirty) == [False] * 3 + [True] * 3
    Path("newcomer.py").write_text(SUBJECT.format(changed=0.002), encoding="utf-8")
    again = invoke("measure", "--resume", session_of(done.stderr), "--home", tmp_path / "h",
                   "--store", tmp_path / "s")  # fmt: skip
    assert again.exit_code == 2
    assert "whose code has changed since" in again.stderr


def test_two_folders_are_measured_without_git(tmp_path: Path) -> None:
    made = two_commits(tmp_path / "code")
    for name, commit in (("old", "HEAD~1"), ("new", "HEAD")):
        made.git("worktree", "add", "--detach", str(tmp_path / name), commit)
    done = invoke(*command_words(str(tmp_path / "old"), str(tmp_path / "new")), "--runs", 4)
    assert done.exit_code == 1, done.output
    assert "1 slower" in done.stdout


def test_the_clock_ends_a_session_after_whole_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(tmp_path / "code").path)
    done = invoke(*command_words("HEAD", "HEAD"), "--runs", 50, "--time", 0.001)
    assert done.exit_code in (0, 2), done.output
    assert sides(runs_in(STORE)) == ["base", "head", "head", "base"]


def test_a_pattern_that_fits_nothing_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(tmp_path / "code").path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    done = invoke("measure", "HEAD", "HEAD", "--no-build", "--benchmark", "no_such_thing",
                  "--", *PYTEST_WORDS)  # fmt: skip
    assert done.exit_code == 2
    assert "exited with 5" in done.stderr
    assert "-k no_such_thing" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("HEAD", "no-such-branch"), "'no-such-branch' cannot be measured"),
        (("HEAD", "--upload-pack=x"), "No such option"),
        (("HEAD",), "it takes BASE and HEAD"),
        ((), "it takes BASE and HEAD"),
        (("--resume", "20260101-000000-abcd"), "no session '20260101-000000-abcd'"),
        (("--resume", "../../etc"), "no session '../../etc'"),
        (("HEAD", "HEAD", "--resume", "20260101-000000-abcd"), "name none beside it"),
        (("HEAD", "HEAD", "--command", "true"), "a word with {json}"),
        (("HEAD", "HEAD", "--cpus", "a"), "numbers of processors"),
        (("HEAD", "HEAD", "--timeout", "-1"), "seconds above 0"),
        (("HEAD", "HEAD", "--runs", "1"), "not in the range"),
    ],
)
def test_wrong_usage_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(repository(tmp_path / "code").path)
    done = invoke("measure", *words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert not STORE.exists()


def test_a_command_that_writes_nothing_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository(tmp_path / "code").path)
    silent = f"{sys.executable} -c pass {{json}}"
    done = invoke("measure", "HEAD", "HEAD", "--no-build", "--command", silent)
    assert done.exit_code == 2
    assert "it wrote no result" in done.stderr


def test_benchmarks_stay_on_the_processors_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system cannot bind processes")
    one = min(os.sched_getaffinity(0))
    made = repository(tmp_path / "code")
    note = tmp_path / "cpus"
    bound = f"import os\nopen({str(note)!r}, 'w').write(str(os.sched_getaffinity(0)))\n"
    made.commit({"subject.py": bound + SUBJECT.format(changed=0.001)})
    monkeypatch.chdir(made.path)
    before = os.sched_getaffinity(0)
    done = invoke(*command_words("HEAD", "HEAD"), "--runs", 2, "--cpus", one)
    assert done.exit_code in (0, 2), done.output
    assert note.read_text() == str({one})
    assert os.sched_getaffinity(0) == before
