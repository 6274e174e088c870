"""A finding as numbered sentences, to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.render.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.finding import Finding

TWO = ("main", "Thread-1 (add)", "Thread-2 (add)")
LOST_UPDATE = [
    (0, "start", "Thread-1 (add)", 9),
    (0, "start", "Thread-2 (add)", 9),
    (1, "read", "Counter#1.value", 4, "0"),
    (2, "read", "Counter#1.value", 4, "0"),
    (2, "write", "Counter#1.value", 4, "1"),
    (1, "write", "Counter#1.value", 4, "1"),
    (0, "read", "Counter#1.value", 12, "1"),
]
PROGRAMS = """\
import threading

class Box:
    ready = False
    def __init__(self):
        self.condition = threading.Condition()
    def consume(self):
        if not self.ready:
            with self.condition:
                self.condition.wait()
    def produce(self):
        self.ready = True
        with self.condition:
            self.condition.notify()

def in_threads(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

def wakeup():
    box = Box()
    in_threads(box.consume, box.produce)

def deadlock():
    first, second = threading.Lock(), threading.Lock()
    def one():
        with first, second:
            pass
    def two():
        with second, first:
            pass
    in_threads(one, two)

def spin():
    box = Box()
    def wait():
        while not box.ready:
            pass
    in_threads(wait, wait)

def unset():
    event = threading.Event()
    in_threads(event.wait)
"""


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    """Return what finds the failure of one of the programs."""

    def find(name: str, **settings: Any) -> Finding:
        module = f"explained_{name}"
        (tmp_path / f"{module}.py").write_text(PROGRAMS, "utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        body = getattr(__import__(module), name)
        # Every one of them fails under more than one in ten schedules: misses with 0.9**300.
        result = harness.explore(body, "random", executions=300, **settings)
        assert result.finding is not None
        return result.finding

    return find


def test_a_lost_update_says_which_write_is_lost_and_why(finding: Callable[..., Finding]) -> None:
    one = finding(
        LOST_UPDATE,
        TWO,
        message="AssertionError in main: (no message)",
        stack=("counter.py:12 in body: assert counter.value == 2",),
        command="holdfast replay counter:body hf2.abc",
    )
    assert (
        explain(one, width=80)
        == """\
ASSERTION: AssertionError in main.

What happened, step by step:

  1. main starts Thread-1, which runs add. (counter.py:9)
  2. main starts Thread-2, which runs add. (counter.py:9)
  3. Thread-1 reads Counter.value and sees 0, the value before Thread-2's write
     in step 5. (counter.py:4)
  4. Thread-2 reads Counter.value and sees 0. (counter.py:4)
  5. Thread-2 writes 1 to Counter.value, between step 3 and step 6 of Thread-1.
     (counter.py:4)
  6. Thread-1 writes 1 to Counter.value. It still goes by step 3, where it saw
     0: what Thread-2 wrote in step 5 is lost. (counter.py:4)
  7. main reads Counter.value and sees 1, which Thread-1 wrote in step 6.
     (counter.py:12)

What that made wrong:

  So the line at counter.py:12 in body fails: assert counter.value == 2

  What Thread-1 does between steps 3 and 6 has to be one piece for everybody who
  touches Counter.value: one lock around all of it would make it so.

Replay:  holdfast replay counter:body hf2.abc"""
    )


def test_what_a_container_held_is_not_called_lost(finding: Callable[..., Finding]) -> None:
    steps = [
        (1, "read", "dict#1", 4, "<dict of 1>"),
        (2, "write", "dict#1", 4, "<dict of 0>"),
        (1, "write", "dict#1", 4, "<dict of 0>"),
    ]
    text = explain(finding(steps, TWO), width=140)
    assert "is lost" not in text
    assert "In step 1 it saw a dict of 1: Thread-2 has written since, in step 2." in text


def test_a_read_names_the_writer_only_if_it_is_the_value_that_was_written(
    finding: Callable[..., Finding],
) -> None:
    steps = [
        (1, "write", "Counter#1.value", 4, "1"),
        (2, "acquire", "Event#1", 5),  # orders them, so nothing is wrong about the two
        (2, "read", "Counter#1.value", 4, "7"),
    ]
    assert "which Thread-1 wrote" not in explain(finding(steps, TWO), width=140)


def test_a_lost_wakeup_says_that_the_notification_came_first(found: Callable[..., Finding]) -> None:
    text = " ".join(found("wakeup").explain().split())
    assert "Thread-1 waits to be notified on Condition." in text
    assert "Thread-1 waits at explained_wakeup.py:10 in Box.consume. Thread-2 notified" in text
    assert "before this wait began. A notification is not kept for whoever comes later" in text
    assert "nobody is left who could wake one." in text


def test_an_event_that_nobody_sets_is_said_to_be_so(found: Callable[..., Finding]) -> None:
    text = " ".join(found("unset").explain().split())
    assert "Nobody else has set Event in this run." in text


def test_a_deadlock_says_who_holds_what_since_where(found: Callable[..., Finding]) -> None:
    text = " ".join(found("deadlock").explain().split())
    assert "DEADLOCK: Thread-1 and Thread-2 wait for each other, for ever." in text
    assert "at explained_deadlock.py:30 in one; Thread-2 holds it since" in text
    assert "at explained_deadlock.py:33 in two; Thread-1 holds it since" in text
    assert "If all took Lock#1 and Lock#2 in the same order, this could not happen." in text


def test_a_lock_order_says_that_another_run_can_deadlock(found: Callable[..., Finding]) -> None:
    finding = found("deadlock", fail_on="lock-order")
    if finding.kind.name == "DEADLOCK":
        pytest.skip("the first schedule that failed was the deadlock itself")
    text = finding.explain()
    assert "this run went well" in text
    assert "(one) takes Lock" in text


def test_a_livelock_names_who_goes_round(found: Callable[..., Finding]) -> None:
    text = " ".join(found("spin").explain().split())
    assert "LIVELOCK: Thread-1 and Thread-2 go round for ever." in text
    assert "for ever; nothing changes" in text


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(finding: Callable[..., Finding], width: int) -> None:
    text = explain(finding(LOST_UPDATE, TWO), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_each_kind_of_step_reads_as_a_sentence(finding: Callable[..., Finding]) -> None:
    steps = [
        (1, "acquire", "Lock#1", 5),
        (2, "try", "Lock#1", 5),
        (2, "blocks on", "Lock#1", 6),
        (2, "timed out on", "Lock#1", 6),
        (1, "release", "Lock#1", 5),
        (2, "sleep", "the time", 6),
        (2, "blocks on", "the time", 6),
        (2, "time", "the time", 6),
        (2, "timed out on", "the time", 6),
        (1, "opaque", "list#1", 4),
        (2, "write", "list#1", 4, "<list of 2>"),
    ]
    text = explain(finding(steps, TWO), width=140)
    told = [
        line.partition(". ")[2].partition(" (")[0] for line in text.splitlines() if ". " in line
    ]
    assert told == [
        "Thread-1 takes Lock.",
        "Thread-2 has to wait for Lock.",
        "Thread-2 gives up waiting for Lock: its timeout is over.",
        "Thread-1 gives back Lock.",
        "Thread-2 goes to sleep.",
        "Thread-2 wakes up.",
        "Thread-1 passes list to code that is not instrumented, which may change it.",
        "Thread-2 writes a list of 2 to list. Nothing orders this and step 7.",
    ]
