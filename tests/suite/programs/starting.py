"""Starts the threads of a program, in a fixed order, and joins them.

Every program ends with one call of `in_threads`. So the same text serves two kinds of tools: those
that take a body and control the threads it starts, and those that want to be given the threads
and start them themselves (`handed_over`).
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[[], object]


class Cast(NamedTuple):
    """The threads of one program, not started, and what must hold when all have ended."""

    works: list[Work]
    check: Work | None


_handed_over: list[Cast] | None = None


def in_threads(*works: Work, main: Work | None = None, check: Work | None = None) -> None:
    """Run each of `works` in a thread of its own, `main` in this one, then `check`.

    Args:
        works: Started in this order.
        main: This thread's own part, once all others are started.
        check: Called when every thread has ended.
    """
    if _handed_over is not None:
        _handed_over.append(Cast([*works, *([main] if main is not None else [])], check))
        return
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    if main is not None:
        main()
    for thread in threads:
        thread.join()
    if check is not None:
        check()


@contextmanager
def handed_over() -> Iterator[list[Cast]]:
    """Collect what programs would start, instead of starting it. Not for several threads."""
    global _handed_over  # noqa: PLW0603  # a program has no argument to pass it by
    _handed_over = []
    try:
        yield _handed_over
    finally:
        _handed_over = None
