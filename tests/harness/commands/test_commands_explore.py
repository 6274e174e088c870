from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.commands.conftest import Program

pytestmark = pytest.mark.slow  # every test starts a process

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals to one process")


def test_a_lost_update_is_told_with_the_line_that_replays_it(holdfast: Program) -> None:
    # Half of the schedules of two unguarded additions lose one: 2**-100 that none of 100 does.
    done = holdfast("explore", "app:lost_update", "--executions", "100")
    assert done.returncode == 1
    assert done.stdout.startswith("ASSERTION: an assertion failed")
    assert "app.py:18 in lost_update: assert counter.value == 2" in done.stdout
    assert "app:lost_update: FAILED: execution" in done.stdout
    assert done.stderr == ""


def test_the_printed_replay_command_can_be_pasted(holdfast: Program) -> None:
    first = holdfast("explore", "app:lost_update", "--instrument", "json")
    (line,) = [text for text in first.stdout.splitlines() if text.startswith("Replay:")]
    words = shlex.split(line.removeprefix("Replay:"))
    assert words[:3] == ["holdfast", "replay", "app:lost_update"]
    assert words[-2:] == ["--instrument", "json"]
    again = holdfast(*words[1:])
    assert again.returncode == 1
    assert again.stdout.splitlines()[0] == first.stdout.splitlines()[0]
    assert line in again.stdout.splitlines()


def test_a_sound_body_passes_and_says_what_was_covered(holdfast: Program) -> None:
    done = holdfast("explore", "app:sound", "--strategy", "pct", "--executions", "50")
    assert (done.returncode, done.stdout) == (
        0,
        "app:sound: PASSED: 50 executions, none failed (pct, seed 0)\n",
    )


def test_dfs_says_that_nothing_is_left(holdfast: Program) -> None:
    done = holdfast("explore", "app:sound", "--strategy", "dfs", "--executions", "100000")
    assert done.returncode == 0
    assert "exhausted: " in done.stdout


def test_a_body_that_polls_is_undecided_and_says_where_it_stands(holdfast: Program) -> None:
    done = holdfast("explore", "app:polls", "--max-steps", "200")
    assert done.returncode == 3
    assert "UNDECIDED" in done.stdout
    assert "200 steps" in done.stdout
    assert "app.py:" in done.stdout


def test_a_time_budget_alone_ends_the_search_undecided(holdfast: Program) -> None:
    done = holdfast("explore", "app:sound", "--strategy", "random", "--time", "300ms")
    assert done.returncode == 3
    assert "the time budget ended" in done.stdout


def test_what_was_cut_short_prints_the_line_that_goes_on_with_it(holdfast: Program) -> None:
    words = ["explore", "app:sound", "--strategy", "dfs", "--executions", "20"]
    counts = []
    for _ in range(20):
        done = holdfast(*words)
        counts.append(20)
        if done.returncode == 0:
            break
        assert done.returncode == 3
        assert "UNDECIDED: the budget ended after 20 executions" in done.stdout
        (line,) = [text for text in done.stdout.splitlines() if text.startswith("Go on:")]
        words = shlex.split(line.removeprefix("Go on:"))[1:]
    assert done.returncode == 0, done.stdout
    whole = holdfast("explore", "app:sound", "--strategy", "dfs", "--executions", "100000")
    total = int(whole.stdout.split("exhausted: ")[1].split(" executions")[0])
    last, before = done.stdout.split("exhausted: ")[1].split(" executions (and ")
    assert int(last) + int(before.split(" before")[0]) == total


def test_a_place_that_is_none_is_wrong_usage(holdfast: Program) -> None:
    done = holdfast("explore", "app:sound", "--resume", "elsewhere")
    assert done.returncode == 2
    assert "resume is 'elsewhere'" in done.stderr


def test_a_crash_is_a_finding_when_isolated(holdfast: Program) -> None:
    # The thread's write comes first in half of the schedules: 2**-100 that it never does.
    done = holdfast("explore", "app:crashes", "--isolated", "--executions", "100")
    assert done.returncode == 1
    assert done.stdout.startswith("CRASH: a signal ended the process")
    assert "SIGSEGV" in done.stdout
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("Replay:")]
    words = shlex.split(line.removeprefix("Replay:"))
    assert words[-1] == "--isolated"
    again = holdfast(*words[1:])
    assert again.returncode == 1
    assert "SIGSEGV" in again.stdout


def test_the_result_is_written_as_json_that_the_report_takes(holdfast: Program) -> None:
    done = holdfast("explore", "app:lost_update", "--json", "out/result.json")
    assert done.returncode == 1
    document = json.loads((holdfast.folder / "out" / "result.json").read_text("utf-8"))
    assert document["schema"] == "holdfast.exploration/1"
    assert document["name"] == "app:lost_update"
    assert document["finding"]["command"].startswith("holdfast replay app:lost_update hf2.")
    taken = holdfast("report", "ingest", "out/result.json", "--store", "store")
    assert taken.returncode == 0, taken.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["app"], "there is no colon"),
        (["app:nothing"], "has no attribute 'nothing'"),
        (["nowhere:body"], "there is no module nowhere"),
        (["app:NUMBER"], "NUMBER is a int, not a function"),
        (["app:takes_one"], "a function without arguments"),
        (["app:stream"], "no async generator"),
        (["bad:body"], "importing bad raised ZeroDivisionError: division by zero at bad.py:1"),
        (["leaves:body"], "importing leaves raised SystemExit"),
        (["torn:body"], "torn cannot be instrumented"),
        (["app:sound", "--strategy", "luck"], "strategy is 'luck'"),
        (["app:sound", "--executions", "0"], "'--executions'"),
        (["app:sound", "--time", "soon"], "write 90, 90s, 5m or 8h"),
        (["app:sound", "--time", "-5s"], "write 90, 90s, 5m or 8h"),
        (["app:sound", "--model", "none"], "free-threaded"),
        (["app:sound", "--workers", "0"], "'--workers'"),
        (["app:sound", "--instrument", "threading"], "this one runs below the hooks"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    holdfast: Program, words: list[str], told: str
) -> None:
    holdfast.write("bad.py", "1 / 0\n")
    holdfast.write("leaves.py", "raise SystemExit(5)\n")
    holdfast.write("torn.py", "def (:\n")
    done = holdfast("explore", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_controlled_is_undecided(holdfast: Program) -> None:
    done = holdfast("explore", "app:starts_a_process")
    assert done.returncode == 3
    assert "os.fork" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_is_visible_throughout(holdfast: Program) -> None:
    """The body lies in one module, the racy class in another of the same package."""
    holdfast.write("shop/__init__.py", "")
    holdfast.write(
        "shop/till.py", "class Till:\n    sum = 0\n    def add(self):\n        self.sum += 1\n"
    )
    holdfast.write(
        "shop/check.py",
        """
        import threading
        from shop.till import Till

        def body():
            till = Till()
            threads = [threading.Thread(target=till.add) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert till.sum == 2
        """,
    )
    # Half of the schedules lose one addition: 2**-100 that none of 100 does.
    done = holdfast("explore", "shop.check:body", "--executions", "100")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "till.py:4" in done.stdout


@posix
@pytest.mark.parametrize("isolated", [[], ["--isolated"]], ids=["here", "isolated"])
def test_ctrl_c_keeps_what_there_is_and_says_how_to_go_on(
    holdfast: Program, isolated: list[str]
) -> None:
    holdfast.write(
        "endless.py",
        """
        import sys
        from app import sound

        def body():
            sound()
            sys.stderr.write(".")
            sys.stderr.flush()
        """,
    )
    words = ["explore", "endless:body", "--executions", "100000000", "--strategy", "pct", *isolated]
    running = subprocess.Popen(
        holdfast.command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **holdfast.options(),
    )
    try:
        assert running.stderr is not None
        running.stderr.read(3)  # some executions have ended
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=30)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130, out
    assert "endless:body: UNDECIDED: interrupted after" in out
    (line,) = [text for text in out.splitlines() if text.startswith("Go on:")]
    go_on = shlex.split(line.removeprefix("Go on:"))
    assert go_on[:3] == ["holdfast", "explore", "endless:body"]
    assert go_on[go_on.index("--strategy") + 1] == "pct"
    ended = int(go_on[go_on.index("--resume") + 1])
    assert int(go_on[go_on.index("--executions") + 1]) == 100_000_000 - ended
    assert go_on[len(go_on) - len(isolated) :] == isolated
