"""Scenarios that do their worst: each is contained and named, and the others run all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from click.testing import CliRunner

from stress import Budget, Ending, StressRun, run_scenario
from stress.bounded_output import FIRST_BYTES, LAST_BYTES
from stress.budget import MIB
from stress.commands import stress_command

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="forks, and limits of the system"),
]
GOOD = """
    import stress

    @stress.scenario
    def body(threads):
        \"\"\"All is well.\"\"\"
"""
MODULES = {
    "fine": GOOD,
    "raises": "raise RuntimeError('raised at import')",
    "unreadable": "def (",
    "hangs": "import time\ntime.sleep(600)",
    "leaves": "import os\nos._exit(5)",
    "quits": "raise SystemExit('enough')",
    "no_scenario": "body = 5",
    "talks": "print('word ' * 4_000_000)\nprint('the last word')" + textwrap.dedent(GOOD),
    "talks_and_fails": """
        import stress

        @stress.scenario
        def body(threads):
            print("first word")
            for _ in range(3_000):
                print("y" * 10_000)
            print("last word", flush=True)
            raise ValueError("after all that")
    """,
    "forks": """
        import os, stress

        @stress.scenario
        def body(threads):
            os.fork()
    """,
    "hides": """
        import os, stress, sys, time

        @stress.scenario
        def body(threads):
            if os.fork() == 0:
                os.setsid()  # out of the group, and soon without a parent
                if os.fork() == 0:
                    with open("hidden", "a") as file:
                        print(os.getpid(), file=file)
                    time.sleep(600)
                os._exit(0)
            os.wait()
    """,
    "fills": """
        import stress, tempfile

        @stress.scenario
        def body(threads):
            while True:
                with tempfile.NamedTemporaryFile(delete=False) as file:
                    file.write(bytes(1 << 20))
    """,
    "fills_one": """
        import stress

        @stress.scenario
        def body(threads):
            with open("huge", "wb") as file:
                while True:
                    file.write(bytes(1 << 20))
    """,
    "exits": """
        import stress, sys

        @stress.scenario
        def body(threads):
            sys.exit(9)
    """,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all of them, listed in its pyproject.toml, where the user stands."""
    for name, text in MODULES.items():
        (tmp_path / f"bad_{name}.py").write_text(textwrap.dedent(text))
    names = ", ".join(f'"bad_{name}:body"' for name in MODULES)
    (tmp_path / "pyproject.toml").write_text(f"[tool.holdfast.stress]\nscenarios = [{names}]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(name: str, **budget: Any) -> StressRun:
    return run_scenario(f"bad_{name}:body", Budget(**{"rounds": 2, "start_s": 20.0, **budget}))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("name", "ending", "says"),
    [
        ("fine", Ending.PASSED, ""),
        ("raises", Ending.BROKEN, "RuntimeError: raised at import"),
        ("unreadable", Ending.BROKEN, "SyntaxError"),
        ("quits", Ending.BROKEN, "SystemExit: enough"),
        ("leaves", Ending.EXIT, "exit code 5, without a report, while it was imported"),
        ("no_scenario", Ending.BROKEN, "it is a int, not a Scenario"),
        ("exits", Ending.EXIT, "exit code 9 asked for in round 1"),
        ("forks", Ending.LEAK, "processes more than before the first round"),
    ],
)
def test_each_is_told_by_its_own_ending(name: str, ending: Ending, says: str) -> None:
    seen = run(name)
    assert seen.ending is ending, seen.message
    assert says in seen.message


@pytest.mark.usefixtures("project")
def test_the_place_of_an_import_error_is_told() -> None:
    assert 'bad_raises.py", line 1' in run("raises").message


@pytest.mark.usefixtures("project")
def test_an_import_that_hangs_is_ended_with_its_stack() -> None:
    seen = run("hangs", start_s=1.5)
    assert seen.ending is Ending.HANG
    assert "did not start within 1.5 s" in seen.message
    assert "bad_hangs.py" in seen.stacks


@pytest.mark.usefixtures("project")
def test_megabytes_of_output_stop_nobody_and_are_kept_in_part() -> None:
    seen = run("talks")
    assert seen.passed, seen.message
    assert seen.printed_bytes > 20_000_000
    failed = run("talks_and_fails")
    assert failed.ending is Ending.EXCEPTION
    assert failed.output.startswith("first word")
    assert failed.output.endswith("last word")
    assert f"of {failed.printed_bytes:,} bytes left out" in failed.output
    assert len(failed.output) < FIRST_BYTES + LAST_BYTES + 100


@pytest.mark.usefixtures("project")
def test_a_forked_copy_that_comes_back_does_not_count_as_rounds() -> None:
    assert run("forks", rounds=3).rounds == 3


def test_a_process_that_hides_from_its_parents_is_found_and_ended(project: Path) -> None:
    seen = run("hides")
    assert (seen.rounds, seen.ending) == (2, Ending.LEAK), seen.message
    assert "3 processes that it started, directly or not, outlived it: " in seen.message
    hidden = [int(pid) for pid in (project / "hidden").read_text().split()]
    assert len(hidden) == 3  # one a round, the small one included
    assert [pid for pid in hidden if _runs(pid)] == []


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_fills_the_disk_is_ended_and_its_files_are_removed(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    seen = run("fills", disk_bytes=20 * MIB)
    assert seen.ending is Ending.DISK
    assert "the limit is 20 MiB" in seen.message
    assert list(place.iterdir()) == []
    one = run("fills_one", disk_bytes=20 * MIB)
    assert one.ending is Ending.EXCEPTION
    assert "File too large" in one.message
    assert (project / "huge").stat().st_size <= 20 * MIB


@pytest.mark.usefixtures("project")
def test_a_bad_one_stops_nobody_and_the_exit_code_tells() -> None:
    names = [f"bad_{name}:body" for name in ("raises", "leaves", "hangs", "fine")]
    shown = CliRunner().invoke(stress_command, ["run", *names, "--rounds", "1", "--start", "2"])
    assert shown.exit_code == 1, shown.output
    assert "passed  bad_fine:body: 1 rounds" in shown.output
    broken = CliRunner().invoke(stress_command, ["run", names[0], names[3], "--rounds", "1"])
    assert broken.exit_code == 2, broken.output
    assert "could not be loaded  bad_raises:body" in broken.output


@pytest.mark.usefixtures("project")
def test_a_soak_goes_on_past_a_bad_one() -> None:
    names = [f"bad_{name}:body" for name in ("raises", "exits", "fine")]
    shown = CliRunner().invoke(stress_command, ["soak", *names, "--each", "1s", "--folder", "soak"])
    assert shown.exit_code == 1, shown.output
    assert "1 broken" in shown.output
    assert "1 exit" in shown.output
    assert "1 passed" in shown.output


def test_the_list_shows_the_good_and_names_the_bad(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stress.commands.IMPORT_S", 2.0)
    shown = CliRunner().invoke(stress_command, ["list"], env={"COLUMNS": "120"})
    assert shown.exit_code == 2
    assert "All is well." in shown.output
    assert "flow_100_waiters" in shown.output
    for words in (
        "bad_raises:body cannot be loaded",
        "bad_hangs:body cannot be loaded: its import did not end within 2 s",
        "bad_leaves:body cannot be loaded: its import ended the process, with exit code 5",
        "bad_quits:body cannot be loaded",
    ):
        assert words in shown.output


def test_a_child_and_its_files_do_not_outlive_a_parent_that_is_killed(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("temporary")
    words = ["-m", "holdfast.cli", "stress", "run", "bad_hangs:body", "--start", "600"]
    parent = subprocess.Popen(
        [sys.executable, *words], cwd=project, env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        child = _first_child(psutil.Process(parent.pid))
    finally:
        parent.kill()
        parent.wait()
    child.wait(timeout=60)
    assert list(place.iterdir()) == []


def _first_child(parent: psutil.Process) -> psutil.Process:
    ends_s = time.monotonic() + 120
    while time.monotonic() < ends_s:
        for child in parent.children():
            # It answers once its watcher has started, which is before the import.
            if child.num_threads() >= 2 and "child.py" in " ".join(child.cmdline()):
                return child
        time.sleep(0.01)
    raise AssertionError("no child came")
