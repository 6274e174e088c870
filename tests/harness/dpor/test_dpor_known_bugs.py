"""Programs on which another reducing search says "holds": dpor finds the bug, and ends on the twin.

The shortest way to lose a bug to a reduction is to call two operations independent that are not,
or to forget that what waits for ever could have come first. Each program here needs one of these.
"""

from __future__ import annotations

import queue
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import harness
from harness import FindingKind

if TYPE_CHECKING:
    from collections.abc import Callable


def run_together(*targets: Callable[[], object]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- Bluetooth driver: stopping races with work that begins (Qadeer and Wu, PLDI 2004) ------------


def bluetooth(*, correct: bool) -> Callable[[], None]:  # noqa: C901  # one program, as published
    def body() -> None:  # noqa: C901  # as above
        driver = SimpleNamespace(pending=1, stopping=False, stopped=False, bad=False)
        lock = threading.Lock()
        event = threading.Event()

        def enter() -> bool:
            if correct:
                with lock:
                    if driver.stopping:
                        return False
                    driver.pending += 1
                    return True
            if driver.stopping:
                return False
            with lock:
                driver.pending += 1
            return True

        def leave() -> None:
            with lock:
                driver.pending -= 1
                last = driver.pending == 0
            if last:
                event.set()

        def work() -> None:
            if enter():
                driver.bad = driver.bad or driver.stopped
                leave()

        def stop() -> None:
            if correct:
                with lock:
                    driver.stopping = True
            else:
                driver.stopping = True
            leave()
            event.wait()
            driver.stopped = True

        run_together(work, stop)
        assert not driver.bad, "work began after the driver had stopped"

    return body


def flag_then_lock(*, correct: bool) -> Callable[[], None]:
    def body() -> None:
        state = SimpleNamespace(closing=False, closed=False, used_closed=False)
        lock = threading.Lock()

        def use() -> None:
            if correct:
                with lock:
                    state.used_closed = not state.closing and state.closed
                return
            if not state.closing:
                with lock:
                    state.used_closed = state.closed

        def close() -> None:
            state.closing = True
            with lock:
                state.closed = True

        run_together(use, close)
        assert not state.used_closed

    return body


# -- waiting ---------------------------------------------------------------------------------------


def lost_wakeup(*, correct: bool) -> Callable[[], None]:
    def body() -> None:
        state = SimpleNamespace(ready=False)
        condition = threading.Condition()

        def wait() -> None:
            if correct:
                with condition:
                    while not state.ready:
                        condition.wait()
            elif not state.ready:
                with condition:
                    condition.wait()

        def tell() -> None:
            with condition:
                state.ready = True
                condition.notify()

        run_together(wait, tell)

    return body


def bounded_buffer(*, correct: bool) -> Callable[[], None]:
    def body() -> None:
        items: list[int] = []
        condition = threading.Condition()

        def take() -> None:
            with condition:
                if correct:
                    while not items:
                        condition.wait()
                elif not items:
                    condition.wait()
                items.pop()

        def put() -> None:
            with condition:
                items.append(1)
                condition.notify_all()

        run_together(take, take, put, put)

    return body


def empty_then_get(*, correct: bool) -> Callable[[], None]:
    def body() -> None:
        waiting: queue.Queue[int] = queue.Queue()
        waiting.put(1)

        def take() -> None:
            if correct:
                try:
                    waiting.get_nowait()
                except queue.Empty:
                    return
            elif not waiting.empty():
                waiting.get()

        run_together(take, take)

    return body


# -- locks -----------------------------------------------------------------------------------------


def dining(*, correct: bool, seats: int = 5) -> Callable[[], None]:
    def body() -> None:
        forks = [threading.Lock() for _ in range(seats)]

        def eat(seat: int) -> None:
            left, right = seat, (seat + 1) % seats
            if correct:
                left, right = min(left, right), max(left, right)
            with forks[left], forks[right]:
                pass

        threads = [threading.Thread(target=eat, args=(seat,)) for seat in range(seats)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return body


# -- reorder_n: n - 1 setters write a then b, one checker sees them in between (SCTBench) ---------


def reorder(*, correct: bool, threads: int) -> Callable[[], None]:
    def body() -> None:
        pair = SimpleNamespace(a=0, b=0)
        lock = threading.Lock()

        def put() -> None:
            if correct:
                with lock:
                    pair.a, pair.b = 1, -1
            else:
                pair.a = 1
                pair.b = -1

        def check() -> None:
            if correct:
                with lock:
                    a, b = pair.a, pair.b
            else:
                a = pair.a
                b = pair.b
            assert (a, b) in ((0, 0), (1, -1))

        run_together(*[put] * (threads - 1), check)

    return body


# -- alternation: two tasks must take turns `depth` times ------------------------------------------


def alternation(*, correct: bool, depth: int) -> Callable[[], None]:
    def body() -> None:
        state = SimpleNamespace(x=0)

        def climb(parity: int) -> None:
            for step in range(depth):
                if state.x == 2 * step + parity:
                    state.x = 2 * step + parity + 1

        run_together(lambda: climb(0), lambda: climb(1))
        assert correct or state.x < 2 * depth

    return body


PROGRAMS: dict[str, tuple[Callable[..., Callable[[], None]], dict[str, int], set[FindingKind]]] = {
    "bluetooth": (bluetooth, {}, {FindingKind.ASSERTION}),
    "flag then lock": (flag_then_lock, {}, {FindingKind.ASSERTION}),
    "lost wakeup": (lost_wakeup, {}, {FindingKind.LOST_WAKEUP}),
    "bounded buffer": (bounded_buffer, {}, {FindingKind.EXCEPTION}),
    "empty then get": (empty_then_get, {}, {FindingKind.LOST_WAKEUP}),
    "dining 5": (dining, {}, {FindingKind.DEADLOCK}),
    "reorder 3": (reorder, {"threads": 3}, {FindingKind.ASSERTION}),
    "reorder 5": (reorder, {"threads": 5}, {FindingKind.ASSERTION}),
    "alternation 2": (alternation, {"depth": 2}, {FindingKind.ASSERTION}),
    "alternation 3": (alternation, {"depth": 3}, {FindingKind.ASSERTION}),
}
# The traces of a correct twin; dining 5 has 3 631, for it orders every pair of neighbours.
LIMIT = 20_000


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_bug_that_another_search_misses_is_found(name: str) -> None:
    make, arguments, kinds = PROGRAMS[name]
    result = harness.explore(make(correct=False, **arguments), strategy="dpor", executions=LIMIT)
    assert result.finding is not None, result.evidence
    assert result.finding.kind in kinds
    assert harness.replay(make(correct=False, **arguments), result.finding.token) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_correct_twin_is_searched_to_its_end(name: str) -> None:
    make, arguments, _ = PROGRAMS[name]
    result = harness.explore(make(correct=True, **arguments), strategy="dpor", executions=LIMIT)
    assert result.finding is None
    assert result.exhausted, result.evidence
