"""Profilers with a planted bug each: a target breaks the one it runs under, then does its work.

The checks of the tests must fail on every one of them.
"""

from __future__ import annotations

import threading
import time

import known_costs

from reports.profiling import cpu, memory, waits


def wall_for_cpu() -> None:
    cpu._CLOCK = time.perf_counter_ns  # type: ignore[misc]
    known_costs.three_threads()


def one_thread_seen() -> None:
    main = threading.main_thread().ident
    seen = cpu.CpuMeter._charge

    def charge(self: cpu.CpuMeter, *how: object) -> None:
        if threading.get_ident() == main:
            seen(self, *how)  # type: ignore[arg-type]

    if not hasattr(seen, "planted"):
        charge.planted = True  # type: ignore[attr-defined]
        cpu.CpuMeter._charge = charge  # type: ignore[method-assign]
    known_costs.three_threads()


def itself_counted() -> None:
    """Take what the profiler itself spends at each call for the program's."""
    honest = cpu.CpuMeter._charge

    def charge(self: cpu.CpuMeter, account: object, frame: object, now_ns: int) -> None:
        honest(self, account, frame, now_ns + int(2 * self._event_ns))  # type: ignore[arg-type]

    if not hasattr(honest, "planted"):
        charge.planted = True  # type: ignore[attr-defined]
        cpu.CpuMeter._charge = charge  # type: ignore[method-assign, assignment]
    known_costs.small_calls()


def holder_charged() -> None:
    """Charge a wait to the thread that holds the lock."""
    if hasattr(waits.WaitBook._add, "planted"):
        known_costs.lock()
        return
    add = waits.WaitBook._add

    def swapped(self: waits.WaitBook, key: tuple[object, ...], waited_s: float) -> None:
        stack, what, other, held = key
        add(self, ((other,) if held else stack, what, other, held), waited_s)

    swapped.planted = True  # type: ignore[attr-defined]
    waits.WaitBook._add = swapped  # type: ignore[method-assign]
    known_costs.lock()


def waits_missed() -> None:
    waits.BOOK.on = False
    known_costs.lock()


def end_for_peak() -> None:
    """Look at what is left at the end in place of the highest point."""
    memory.MemoryPass._event = lambda *_: None  # type: ignore[method-assign, assignment]
    known_costs.ten_megabytes()
