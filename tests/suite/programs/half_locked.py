"""Two accesses that belong together, and no lock, or not one lock, around both."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.starting import in_threads


def bluetooth_driver(*, fixed: bool = False) -> None:
    """SCTBench CS/bluetooth_driver (Qadeer and Wu, PLDI 2004): stop against one more request."""
    atomic = threading.Lock()
    state = SimpleNamespace(pending=1, stopping=False, stopping_event=False, stopped=False)

    def increment() -> None:
        with atomic:
            pending = state.pending
            state.pending = pending + 1

    def decrement() -> None:
        with atomic:
            pending = state.pending - 1
            state.pending = pending
        if pending == 0:
            state.stopping_event = True

    def add() -> None:
        if fixed:
            increment()
            if state.stopping:
                decrement()
                return
        else:
            if state.stopping:
                return
            increment()
        assert not state.stopped, "a request after the driver has stopped"
        decrement()

    def stop() -> None:
        state.stopping = True
        decrement()
        if state.stopping_event:
            state.stopped = True

    in_threads(stop, main=add)


def reorder(setters: int, checkers: int, *, fixed: bool = False) -> None:
    """SCTBench CS/reorder_N: a checker must come after the first write of a, before any of b."""
    lock = threading.Lock()
    state = SimpleNamespace(a=0, b=0)

    def set_both() -> None:
        state.a = 1
        state.b = -1

    def check_both() -> None:
        # The original is one condition that reads each variable as often as it needs it.
        if state.a == 0 and state.b == 0:
            return
        assert state.a == 1 and state.b == -1  # noqa: PT018  # as the original

    def setter() -> None:
        if fixed:
            with lock:
                set_both()
        else:
            set_both()

    def checker() -> None:
        if fixed:
            with lock:
                check_both()
        else:
            check_both()

    in_threads(*[setter] * setters, *[checker] * checkers)


def twostage(writers: int, readers: int, *, fixed: bool = False) -> None:
    """SCTBench CS/twostage_N: two values that belong together, each under a lock of its own."""
    lock_a, lock_b = threading.Lock(), threading.Lock()
    state = SimpleNamespace(a=0, b=0)

    def second_stage() -> None:
        with lock_b:
            a = state.a
            state.b = a + 1

    def writer() -> None:
        with lock_a:
            state.a = 1
            if fixed:
                second_stage()
        if not fixed:
            second_stage()

    def reader() -> None:
        with lock_a:
            if state.a == 0:
                return
            a = state.a
        with lock_b:
            b = state.b
        assert b == a + 1

    in_threads(*[writer] * writers, *[reader] * readers)


def wronglock(others: int, *, fixed: bool = False) -> None:
    """SCTBench CS/wronglock: one variable, and two locks that are each meant to protect it."""
    data_lock, other_lock = threading.Lock(), threading.Lock()
    state = SimpleNamespace(value=0)

    def careful() -> None:
        with data_lock:
            before = state.value
            value = state.value
            state.value = value + 1
            assert state.value == before + 1

    def careless() -> None:
        with data_lock if fixed else other_lock:
            value = state.value
            state.value = value + 1

    in_threads(careful, *[careless] * others)


def stringbuffer(*, fixed: bool = False) -> None:
    """SCTBench CB/stringbuffer-jdk1.4: the length is old when the characters are copied."""
    target_lock, source_lock = threading.Lock(), threading.RLock()
    source, target = ["a", "b", "c"], [""]

    def length() -> int:
        with source_lock:
            return len(source)

    def copy(count: int) -> None:
        with source_lock:
            assert count <= len(source), "fewer characters than there were"
            target.extend(source[:count])

    def append() -> None:
        with target_lock:
            if fixed:
                with source_lock:
                    copy(length())
            else:
                copy(length())

    def erase() -> None:
        with source_lock:
            source.clear()

    in_threads(erase, append)
