"""The probed child: checkpoints, limits, and that it is gone whatever happens."""

import os
import sys
import time

import pytest

from harness.probes import ChildLostError, ChildStuckError, NotAvailableHereError, ProbedChild
from harness.probes.residue import checkpoints

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the channel is a POSIX pipe")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_checkpoints_come_in_order_with_their_data() -> None:
    with ProbedChild("probe_targets:says_hello", arguments={"word": "ahoy"}) as child:
        reached = [(each.name, dict(each.data)) for each in checkpoints(child)]
    assert reached == [("first", {"word": "ahoy"}), ("second", {})]
    assert gone(child.pid)


def test_child_is_gone_when_the_block_is_left_early() -> None:
    with ProbedChild("probe_targets:says_hello", arguments={"word": "ahoy"}) as child:
        child.next_checkpoint()
        assert not gone(child.pid)
    assert gone(child.pid)


@pytest.mark.parametrize(
    ("function", "ending", "words"),
    [
        ("is_killed", "was ended by SIGSEGV", "Segmentation fault"),
        ("exits_early", "ended with exit code 3", "leaving early"),
        ("fails_in_a_worker", "ended with exit code 1", "a worker's failure is the target's"),
        ("is_not_there", "ended with exit code 1", "has no attribute 'is_not_there'"),
    ],
)
def test_a_lost_child_is_named_with_its_ending(function: str, ending: str, words: str) -> None:
    with (
        ProbedChild(f"probe_targets:{function}") as child,
        pytest.raises(ChildLostError) as caught,
    ):
        child.next_checkpoint()
    assert caught.value.ending == ending
    assert words in caught.value.output
    assert gone(child.pid)


def test_a_dead_child_is_lost_and_not_stuck_though_a_copy_holds_its_channel() -> None:
    with (
        ProbedChild("probe_targets:is_killed_before_a_copy", time_limit_s=2.0) as child,
        pytest.raises(ChildLostError) as caught,
    ):
        child.next_checkpoint()
    assert caught.value.ending == "was ended by SIGSEGV"


def test_a_stuck_child_is_ended_and_shows_where_it_stood() -> None:
    started = time.monotonic()
    with (
        ProbedChild("probe_targets:sleeps_for_a_needlessly_long_time", time_limit_s=0.5) as child,
        pytest.raises(ChildStuckError) as caught,
    ):
        child.next_checkpoint()
    assert "sleeps_for_a_needlessly_long_time" in caught.value.stacks
    assert gone(child.pid)
    assert time.monotonic() - started < 10


def test_a_key_of_another_size_is_refused() -> None:
    with (
        ProbedChild("probe_targets:asks_for_a_longer_key", key=bytes(32)) as child,
        pytest.raises(ValueError, match="a key of 33 bytes, the probe was given one of 32"),
    ):
        child.next_checkpoint()


@pytest.mark.parametrize("target", ["", "module", "module:", ":function"])
def test_a_target_that_names_no_function_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="takes 'module:function', got "):
        ProbedChild(target)


@pytest.mark.parametrize("limit_s", [0, -1.0, float("nan")])
def test_a_time_limit_is_above_zero(limit_s: float) -> None:
    with pytest.raises(ValueError, match="takes a number of seconds above 0"):
        ProbedChild("probe_targets:says_hello", time_limit_s=limit_s)


def test_where_it_cannot_work_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NotAvailableHereError, match="a probed child is not available here"):
        ProbedChild("probe_targets:says_hello")
