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
from typing import TYPE_CHECKING, Final

from stress.spell import Spell

if TYPE_CHECKING:
    from collections.abc import Callable

HALF: Final = 0.5


class Starts:
    """Changes how threads of this process begin, from entering to leaving.

    Args:
        gather_s: Longest tick; half of the threads wait for the next one, in half of the spells.
        processors: Each new thread gets the next of them; empty: those that it has anyway.
    """

    def __init__(self, *, gather_s: float, processors: tuple[int, ...]) -> None:
        self._gather_s = gather_s
        self._tick_s = 0.0
        self._processors = processors
        self._spell = Spell(0, 0, 0)
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

    def begin_spell(self, spell: Spell) -> None:
        """Draw another tick, and count threads from 0 again.

        In half of the spells threads begin at once: where the thread that starts them takes part
        itself, those that wait come too late.
        """
        chance = spell.chance("starts")
        self._tick_s = chance.duration_s(self._gather_s) if chance.share() < HALF else 0.0
        self._spell = spell
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
        if self._processors and sys.platform == "linux":
            processor = self._processors[number % len(self._processors)]
            with contextlib.suppress(OSError):  # it was taken from this process meanwhile
                os.sched_setaffinity(0, {processor})  # of the calling thread alone

    def _wait(self, number: int) -> None:
        tick_s = self._tick_s
        if tick_s and self._spell.chance(("start", number)).share() < HALF:
            time.sleep(tick_s - time.monotonic() % tick_s)


def can_pin() -> bool:
    """Whether this system binds threads to processors."""
    return sys.platform == "linux"
