"""Where started threads begin: together, and each on its processor.

Threads that a test starts one after the other mostly run one after the other: the first is through
before the last has begun. A barrier would help, and it would order them; so they meet at the next
tick of a common clock, which needs nothing shared.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from itertools import count
from typing import TYPE_CHECKING

from stress.chance import Chance

if TYPE_CHECKING:
    from collections.abc import Callable


class Starts:
    """Changes how threads of this process begin, from entering to leaving.

    Args:
        gather_s: Length of a tick; half of the threads wait for the next one.
        processors: Each new thread gets the next of them; empty: those that it has anyway.
    """

    def __init__(self, *, gather_s: float, processors: tuple[int, ...], seed: int) -> None:
        self._gather_s = gather_s
        self._processors = processors
        self._seed = seed
        self._numbers = count()
        self._original: Callable[[threading.Thread], None] = threading.Thread.start

    def __enter__(self) -> Starts:  # noqa: PYI034  # final in effect
        original = self._original = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            """Start the thread's activity, at the place and time that the noise gives it."""
            # The number is given by who starts, so that it does not hang on who is quicker.
            self._prepare(thread, next(self._numbers))
            try:
                original(thread)
            except BaseException:
                vars(thread).pop("run", None)  # it never began, or it runs already
                raise

        threading.Thread.start = start  # type: ignore[method-assign, assignment]  # what this is for
        return self

    def __exit__(self, *_exc: object) -> None:
        threading.Thread.start = self._original  # type: ignore[method-assign, assignment]  # as above

    def begin_round(self) -> None:
        """Count threads from 0 again."""
        self._numbers = count()

    def _prepare(self, thread: threading.Thread, number: int) -> None:
        if "run" in vars(thread):
            return  # somebody else has put a function in its place
        run = thread.run

        def begin() -> None:
            vars(thread).pop("run", None)
            self._place(number)
            self._wait(number)
            run()

        thread.run = begin  # type: ignore[method-assign]  # for this one start

    def _place(self, number: int) -> None:
        if self._processors:
            processor = self._processors[number % len(self._processors)]
            with contextlib.suppress(OSError):  # it was taken from this process meanwhile
                os.sched_setaffinity(0, {processor})  # of the calling thread alone

    def _wait(self, number: int) -> None:
        if self._gather_s and Chance(self._seed, number).share() < 0.5:  # noqa: PLR2004  # half
            time.sleep(self._gather_s - time.monotonic() % self._gather_s)


def can_pin() -> bool:
    """Whether this system binds threads to processors."""
    return sys.platform == "linux"
