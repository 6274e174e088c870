"""A coroutine function as a body: what runs is an event loop made for the purpose.

The loop waits on virtual time and has no descriptors of its own: making an ordinary one for each
execution (a selector, a pair of sockets) takes longer than running a small body.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.judged import JudgedBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def runnable_body(body: Callable[[], Any]) -> Iterator[tuple[Callable[[], Any], str]]:
    """Yield what to run for a body, with its accesses made visible, and why they are not if so."""
    from harness.instrument.in_place import visible  # noqa: PLC0415  # keeps the import light

    if isinstance(body, JudgedBody):
        with body.visible() as invisible:
            yield body, invisible
        return
    with visible(body) as (chosen, invisible):
        if inspect.iscoroutinefunction(body):
            yield as_plain(chosen), invisible
        else:
            yield chosen, invisible


def as_plain(body: Callable[[], Any]) -> Callable[[], Any]:
    """Return a plain function that runs a coroutine function in an event loop of its own."""
    import asyncio  # noqa: PLC0415  # keeps the import light

    from harness.primitives.virtual_loop import VirtualLoop  # noqa: PLC0415  # it needs asyncio

    named = body.func if isinstance(body, functools.partial) else body

    def run() -> Any:  # noqa: ANN401  # whatever the coroutine returns
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(body())

    run.__qualname__ = getattr(named, "__qualname__", "coroutine")
    run.__name__ = getattr(named, "__name__", "coroutine")
    return run
