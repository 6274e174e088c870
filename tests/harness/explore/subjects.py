"""Bodies that were imported in the ordinary way: tokens are made and replayed across processes."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Box:
    """Something shared."""

    def __init__(self, value: Any = 0) -> None:
        self.value = value


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def assertion() -> None:
    box = Box()

    def add() -> None:
        box.value += 1

    in_tasks(add, add)
    assert box.value == 2


def exception() -> None:
    jobs: queue.Queue[int] = queue.Queue()
    jobs.put(1)

    def take() -> None:
        if not jobs.empty():
            jobs.get_nowait()

    in_tasks(take, take)


def deadlock() -> None:
    one, two = threading.Lock(), threading.Lock()

    def forwards() -> None:
        with one, two:
            pass

    def backwards() -> None:
        with two, one:
            pass

    in_tasks(forwards, backwards)


def lost_wakeup() -> None:
    condition = threading.Condition()

    def wait() -> None:
        with condition:
            condition.wait()

    def wake() -> None:
        with condition:
            condition.notify()

    in_tasks(wait, wake)


def leaked_task() -> None:
    event, box = threading.Event(), Box(value=False)

    def wait() -> None:
        if not box.value:
            event.wait()

    threading.Thread(target=wait).start()
    box.value = True


BY_KIND = {
    "ASSERTION": assertion,
    "EXCEPTION": exception,
    "DEADLOCK": deadlock,
    "LOST_WAKEUP": lost_wakeup,
    "LEAKED_TASK": leaked_task,
}
