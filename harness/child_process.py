"""A child process that runs one job and may die of it, as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from harness.child_life import limited, live
from harness.child_start import Child, Start, death_of, fork, spawn
from harness.errors import StuckExecutionError
from harness.exchange import Exchange, Outcome
from harness.headway import Headway
from harness.last_words import read_stack

if TYPE_CHECKING:
    from harness.child_life import Job
    from harness.headway import Progress

FIRST_LOOK_S: Final = 0.0005  # a crash shows within a millisecond; then looks become rarer
LOOK_S: Final = 0.02
PROGRESS_S: Final = 0.25
SILENT_S: Final = 20.0  # the child's own watchdog reports after 4 s and gives up after 8
START_S: Final = 120.0  # until the first execution: a spawned child imports the target first
LAST_WORDS_S: Final = 5.0  # for a child that was interrupted, or told to write its stack


def run_in_child(
    job: Job,
    exchange: Exchange,
    *,
    start: Start,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run `job(send)` in a child, and wait for its end; it is reaped on every path.

    Args:
        job: Gets a function that sends a note to the parent at once, so that notes survive what
            kills the child. What it returns has to be picklable; so has the job, to be spawned.
        memory_bytes: Address space that the child may add to what it begins with; None: no limit.

    Raises:
        StuckExecutionError: The child made no step for too long, and was killed.
    """
    attendance = Attendance(job, exchange, start=start, memory_bytes=memory_bytes)
    try:
        return attendance.wait(progress)
    finally:
        attendance.end()


class Attendance:
    """One child, from its start to its end. `end` has to be called on every path."""

    def __init__(
        self, job: Job, exchange: Exchange, *, start: Start, memory_bytes: int | None = None
    ) -> None:
        exchange.clear()
        job = partial(limited, job, memory_bytes)
        match start:
            case Start.FORK:
                self._child: Child = fork(partial(live, job, exchange))
            case Start.SPAWN:
                self._child = spawn(job, exchange.folder)
        self._exchange = exchange
        self._journal = exchange.journal
        self.outcome = Outcome()
        self.started_s = time.monotonic()
        self._alive_s = self.started_s
        self._seen = self._journal.progress()

    def wait(self, progress: Progress | None = None) -> Outcome:
        """Wait for its end; pass Ctrl-C on.

        Raises:
            StuckExecutionError: It made no step for too long.
        """
        delay_s = FIRST_LOOK_S
        told_s = self.started_s
        while True:
            try:
                if self.poll():
                    return self.outcome
                now_s = time.monotonic()
                if progress is not None and now_s - told_s >= PROGRESS_S:
                    told_s = now_s
                    progress(self.headway())
                time.sleep(delay_s)
                delay_s = min(delay_s * 1.5, LOOK_S)
            except KeyboardInterrupt:
                self.pass_on()

    def poll(self) -> bool:
        """Take what it says, and see how it is; say whether it has ended.

        Raises:
            StuckExecutionError: It made no step for too long.
        """
        status = self._child.status()
        self._look(ended=status is not None)
        if status is None:
            return False
        self._judge(status)
        return True

    def headway(self) -> Headway:
        """Return how far it is."""
        return self.outcome.headway or Headway(
            executions=self._seen[0], elapsed_s=time.monotonic() - self.started_s
        )

    def end(self) -> None:
        """End it with what it started, if it has not ended, and reap it."""
        self._child.kill()

    def _look(self, *, ended: bool) -> None:
        """Take messages, and see whether it is alive."""
        heard = self._exchange.take(self.outcome)
        seen, now_s = self._journal.progress(), time.monotonic()
        if heard or seen != self._seen:
            self._seen, self._alive_s = seen, now_s
        limit_s = SILENT_S if seen[0] else START_S
        if self.outcome.interrupted:
            limit_s = LAST_WORDS_S
        if not ended and now_s - self._alive_s > limit_s:
            raise StuckExecutionError(limit_s, self._ask_for_stack())

    def pass_on(self) -> None:
        """Pass Ctrl-C on once; the child's own handler makes it send what it has."""
        if self.outcome.interrupted:
            raise KeyboardInterrupt
        self.outcome.interrupted = True
        self._alive_s = time.monotonic()
        with contextlib.suppress(ProcessLookupError, OSError):
            os.kill(self._child.pid, signal.SIGINT)

    def _ask_for_stack(self) -> str:
        """Let faulthandler tell where a stuck child stands, which ends it."""
        if sys.platform == "win32":
            return "(in the isolated child)"
        os.kill(self._child.pid, signal.SIGABRT)
        give_up_s = time.monotonic() + LAST_WORDS_S
        while self._child.status() is None and time.monotonic() < give_up_s:
            time.sleep(LOOK_S)
        stack = read_stack(self._exchange.words.read_text("utf-8", "replace"))
        return "\n".join(f"  {line}" for line in stack) or "(in the isolated child)"

    def _judge(self, status: int) -> None:
        outcome = self.outcome
        # What comes after the result is the interpreter's end, and none of the body's business.
        outcome.death = "" if outcome.done else death_of(status)
        outcome.status = status
        if outcome.death:
            outcome.stack = read_stack(self._exchange.words.read_text("utf-8", "replace"))
