"""Small concurrent programs, drawn by Hypothesis and written as ordinary Python source.

Each task is a function of instrumented code that works on one world, and returns what it saw. The
body that starts and joins them is not instrumented: its own steps would fill the search space.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from harness.instrument import instrument_source
from tests.harness.dpor.naive_search import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

# A statement is some lines; V is a local variable of its own that the task returns, N a number.
PLAIN: Final = (
    "V = w.a",
    "w.a = N",
    "w.a += N",
    "w.b += N",
    "w.b = w.a + N",
    "w.shared += N",
    "V = w.shared",
    "if w.items:\n    w.items.append(N)",
    "if not w.items:\n    V = N",
    "V = len(w.items)",
    "V = N in w.items",
    "for V in w.items:\n    break",
    "w.items.append(N)",
    "V = w.items.pop()",
    "V = w.items[0]",
    "V = w.items[-1]",
    "w.items[0] = N",
    "del w.items[0]",
    "w.items = [N]",
    "V = list(w.items)",
    "V = sorted(w.items)",
    "V = sum(w.items)",
    "V = w.items + [N]",
    "V = w.items == w.other",
    "w.items += [N]",
    "w.other.append(N)",
    "V, *_ = w.items",
    "V = [*w.items, *w.other]",
    "V = f'{w.items}'",
    "V = list(zip(w.items, w.other))",
    "V = max(w.items)",
    "w.table['k'] = N",
    "V = w.table['k']",
    "V = w.table.get('k')",
    "V = 'k' in w.table",
    "w.table['j'] = N",
    "V = len(w.table)",
    "V = list(w.table)",
    "del w.table['k']",
    "w.table.setdefault('k', N)",
    "w.bag.add(N)",
    "V = N in w.bag",
    "V = set(w.bag)",
    "setattr(w, 'a', N)",
    "V = getattr(w, 'a')",
    "V = next(w.walk, N)",
    "for V in w.walk:\n    break",
    "V = touch(w.items)",
    "touch(w.table)",
    "raise ValueError",
)
SYNC: Final = (
    "with w.lock:\n    w.a += N",
    "with w.lock:\n    pass",
    "with w.lock:\n    V = w.a\nw.b = N",
    "with w.rlock:\n    with w.rlock:\n        w.b += N",
    "with w.rlock:\n    w.a = N",
    "w.lock.acquire()",
    "w.lock.release()",
    "V = w.lock.locked()",
    "V = w.lock.acquire(False)",
    "if w.lock.acquire(timeout=N):\n    w.a += 1\n    w.lock.release()",
    "V = w.lock.acquire(timeout=N)",
    "with w.lock:\n    with w.rlock:\n        w.a += 1",
    "with w.rlock:\n    with w.lock:\n        w.b += 1",
    "with w.condition:\n    w.condition.wait()",
    "with w.condition:\n    V = w.condition.wait(N)",
    "with w.condition:\n    w.condition.notify()",
    "with w.condition:\n    w.condition.notify_all()",
    "with w.condition:\n    w.a = N\n    w.condition.notify()",
    "with w.condition:\n    while not w.a:\n        w.condition.wait()",
    "with w.condition:\n    V = w.condition.wait_for(lambda: w.a, timeout=N)",
    "w.condition.notify()",
    "w.event.set()",
    "w.event.clear()",
    "w.event.wait()",
    "V = w.event.is_set()",
    "V = w.event.wait(N)",
    "w.semaphore.acquire()",
    "w.semaphore.release()",
    "V = w.semaphore.acquire(False)",
    "V = w.semaphore.acquire(timeout=N)",
    "with w.semaphore:\n    w.a += N",
    "w.gate.acquire()",
    "w.gate.release(2)",
    "V = w.gate.acquire(timeout=N)",
    "w.bare.notify()",
    "with w.bare:\n    w.bare.wait(N)",
    "with w.bare:\n    w.bare.notify(2)",
    "V = w.barrier.wait()",
    "V = w.barrier.wait(N)",
    "w.barrier.abort()",
    "w.lifo.put(N)",
    "V = w.lifo.get_nowait()",
    "V = w.lifo.get()\nw.lifo.task_done()",
    "w.lifo.join()",
    "w.bounded.release()",
    "w.bounded.acquire()",
    "w.simple.put(N)",
    "V = w.simple.get()",
    "V = w.simple.get_nowait()",
    "V = w.simple.get(timeout=N)",
    "V = w.simple.qsize()",
    "w.queue.put(N)",
    "V = w.queue.get()",
    "V = w.queue.empty()",
    "V = w.queue.get_nowait()",
    "w.queue.put_nowait(N)",
    "V = w.queue.get(timeout=N)",
    "time.sleep(N)",
    "time.sleep(0)",
    "V = time.monotonic()",
    "def inner():\n    w.a += N\nV = w.spawn(inner)\nV.join()\nV = 0",
    "def inner():\n    w.b = N\nV = w.spawn(inner)\nV.join(N)\nV = V.is_alive()",
    "def inner():\n    with w.lock:\n        w.b += N\nV = w.spawn(inner)\nV = V.is_alive()",
    "V = threading.active_count()",
)
# What a program may be about.
THEMES: Final = (
    *("w.a", "w.b", "w.items", "w.other", "w.table", "w.bag", "w.walk", "w.shared"),
    *("w.lock", "w.rlock", "w.condition", "w.event", "w.semaphore", "w.bounded"),
    *("w.gate", "w.bare", "w.barrier", "w.lifo"),
    *("w.simple", "w.queue", "time.", "inner", "raise", "threading"),
)


def _make(module: Any, name: str, *arguments: int) -> Any:  # a twin, inside an execution
    return getattr(module, name)(*arguments)


PRIMITIVES: Final[dict[str, Callable[[], Any]]] = {
    # By name: inside an execution the names stand for twins.
    "lock": partial(_make, threading, "Lock"),
    "rlock": partial(_make, threading, "RLock"),
    "condition": partial(_make, threading, "Condition"),
    "event": partial(_make, threading, "Event"),
    "semaphore": partial(_make, threading, "Semaphore", 1),
    "bounded": partial(_make, threading, "BoundedSemaphore", 1),
    "simple": partial(_make, queue, "SimpleQueue"),
    "queue": partial(_make, queue, "Queue", 1),
    "lifo": partial(_make, queue, "LifoQueue"),
    "barrier": partial(_make, threading, "Barrier", 2),
    "gate": partial(_make, threading, "Semaphore", 0),
    "bare": lambda: threading.Condition(threading.Lock()),
}


class World:
    """What the tasks of one execution share."""

    shared = 0  # found in the class until somebody assigns it

    def __init__(self, source: str) -> None:
        self.a = 0
        self.b = 0
        self.items: list[int] = []
        self.other = [1]
        self.table: dict[str, int] = {}
        self.bag: set[int] = set()
        self.walk = iter([5, 6])
        self.threads: list[threading.Thread] = []
        self.results: dict[str, Any] = {}
        for name, make in PRIMITIVES.items():  # only what the program names: they are made often
            if f"w.{name}" in source:
                setattr(self, name, make())

    def spawn(self, target: Callable[[], object]) -> threading.Thread:
        """Start a thread that notes what became of it."""
        name = f"inner {len(self.threads)}"
        thread = threading.Thread(target=self.run, args=(name, target))
        self.threads.append(thread)
        thread.start()
        return thread

    def run(self, name: str, function: Callable[..., object], *arguments: object) -> None:
        """Keep what a task returns, or the class of what it raises."""
        try:
            self.results[name] = frozen(function(*arguments))
        except Exception as error:  # noqa: BLE001  # whatever a generated program raises
            self.results[name] = type(error).__name__

    def state(self) -> Any:  # to be compared
        """Return everything that can be told about the world and about what the tasks saw."""
        plain = (self.a, self.b, self.shared, self.items, self.other, self.table, self.bag)
        left = getattr(self, "queue", None)
        waiting = [] if left is None else list(left.queue)
        return frozen((*plain, sorted(self.results.items()), waiting))


def touch(container: Any) -> int:  # a list or a dictionary
    """Change and read a container in code that nobody sees into."""
    if isinstance(container, list):
        container.append(9)
    else:
        container["t"] = len(container)
    return len(container)


@dataclass(frozen=True, slots=True)
class Program:
    """The source of one program, and its tasks; the first runs in the body's own thread."""

    source: str
    tasks: int

    def make_body(self, worlds: list[World]) -> Callable[[], None]:
        """Return a body that puts the world of each execution into `worlds`."""
        names: dict[str, Any] = {"time": time, "threading": threading, "touch": touch}
        exec(instrument_source(self.source, "<generated>", "generated"), names)  # noqa: S102  # what it is for
        tasks = [names[f"task_{number}"] for number in range(self.tasks)]

        def body() -> None:
            world = World(self.source)
            worlds.append(world)
            threads = [
                threading.Thread(target=world.run, args=(f"task {number}", task, world))
                for number, task in enumerate(tasks[1:], 1)
            ]
            for thread in threads:
                thread.start()
            world.run("task 0", tasks[0], world)
            for thread in threads:
                thread.join()

        return body


def _themes(count: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(THEMES), min_size=count, max_size=count)


@st.composite
def programs(draw: DrawFn) -> Program:
    """Draw a program of 2 to 4 tasks."""
    tasks = draw(st.sampled_from((2, 2, 2, 3, 3, 4)))
    longest = {2: 4, 3: 3, 4: 2}[tasks]
    # One or two things in a program, and few kinds of statements: the tasks' operations meet.
    themes = draw(st.sampled_from((1, 1, 2)).flatmap(_themes))
    about = [text for text in PLAIN + SYNC if any(theme in text for theme in themes)]
    pool = draw(st.lists(st.sampled_from(about), min_size=2, max_size=4))
    lines = []
    for number in range(tasks):
        count = draw(st.integers(1, longest))
        statements = [draw(st.sampled_from(pool)) for _ in range(count)]
        lines += _function(number, statements, [draw(st.integers(1, 2)) for _ in statements])
    return Program("\n".join(lines) + "\n", tasks)


def _function(number: int, statements: list[str], numbers: list[int]) -> list[str]:
    values = [f"v{index}" for index in range(len(statements))]
    lines = [f"def task_{number}(w):", f"    {' = '.join(values)} = None"]
    for value, statement, amount in zip(values, statements, numbers, strict=True):
        text = statement.replace("V", value).replace("N", str(amount))
        text = text.replace(f"{amount}one", "None").replace(f"{value}alueError", "ValueError")
        lines += [f"    {line}" for line in text.splitlines()]
    lines.append(f"    return ({', '.join(values)},)")
    return lines
