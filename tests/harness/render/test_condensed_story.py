"""A run of two thousand steps is told in at most twenty: those that its switches are about."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.engine.place import Site
from harness.engine.recorder import Event
from harness.essence import cut, essence, focus

if TYPE_CHECKING:
    from pathlib import Path

LONG = """
    import threading
    class Box:
        def __init__(self):
            self.n = self.m = self.x = 0
    def in_tasks(*works):
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    def idle(box, turns):
        for _ in range(turns):
            box.m = box.m
    def lost_update():
        box = Box()
        def add():
            idle(box, 300)
            value = box.n
            idle(box, 100)
            box.n = value + 1
            idle(box, 100)
        in_tasks(add, add)
        assert box.n == 2
    def many_updates():
        box = Box()
        def add():
            for _ in range(500):
                box.n += 1
        in_tasks(add, add)
        assert box.n == 1000
    def deadlock():
        box, one, two = Box(), threading.Lock(), threading.Lock()
        def take(first, second):
            idle(box, 480)
            with first, second:
                pass
        in_tasks(lambda: take(one, two), lambda: take(two, one))
    def lost_wakeup():
        box, condition = Box(), threading.Condition()
        def wait():
            idle(box, 480)
            with condition:
                condition.wait()
        def wake():
            idle(box, 480)
            with condition:
                condition.notify()
        in_tasks(wait, wake)
    def twice():
        box = Box()
        def flip():
            idle(box, 250)
            box.x = 1
            idle(box, 250)
            box.x = 0
        def look():
            idle(box, 250)
            first = box.x
            idle(box, 250)
            assert not (first == 1 and box.x == 0)
        in_tasks(flip, look)
"""
KINDS = {"lost_update": "ASSERTION", "many_updates": "ASSERTION", "deadlock": "DEADLOCK",
         "lost_wakeup": "LOST_WAKEUP", "twice": "ASSERTION"}  # fmt: skip
TOLD = {  # what a reader must see, in this order
    "lost_update": ["read Box.n → 0", "read Box.n → 0", "write Box.n ← 1", "write Box.n ← 1"],
    "many_updates": ["read Box.n", "write Box.n", "read Box.n"],
    "deadlock": ["acquire Lock", "acquire Lock", "wait for Lock", "wait for Lock"],
    "lost_wakeup": ["notify Condition", "wait for Condition"],
    "twice": ["write Box.x ← 1", "read Box.x → 1", "write Box.x ← 0", "read Box.x → 0"],
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_two_thousand_steps_are_told_in_twenty(
    name: str, strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"long_{name}_{strategy}"
    (tmp_path / f"{module}.py").write_text(textwrap.dedent(LONG), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    body: Any = getattr(__import__(module), name)
    finding = harness.explore(body, strategy, executions=3_000, seed=1).finding
    assert finding is not None
    assert finding.kind.name == KINDS[name]
    story = str(finding)
    shown = re.search(r"\((\d+) steps, (\d+) switch\w*, (\d+) more left out;", story)
    assert shown is not None
    steps, switches, left_out = map(int, shown.groups())
    assert steps <= 20
    assert switches <= 5
    assert left_out > 900
    at = story.index("How it came to be")
    for words in TOLD[name]:
        at = story.index(words, at) + len(words)
    assert re.search(
        r"^Shrunk:  \d+ switches in \d+ operations became [1-5] in \d+$", story, re.MULTILINE
    )
    again = harness.replay(body, finding.token)
    assert again is not None


def event(task: int, kind: str, target: str) -> Event:
    return Event(0, task, f"T{task}", kind, target, Site("a.py", 1, "f"))


IDLE = [event(1, "read", "Box.m")] * 30


def test_the_place_that_a_switch_kept_a_task_from_matters() -> None:
    run = [*IDLE, event(2, "write", "Box.n"), event(1, "write", "Box.n"), *IDLE]
    assert focus(run) == {"Box.n", "Box.m"}  # the end is where it failed
    assert {30, 31} <= essence(run)
    assert essence(run) == {0, 29, 30, 31, 32, 61}


def test_what_a_task_waits_for_matters_to_its_beginning() -> None:
    run = [event(1, "acquire", "Lock"), *IDLE, event(2, "blocks on", "Lock")]
    assert essence(run) == {0, 31}


def test_of_many_alike_the_first_and_the_last_are_kept() -> None:
    run = [
        *[event(1, "write", "Box.n")] * 50,
        event(2, "read", "Box.n"),
        event(1, "write", "Box.n"),
    ]
    assert essence(run) == {0, 49, 50, 51}


def test_a_cut_trace_keeps_what_matters_in_its_middle() -> None:
    run = [*IDLE * 4, event(2, "write", "Box.n"), event(1, "write", "Box.n"), *IDLE * 4,
           event(1, "end", "")]  # fmt: skip
    kept = cut(run, 20)
    assert [one.target for one in kept].count("Box.n") == 2
    assert 20 <= len(kept) < 30
    assert cut(run[:20], 20) == tuple(run[:20])
    assert essence([]) == focus([]) == set()
