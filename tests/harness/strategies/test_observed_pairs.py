"""Reads-from pairs as numbers: those of the relation that `rff` follows, alike in every process."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from harness.campaign import Campaign
from harness.exploring import visible_body
from harness.strategies import ObservedPairs
from harness.strategies.reads_from import ReadsFrom

if TYPE_CHECKING:
    from collections.abc import Callable


class Both:
    """Follows the relation in both ways, under random schedules."""

    operations = True

    def __init__(self) -> None:
        self.pairs = ObservedPairs()
        self.relation = ReadsFrom()
        self.rng = random.Random(1)

    def begin(self, execution: int) -> bool:
        self.pairs.begin()
        self.relation.begin()
        return True

    def pick(self, ready: Any, current: Any) -> Any:
        chosen = self.rng.choice(ready)
        self.pairs.look(chosen)
        return chosen

    def perform(self, task: Any, atomic: bool) -> None:  # noqa: FBT001  # Protocol
        self.pairs.perform(task)
        self.relation.perform(task)

    def finish(self, tasks: Any, ending: Any) -> None:
        self.relation.finish()


def in_threads(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def attributes() -> None:
    state = SimpleNamespace(first=0, second=0)

    def write() -> None:
        state.first = 1
        state.second = state.first + 1

    def read() -> None:
        if state.second:
            assert state.first

    in_threads(write, read, read)


def containers() -> None:
    items: list[int] = []
    table: dict[str, int] = {}

    def put() -> None:
        items.append(1)
        table["one"] = len(items)

    def take() -> None:
        if items:
            items.pop()
        table.get("one")
        table["two"] = 2

    in_threads(put, take, take)


def primitives() -> None:
    lock, event = threading.Lock(), threading.Event()
    state = SimpleNamespace(count=0)

    def work() -> None:
        with lock:
            state.count += 1
        event.set()

    def wait() -> None:
        event.wait(1.0)
        with lock:
            assert state.count >= 0

    in_threads(work, work, wait)


@pytest.mark.parametrize("body", [attributes, containers, primitives])
def test_there_are_as_many_pairs_as_the_full_relation_has(body: Callable[[], None]) -> None:
    both = Both()
    seen = set()
    with (
        visible_body(body) as (runnable, _),
        Campaign(model="free-threaded", max_steps=5_000, body=runnable) as campaign,
    ):
        for number in range(60):
            both.begin(number)
            campaign.run(runnable, both)
            # Lines are coarser than instructions, so two pairs may be one; never the other way.
            assert 0 < len(both.pairs.numbers) <= len(both.relation.pairs)
            seen.add((len(both.pairs.numbers), frozenset(both.relation.pairs)))
    assert len(seen) > 1


def test_the_execution_before_leaves_nothing_behind() -> None:
    both = Both()
    with (
        visible_body(attributes) as (runnable, _),
        Campaign(model="free-threaded", max_steps=5_000, body=runnable) as campaign,
    ):
        both.begin(0)
        campaign.run(runnable, both)
        assert both.pairs.numbers
        assert both.pairs.reads
        assert both.pairs.writes
        both.begin(1)
        assert both.pairs.numbers == set()
        assert (both.pairs.reads, both.pairs.writes) == (0, 0)
