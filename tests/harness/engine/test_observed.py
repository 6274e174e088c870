"""Strategies see what every task is about to do, and only tasks that can do it are offered."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import Verdict
from harness.campaign import Campaign
from harness.strategies.random_walk import RandomWalk
from harness.strategies.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.engine.task import Task

EXECUTIONS = 150


class Box:
    def __init__(self) -> None:
        self.n = 0


def everything() -> None:
    """Use every primitive that can make a task wait, with and without a deadline."""
    box, lock, event = Box(), threading.Lock(), threading.Event()
    gate, items, free = threading.Condition(), queue.Queue[int](1), queue.SimpleQueue[int]()
    slots = threading.Semaphore(1)

    def first() -> None:
        with lock:
            box.n += 1
        event.wait(5)
        with slots:
            items.put(1)
        if lock.acquire(timeout=1):
            lock.release()
        event.clear()
        free.put(1)

    def second() -> None:
        with slots, lock:
            box.n += 1
        event.set()
        items.get(timeout=3) if box.n else None
        with gate:
            gate.wait_for(lambda: box.n > 1, timeout=2)
        free.get()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    with gate:
        gate.notify_all()
    threads[0].join(timeout=1)
    try:
        items.get_nowait()
    except queue.Empty:
        items.put(2)
    for thread in threads:
        thread.join()


def guarded() -> None:
    with contextlib.suppress(queue.Empty):
        everything()


class Watching:
    """Chooses as another strategy does, and checks what the engine tells."""

    operations = True

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.early_timeouts = False
        self.performed: list[tuple[int, object, str]] = []
        self.offered: list[list[tuple[int, object, Any, bool]]] = []
        self.left: list[tuple[str, object]] = []
        self.ending = ""

    def begin(self, execution: int) -> bool:
        going_on: bool = self._inner.begin(execution)
        self.early_timeouts = self._inner.early_timeouts
        return going_on

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        self.offered.append([(t.id, t.pending[0], t.pending[1], t.parked) for t in ready])
        chosen: Task = self._inner.pick(ready, current)
        self.chosen = chosen.id, chosen.pending[0]
        return chosen

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # the Protocol
        chosen = getattr(self, "chosen", None)
        if chosen is not None:
            assert chosen == (task.id, task.pending[0]), "it did something else than it said"
        self.chosen = None  # type: ignore[assignment]  # nobody was chosen for what comes next
        kind, obj, _ = task.pending
        self.performed.append((task.id, kind, type(obj).__name__))

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:
        self.ending = ending.kind.name
        self.left = [(t.name, t.pending[0]) for t in tasks if not t.finished]


def in_three_ways(
    body: Callable[[], None], seed: int
) -> list[tuple[str, list[int]]]:  # (ending, schedule)
    with Campaign(model="free-threaded", max_steps=5_000, body=body) as campaign:
        walk = RandomWalk(seed)
        walk.begin(0)
        walk.early_timeouts = bool(seed % 2)
        ending, schedule = campaign.run(body, walk)
        found = [(ending.kind.name, schedule)]
        for wrap in (lambda strategy: strategy, Watching):
            replay = Replay(tuple(schedule), early_timeouts=walk.early_timeouts)
            strategy = wrap(replay)
            strategy.begin(0)
            ending, schedule = campaign.run(body, strategy, recorder=None)
            found.append((ending.kind.name, schedule))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_an_observed_execution_decides_where_a_fast_one_does(seed: int) -> None:
    fast, again, observed = in_three_ways(guarded, seed)
    assert fast == again == observed


def test_every_task_does_what_it_said_it_would() -> None:
    strategy = Watching(RandomWalk(3))
    found = harness.explore(guarded, strategy=strategy, executions=EXECUTIONS)
    assert found.verdict is not Verdict.FAILED or found.finding is not None
    labels = {label for _, label, _ in strategy.performed}
    assert {"acquire", "release", "wait", "set", "put", "join", "begin", "end", "timeout"} <= labels


def test_nobody_is_offered_who_could_not_go_on() -> None:  # noqa: C901  # one little world
    held: set[int] = set()

    class Checking(Watching):
        def begin(self, execution: int) -> bool:
            held.clear()
            return super().begin(execution)

        def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
            for task in ready:
                label, obj, _ = task.pending
                if label == "acquire" and type(obj).__name__ == "Lock":
                    assert id(obj) not in held, "a lock that is taken cannot be acquired"
            return super().pick(ready, current)

        def perform(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # the Protocol
            super().perform(task, atomic)
            label, obj, _ = task.pending
            if label == "acquire":
                held.add(id(obj))
            elif label == "release":
                held.discard(id(obj))

    def contended() -> None:
        lock, box = threading.Lock(), Box()

        def work() -> None:
            for _ in range(2):
                with lock:
                    box.n += 1

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert box.n == 6

    strategy = Checking(RandomWalk(1))
    found = harness.explore(contended, strategy=strategy, executions=EXECUTIONS)
    assert found.verdict is Verdict.PASSED, found
    waits = [
        offer for offer in strategy.offered if any(label == "acquire" for _, label, *_ in offer)
    ]
    assert waits, "the check above has seen nothing"


def test_the_end_of_a_deadlock_tells_who_was_about_to_do_what() -> None:
    def crossed() -> None:
        one, other = threading.Lock(), threading.Lock()

        def work(first: Any, second: Any) -> None:
            with first, second:
                pass

        threads = [
            threading.Thread(target=work, args=pair, name=name)
            for name, pair in (("a", (one, other)), ("b", (other, one)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    strategy = Watching(RandomWalk(0))
    with Campaign(model="free-threaded", max_steps=500, body=crossed) as campaign:
        for number in range(EXECUTIONS):
            strategy.begin(number)
            campaign.run(crossed, strategy)
            if strategy.ending == "DEADLOCK":
                break
    assert strategy.left == [("main", "join"), ("a", "acquire"), ("b", "acquire")]
