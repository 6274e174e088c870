"""Programs that took thought: several waiters, misuse, barriers, tasks of tasks, timeouts."""

from __future__ import annotations

import pytest

from tests.harness.dpor.dpor_proof import compare
from tests.harness.dpor.generated_programs import Program

WAIT = "with w.condition:\n    v = w.condition.wait()"
PROGRAMS: dict[str, tuple[str, ...]] = {
    "two waiters, one notified, one told by a timeout": (
        "with w.condition:\n    v = w.condition.wait(1)",
        WAIT,
        "w.condition.acquire()\nw.condition.notify()",
    ),
    "two waiters, both notified at once": (
        WAIT,
        WAIT,
        "with w.condition:\n    w.condition.notify(2)",
    ),
    "a notification that nobody waits for": (
        "w.a = 1\n" + WAIT,
        "with w.condition:\n    w.condition.notify()",
    ),
    "a condition over a plain lock, notified by who does not hold it": (
        "with w.bare:\n    w.a = 1",
        "w.bare.notify()",
    ),
    "an event set and cleared at once": (
        "w.event.wait()",
        "w.event.set()\nw.event.clear()",
    ),
    "an event and its timeout, set twice": (
        "v = w.event.wait(1)",
        "w.event.set()",
        "w.event.set()",
    ),
    "a semaphore that is given two": (
        "w.gate.acquire()\nw.a += 1",
        "w.gate.acquire()\nw.a += 1",
        "w.gate.release(2)",
    ),
    "a barrier and its timeout": ("v = w.barrier.wait(1)", "v = w.barrier.wait()"),
    "a barrier that is aborted": ("v = w.barrier.wait()", "w.barrier.abort()"),
    "a lock that another task releases": (
        "w.lock.acquire()\nw.a += 1",
        "w.lock.release()\nw.a += 1",
    ),
    "a lock that is wanted for a while": (
        "v = w.lock.acquire(timeout=1)",
        "w.lock.acquire()\nw.a = 1\nw.lock.release()",
    ),
    "a lock and a try": (
        "with w.lock:\n    w.a = 1",
        "v = w.lock.acquire(False)\nif v:\n    w.lock.release()",
    ),
    "a queue between two": ("v = w.simple.get()", "w.simple.put(1)\nw.simple.put(2)"),
    "a queue whose taker gives up": ("v = w.simple.get(timeout=1)", "w.simple.put(1)"),
    "tasks that are asked for": (
        "t = w.spawn(lambda: setattr(w, 'a', 1))\nv = t.is_alive(), threading.active_count()",
        "w.b = 1",
    ),
    "a join that gives up": (
        "t = w.spawn(lambda: setattr(w, 'a', 1))\nt.join(1)\nv = w.a",
        "pass",
    ),
    "tasks that start tasks": (
        "w.spawn(lambda: setattr(w, 'a', 1))\nv = w.a",
        "w.spawn(lambda: setattr(w, 'a', 2))",
    ),
    "sleeps and the clock": ("time.sleep(1)\nv = time.monotonic()", "time.sleep(2)"),
    "a clock that two read": ("v = time.monotonic()", "v = time.monotonic()"),
    "a predicate that is waited for a while": (
        "with w.condition:\n    v = w.condition.wait_for(lambda: w.a, timeout=1)",
        "with w.condition:\n    w.a = 1\n    w.condition.notify()",
    ),
    "a class attribute until somebody assigns it": ("w.shared += 1", "w.shared += 1"),
    "an index from the end": ("w.other.append(2)", "v = w.other[-1]"),
    "items added in an order": ("w.table['k'] = 1", "w.table['j'] = 1"),
    "an iterator that two use up": ("v = next(w.walk, 0)", "v = next(w.walk, 0)"),
    "two lists compared": ("v = w.items == w.other", "w.items.append(1)\nw.other.append(2)"),
    "an exception with a lock": (
        "with w.lock:\n    raise ValueError",
        "with w.lock:\n    w.a = 1",
    ),
}


def program_of(tasks: tuple[str, ...]) -> Program:
    lines = []
    for number, text in enumerate(tasks):
        lines += [f"def task_{number}(w):", "    v = None"]
        lines += [f"    {line}" for line in text.splitlines()]
        lines.append("    return v")
    return Program("\n".join(lines) + "\n", len(tasks))


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_took_thought_is_searched_without_loss(name: str) -> None:
    found = compare(program_of(PROGRAMS[name]), cap=20_000)
    assert found is not None
    found.check()
