from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.commands.conftest import Program

pytestmark = pytest.mark.slow  # every test starts a process


def token_of(holdfast: Program, target: str, *words: str) -> str:
    done = holdfast("explore", target, *words)
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("Replay:")]
    return shlex.split(line.removeprefix("Replay:"))[3]


def test_a_schedule_that_no_longer_fails_passes(holdfast: Program) -> None:
    token = token_of(holdfast, "app:lost_update")
    source = (holdfast.folder / "app.py").read_text("utf-8")
    holdfast.write("app.py", source.replace("assert counter.value == 2", "assert counter.value"))
    done = holdfast("replay", "app:lost_update", token)
    assert (done.returncode, done.stdout) == (0, "app:lost_update: this schedule does not fail\n")


def test_code_that_changed_is_refused_and_says_to_record_anew(holdfast: Program) -> None:
    token = token_of(holdfast, "app:lost_update")
    done = holdfast("replay", "app:polls", token)
    assert done.returncode == 2
    assert "switch 1 of 1 is from add to add (2nd) before its 1st write Counter" in done.stderr
    assert "explore again and take the new token" in done.stderr


def test_code_that_was_repaired_passes(holdfast: Program) -> None:
    """The same additions under a lock: the schedule is found again, and nothing fails."""
    done = holdfast("replay", "app:sound", token_of(holdfast, "app:lost_update"))
    assert done.returncode == 0
    assert "app:sound: this schedule does not fail" in done.stdout


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("nonsense", "it does not begin with hf2"),
        ("hf9.abc", "it is of format hf9"),
        ("hf2.AAAA", "it is damaged or cut off"),
        ("", "it does not begin with hf2"),
    ],
)
def test_a_token_that_is_none_is_refused_with_the_reason(
    holdfast: Program, token: str, told: str
) -> None:
    for isolated in ([], ["--isolated"]):
        done = holdfast("replay", "app:sound", token, *isolated)
        assert done.returncode == 2
        assert told in done.stderr


def test_breakpoint_opens_the_debugger_in_the_thread_that_reaches_it(holdfast: Program) -> None:
    source = (holdfast.folder / "app.py").read_text("utf-8")
    holdfast.write("app.py", source.replace("        breakpoint()\n", "        pass\n"))
    token = token_of(holdfast, "app:stops_to_look")
    holdfast.write("app.py", source)
    done = holdfast("replay", "app:stops_to_look", token, input="p counter.value\nc\n")
    assert "(Pdb) 0" in done.stdout
    assert done.returncode == 1, done.stdout + done.stderr
    assert "assert value == 0" in done.stdout


def test_breakpoint_while_exploring_says_to_replay(holdfast: Program) -> None:
    done = holdfast("explore", "app:stops_to_look")
    assert done.returncode == 3
    assert "holdfast replay" in done.stderr
