"""Runs inputs inside a worker, whichever engine makes them: judges, counts, reports.

A failing input does not end the campaign: what it raised is caught here and reported, and the
engine sees an ordinary return. What cannot be caught (a signal, a hang) the parent reads from the
black box.

An execution of ours may cost a fifth of a microsecond, since a bare one of Atheris takes one. So
there is one function of closures on the way, it reads no clock, and it makes three stores and one
comparison: with the count from which on it has to attend to something else. That number is set so
that the worker looks up some fifty times a second. Where a target becomes slow of a sudden, the
parent's signal sets it to 0, and the worker looks up after the present input.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from fuzz.errors import UndecidedError
from fuzz.fuzz_target import MAX_BYTES
from fuzz.triaging.crash import crash_of, full_traceback
from fuzz.workers.black_box import DONE, EXECUTIONS, INPUT, LENGTH, NUMBERS, RESTED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fuzz.fuzz_target import Run
    from fuzz.workers.black_box import BlackBox

LOOK_S: Final = 0.02  # between two looks at clock and orders
_MOST_STEPS: Final = 1 << 20
# By which the parent asks a worker to look up. Sent at the end of a worker's life alone.
LOOK_UP: Final = getattr(signal, "SIGUSR2", None)


class Reporter(Protocol):
    """Where findings are told: a journal."""

    def send(self, kind: str, **fields: Any) -> None:  # noqa: ANN401  # plain values
        """Tell one thing at once."""


class Executor:
    """Runs inputs of one target until the budget ends. Used by one thread of one process.

    Attributes:
        box: The black box: engines write there how many inputs they keep, and places they reach.
        done: The budget has ended, or the parent wants us to end, or there is none any more.
        at_look: Called some fifty times a second, between two inputs. For the engine.
        at_end: Called once `done` is set, after the input that was the last. For the engine.
        on_failure: Called with every input that fails. For the engine.
        lookers: Called like `at_look`, before it.
        failure_takers: Called like `on_failure`, before it.
    """

    def __init__(
        self,
        run: Run,
        box: BlackBox,
        reports: Reporter,
        *,
        runs: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self.done = False
        self.box = box
        self.lookers: list[Callable[[], object]] = []
        self.failure_takers: list[Callable[[bytes], object]] = []
        self.at_look: Callable[[], object] = _nothing
        self.at_end: Callable[[], object] = _nothing
        self.on_failure: Callable[[bytes], object] = _nothing
        self._run = run
        self._reports = reports
        self._runs = runs
        self._ends_s = None if seconds is None else time.monotonic() + seconds
        self._smallest: dict[str, int] = {}  # the length of the smallest input of each finding
        self._features: set[int] = set()
        self._stray: list[BaseException] = []
        self._replayed = 0
        self._owner = os.getpid()
        self._parent = os.getppid()
        self._looked_s = time.monotonic()
        self._looked_at = 0
        self._step = 1
        # Without these an exception in a thread or a finaliser is a line on standard error, and
        # no engine calls that a crash.
        threading.excepthook = lambda args: self._take_stray(args.exc_value)
        sys.unraisablehook = lambda args: self._take_stray(args.exc_value)
        self._begin, self._end, self._one, self._set_take, self._set_limit = self._closures()
        self._look()

    def __call__(
        self, data: bytes, *, count: Callable[[Collection[int]], None] | None = None
    ) -> frozenset[int]:
        """Run one input; return the features that no input had before.

        Args:
            count: Takes the features of this input as soon as they are known.
        """
        told = self._one(data)
        if not told:
            return frozenset()
        if count is not None:
            count(told)
        return self.take(told)

    def take(self, told: Collection[int]) -> frozenset[int]:
        """Note the features of an input; return those that no input had before."""
        fresh = frozenset(told) - self._features
        if fresh:
            self._features |= fresh
            self.box.features = len(self._features)
        return fresh

    def runner(
        self, take: Callable[[Collection[int]], object] | None = None
    ) -> Callable[[bytes], Collection[int] | None]:
        """Return what runs one input as fast as can be, and returns what the target told.

        It does not stop at the end of the budget: look at `done`, or set `at_end`.

        Args:
            take: Gets what the target told of an input, if it told anything.
        """
        if take is not None:
            self._set_take(take)
        return self._one

    def tell(self, kind: str, **fields: Any) -> None:  # noqa: ANN401  # plain values
        """Report something to the parent."""
        self._reports.send(kind, **fields)

    def look_soon(self) -> None:
        """Look up after the next input, whatever was planned."""
        self._set_limit(0)

    def heed_signal(self) -> None:
        """Look up whenever the parent's signal comes; for the main thread of a worker."""
        if LOOK_UP is not None:
            signal.signal(LOOK_UP, lambda *_: self.look_soon())

    def replay(self, data: bytes, name: str) -> None:
        """Run a saved input and report whether it still fails."""
        error = self._try(data)
        self._replayed += 1
        crash = None
        if isinstance(error, UndecidedError):
            self.box.undecided += 1
        elif error is not None:
            crash = crash_of(error, data, story=self._story(error, data), confirmed=True).to_json()
            self._smallest[crash["key"]] = 0  # a saved finding is never reported as a new one
        self._reports.send("replayed", name=name, crash=crash)
        self._look()

    def finish(self) -> None:
        """Tell the parent that the budget ended in good order."""
        self.box.settle()
        close = getattr(self._run, "close", None)  # optional
        if callable(close):
            close()
        with contextlib.suppress(BrokenPipeError):  # the parent was killed
            self._reports.send("done")
        self.box.state = DONE

    def _closures(  # noqa: C901  # one execution in one place, for speed
        self,
    ) -> tuple[
        Callable[[bytes], None],
        Callable[[], None],
        Callable[[bytes], Collection[int] | None],
        Callable[[Callable[[Collection[int]], object]], None],
        Callable[[int], None],
    ]:
        """Return what begins, ends and does an execution, and what sets its taker and its limit."""
        run, attend, failed = self._run, self._attend, self._failed
        numbers = self.box.numbers
        body = (ctypes.c_char * MAX_BYTES).from_buffer(self.box.space, INPUT)
        count = numbers[EXECUTIONS]
        limit = 0
        take: Callable[[Collection[int]], object] = _nothing

        def begin(data: bytes) -> None:
            nonlocal count
            count += 1
            body.raw = data
            numbers[LENGTH] = len(data)
            numbers[EXECUTIONS] = count

        def end() -> None:
            numbers[RESTED] = count

        def one(data: bytes) -> Collection[int] | None:
            nonlocal count
            now = count + 1
            count = now
            body.raw = data
            numbers[1] = len(data)  # LENGTH; a number is cheaper than a name here
            numbers[0] = now
            try:
                told = run(data)
            except BaseException as error:  # noqa: BLE001  # SystemExit ends a campaign otherwise
                told = failed(error)
            if now >= limit:
                attend(data)
            if told:
                take(told)
            return told

        def set_take(new: Callable[[Collection[int]], object]) -> None:
            nonlocal take
            take = new

        def set_limit(new: int) -> None:
            nonlocal limit
            limit = new

        def become_a_copy() -> None:
            """Write into memory of our own: the target has forked, and this is the other one."""
            nonlocal body, numbers, limit
            body = (ctypes.c_char * MAX_BYTES)()
            numbers = memoryview(bytearray(NUMBERS * 8)).cast("Q")
            limit = 0

        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=become_a_copy)
        return begin, end, one, set_take, set_limit

    def _attend(self, data: bytes) -> None:
        """See to what is due after an input: a failure, or a look at orders and clock."""
        self._leave_if_copy()
        self._end()
        if self._stray:
            self._judge(data)
        self._look()

    def _look(self) -> None:
        """Look at the orders and the clock, and say when to look next."""
        now_s = time.monotonic()
        box = self.box
        count = box.executions
        ended = (
            box.stopping
            or os.getppid() != self._parent
            or (self._runs is not None and count - self._replayed >= self._runs)
            or (self._ends_s is not None and now_s >= self._ends_s)
        )
        if ended:
            self._set_limit(0)
            if not self.done:
                self.done = True
                self._tell_lookers()
                self.at_end()
            return
        self._pace(now_s, count)
        next_look = count + self._step
        if self._runs is not None:
            next_look = min(next_look, self._runs + self._replayed)
        self._set_limit(next_look)
        self._tell_lookers()

    def _tell_lookers(self) -> None:
        for looker in self.lookers:
            looker()
        self.at_look()

    def _pace(self, now_s: float, count: int) -> None:
        """Set the step so that the next look comes in `LOOK_S`, as things are now."""
        took_s, ran = now_s - self._looked_s, count - self._looked_at
        self._looked_s, self._looked_at = now_s, count
        if ran <= 0:
            return
        fits = int(ran * LOOK_S / took_s) if took_s > 0 else _MOST_STEPS
        # Up by fours: the first inputs of a slow target may be quick.
        self._step = max(1, min(fits, 4 * self._step, _MOST_STEPS))

    def _leave_if_copy(self) -> None:
        if os.getpid() != self._owner:
            os._exit(0)  # a target forked, and its copy came back here: there is one of us

    def _failed(self, error: BaseException) -> None:
        """Note what an input raised."""
        self._leave_if_copy()
        self._stray.insert(0, error)
        self._set_limit(0)

    def _try(self, data: bytes) -> BaseException | None:
        """Run an input aside from the engine's; return what it raised."""
        self._begin(data)
        error: BaseException | None = None
        try:
            self._run(data)
        except BaseException as raised:  # noqa: BLE001  # as above
            self._leave_if_copy()
            error = raised
        self._end()
        self._leave_if_copy()
        if self._stray:
            error = error or self._stray[0]
            self._stray.clear()
        return error

    def _take_stray(self, error: BaseException | None) -> None:
        if error is not None:
            self._stray.append(error)
            self._set_limit(0)

    def _judge(self, data: bytes) -> None:
        """Count a failure; report it if it is new, or smaller than those like it."""
        error = self._stray[0]
        self._stray.clear()
        if isinstance(error, UndecidedError):
            self.box.undecided += 1
            return
        self.box.failures += 1
        for taker in self.failure_takers:
            taker(data)
        self.on_failure(data)
        crash = crash_of(error, data, story="", confirmed=False)
        known = self._smallest.get(crash.key)
        if known is not None and len(data) >= known:
            return
        self._smallest[crash.key] = len(data)
        again = self._try(data)
        confirmed = again is not None and (
            crash_of(again, data, story="", confirmed=False).key == crash.key
        )
        crash = crash_of(error, data, story=self._story(error, data), confirmed=confirmed)
        self._reports.send("crash", crash=crash.to_json(), data=data.hex())

    def _story(self, error: BaseException, data: bytes) -> str:
        explain = getattr(self._run, "explain", None)
        told: str = explain(data) if explain is not None else ""
        return told or full_traceback(error)


def _nothing(*_args: object) -> None:
    """Do nothing: what is called where nobody wants to be."""
