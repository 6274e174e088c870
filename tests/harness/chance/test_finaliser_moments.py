"""Weak reference callbacks and finalisers run at the same moments in every execution."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import harness
from harness.campaign import Campaign
from harness.determinism import difference_of, record
from harness.strategies.fair import Alternate


class Node:
    def __init__(self) -> None:
        self.other: Any = None


class Loud:
    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __del__(self) -> None:
        self.log.append("del")


def test_callbacks_and_finalisers_run_when_the_last_reference_goes() -> None:
    logs: list[list[str]] = []

    def body() -> None:
        log: list[str] = []
        logs.append(log)
        node, loud = Node(), Loud(log)
        reference = weakref.ref(node, lambda _gone: log.append("callback"))
        weakref.finalize(node, log.append, "finalize")

        def drop() -> None:
            nonlocal node, loud
            log.append("before")
            node = None  # type: ignore[assignment]
            log.append("between")
            loud = None  # type: ignore[assignment]
            log.append("after")

        thread = threading.Thread(target=drop)
        thread.start()
        thread.join()
        assert reference() is None

    assert harness.explore(body, "random", executions=20).verdict is harness.Verdict.PASSED
    expected = ["before", "finalize", "callback", "between", "del", "after"]
    assert {tuple(sorted(log[1:3])) for log in logs} == {("callback", "finalize")}
    assert all(sorted(log) == sorted(expected) and log[3:] == expected[3:] for log in logs)
    assert len({tuple(log) for log in logs}) == 1


def test_cycles_are_not_collected_inside_an_execution() -> None:
    """Else the moment would depend on what earlier executions left behind."""
    deaths: list[int] = []

    def body() -> None:
        alive = []
        for _ in range(2_000):  # three times what starts a collection
            one, two = Node(), Node()
            one.other, two.other = two, one
            alive.append(weakref.ref(one))
        deaths.append(sum(reference() is None for reference in alive))

    harness.explore(body, "random", executions=5)
    assert set(deaths) == {0}


def test_a_collection_that_the_body_asks_for_is_the_same_each_time() -> None:
    def body() -> None:
        log: list[str] = []
        lock = threading.Lock()
        node = Node()
        node.other = node
        weakref.finalize(node, log.append, "gone")
        del node
        with lock:
            gc.collect()
        if log:
            with lock:
                pass

    with Campaign(model="free-threaded", max_steps=1_000, body=body) as campaign:
        runs = [record(campaign, body, Alternate((), early_timeouts=False)) for _ in range(3)]
    assert all(difference_of(runs[0], run) is None for run in runs[1:])
