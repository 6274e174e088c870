"""Event loops inside tasks: one running loop a task, and waits for I/O on virtual time.

asyncio keeps the running loop in the OS thread's state. An execution that uses a loop sets it anew
after every switch. A selector that would wait parks its task instead: it is polled again when
another task sends on a socket (which is how a loop is woken), and its timeout is virtual.
"""

from __future__ import annotations

import selectors
import sys
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.primitives.deadline import deadline_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.task import Task


def set_real_loop(loop: Any) -> None:  # noqa: ANN401  # any event loop
    """Set the OS thread's running loop."""
    events: Any = sys.modules.get("_asyncio") or sys.modules["asyncio.events"]
    events._set_running_loop(loop)  # noqa: SLF001  # asyncio's own way


def set_running_loop(loop: Any) -> None:  # noqa: ANN401  # any event loop
    """Stand in for `asyncio.events._set_running_loop`."""
    execution = board.current()
    if execution is not None:
        execution.loops = True
        execution.current.loop = loop
    set_real_loop(loop)


class _Ready:
    """What a task in a selector waits for."""

    __slots__ = ()

    def record_name(self) -> str:
        return "a socket"

    def describe_wait(self) -> str:
        return "a socket to become ready"

    def holders(self) -> tuple[Task, ...]:
        return ()


READY = _Ready()


def controlled_select(
    original: Callable[[Any, float | None], list[Any]],
) -> Callable[[Any, float | None], list[Any]]:
    """Return a selector's `select` that waits on virtual time inside an execution."""

    def select(self: Any, timeout: float | None = None) -> list[Any]:  # noqa: ANN401  # any selector
        execution = board.current()
        if execution is None:
            return original(self, timeout)
        execution.step("select", self)
        events = original(self, 0)
        if events or (timeout is not None and timeout <= 0):
            return events
        until_ns = deadline_ns(execution, timeout)
        execution.io_waiters.append(execution.current)
        try:
            while not events:
                in_time = execution.block(READY, until_ns)
                events = original(self, 0)
                if not in_time:
                    break
        finally:
            execution.io_waiters.remove(execution.current)
        return events

    select.original = original  # type: ignore[attr-defined]  # for whoever must not wait
    return select


def poll(selector: Any) -> list[Any]:  # noqa: ANN401  # any selector
    """Return what is ready in a selector now; no step of the execution, and no wait."""
    select = type(selector).select
    found: list[Any] = getattr(select, "original", select)(selector, 0)
    return found


def wake_selectors() -> None:
    """Let every task that waits in a selector look again: something was sent."""
    execution = board.current()
    if execution is not None:
        for task in execution.io_waiters:
            execution.wake(task)


def selector_classes() -> list[type]:
    """Return the selector classes of this platform."""
    names = ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")
    found = [getattr(selectors, name) for name in names if hasattr(selectors, name)]
    # Some have it from a class that they share.
    owners = [next(base for base in cls.__mro__ if "select" in vars(base)) for cls in found]
    return list(dict.fromkeys(owners))
