"""One pass: a call, made as often as asked, with one kind of look at it. Runs in the child."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reports.profiling import waits
from reports.profiling.cpu import CpuMeter
from reports.profiling.frames import Frame, is_ours
from reports.profiling.hot_spot import ProfileKind
from reports.profiling.memory import MemoryPass
from reports.profiling.stack_sums import StackSum
from reports.profiling.ticks import CpuTicks, can_tick

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]
    Prepare = Callable[[], Call]

BATCH_S: Final = 0.01  # fast calls are made in batches of so long, so that our loop is no part
PROBE_PART: Final = 0.25  # of the time, to see which threads work and what a call costs unobserved
ONE_THREAD: Final = 0.97  # of the processor time in the main thread: ticks tell the rest wrongly
DISTURBED: Final = 1.5  # times the CPU of unobserved calls
MOST_WALL: Final = 4.0  # of the time, for a target that sleeps more than it works
MOST_STACKS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to go on: `repeat` calls, or if that is None for `time_s` seconds."""

    time_s: float
    repeat: int | None = None


class Pass:
    """Measures calls of one kind, and keeps what it found. Belongs to one thread."""

    def __init__(self, kind: ProfileKind, effort: Effort) -> None:
        self._kind = kind
        self._effort = effort
        self._calls = 0
        self._wall_s = 0.0
        self._total = 0.0
        self._sums: list[StackSum] = []
        self._notes: list[str] = []

    def measure(self, prepare: Prepare, *, again: bool) -> None:
        """Measure what `prepare` returns; asked for anew before each call if `again`."""
        match self._kind:
            case ProfileKind.CPU:
                self._measure_cpu(prepare, again=again)
            case ProfileKind.WAIT:
                self._measure_waits(prepare, again=again)
            case ProfileKind.MEMORY:
                self._measure_memory(prepare)

    def result(self) -> dict[str, Any]:
        """Return what was found, as JSON takes it."""
        largest = sorted(self._sums, key=lambda one: -max(one.amount, one.kept))[:MOST_STACKS]
        return {
            "calls": self._calls,
            "wall_s": self._wall_s,
            "total": self._total,
            "notes": self._notes,
            "sums": [one.to_json() for one in largest],
        }

    def _measure_cpu(self, prepare: Prepare, *, again: bool) -> None:
        probe = _Probe()
        calls, _ = _loop(prepare, self._probe_effort(), again=again, watch=probe)
        children_s = _children_cpu_s()
        if can_tick() and probe.in_main() >= ONE_THREAD:
            self._cpu_by_ticks(prepare, again=again)
        else:
            self._cpu_by_meter(prepare, again=again)
        self._notes.append(_beside(probe.cpu_s / calls, self._total / self._calls))
        if _children_cpu_s() > children_s:
            spent = _children_cpu_s() - children_s
            self._notes.append(f"{spent:.3g} s in child processes are in no place here")

    def _probe_effort(self) -> Effort:
        one = 1 if self._effort.repeat is not None else None
        return Effort(time_s=self._effort.time_s * PROBE_PART, repeat=one)

    def _cpu_by_ticks(self, prepare: Prepare, *, again: bool) -> None:
        ticks = CpuTicks()
        self._count(_loop(prepare, self._effort, again=again, watch=ticks))
        self._add(ticks.sums())
        self._notes.append("by ticks of CPU time: one thread does all the work")
        if ticks.overrun:
            self._notes.append("the target sets the profiling timer itself, so ticks are missing")

    def _cpu_by_meter(self, prepare: Prepare, *, again: bool) -> None:
        meter = CpuMeter()
        self._count(_loop(prepare, self._effort, again=again, watch=meter))
        calls = meter.calls()
        found = []
        for (code, called), spent_s in meter.charges().items():
            frames = [Frame(one.co_filename, one.co_firstlineno, one.co_name)
                      for one in (called, code) if one is not None]  # fmt: skip
            count = calls.get(code, 0) if called is None else 0
            found.append(StackSum(frames=tuple(frames), amount=spent_s, count=count))
        self._add(found)
        self._notes.append("by each thread's CPU clock, at each call: several threads work")

    def _measure_waits(self, prepare: Prepare, *, again: bool) -> None:
        self._count(_loop(prepare, self._effort, again=again, watch=_Book()))
        self._add(waits.BOOK.sums())

    def _measure_memory(self, prepare: Prepare) -> None:
        prepare()()
        looked = MemoryPass()
        looked.learn(prepare())
        start = time.perf_counter()
        looked.look(prepare())
        self._wall_s += time.perf_counter() - start
        self._calls += 1
        found = looked.sums()
        seen_bytes = sum(one.amount for one in found)
        self._total = max(self._total, float(looked.peak_bytes), seen_bytes)
        self._sums += found
        if looked.peak_bytes > 0:
            seen = min(1.0, looked.seen_bytes / looked.peak_bytes)
            self._notes.append(f"live memory, looked at when it stood at {seen:.0%} of its peak")

    def _count(self, done: tuple[int, float]) -> None:
        self._calls += done[0]
        self._wall_s += done[1]

    def _add(self, sums: list[StackSum]) -> None:
        """Keep what is not the profiler's own."""
        kept = [one for one in sums if one.frames and not is_ours(one.frames[0].file)]
        self._sums += kept
        self._total += sum(one.amount for one in kept)


def _beside(plain_s: float, charged_s: float) -> str:
    """Return what a call costs unobserved, and what to make of it if that is far less."""
    note = f"unobserved, a call takes {plain_s:.3g} s of CPU"
    if charged_s <= DISTURBED * plain_s:
        return note
    return (
        f"{note}, and {charged_s / plain_s:.1f} times that observed: looking has changed how "
        "threads meet or is much of what small functions do, so shares are rough"
    )


class _Book:
    """Turns the book of waits on and off."""

    def start(self) -> None:
        waits.BOOK.on = True

    def stop(self) -> None:
        waits.BOOK.on = False


class _Probe:
    """Tells what the calls cost unobserved, and how much of it the main thread spends."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._main_s = 0.0

    def start(self) -> None:
        self.cpu_s -= time.process_time()
        self._main_s -= time.thread_time()

    def stop(self) -> None:
        self.cpu_s += time.process_time()
        self._main_s += time.thread_time()

    def in_main(self) -> float:
        return self._main_s / self.cpu_s if self.cpu_s > 0 else 1.0


def _loop(
    prepare: Prepare, effort: Effort, *, again: bool, watch: CpuTicks | CpuMeter | _Book | _Probe
) -> tuple[int, float]:
    """Call as often as `effort` says, watched, and return how often and for how many seconds."""
    spent = _Spent(effort, in_cpu=not isinstance(watch, _Book))
    batch = 1 if again or effort.repeat is None else effort.repeat
    call = prepare()
    while not spent.enough():
        if again and spent.calls:
            call = prepare()
        watch.start()
        began = time.perf_counter(), time.process_time()
        try:
            for _ in range(batch):
                call()
        finally:
            took_s = time.perf_counter() - began[0]
            cpu_s = time.process_time() - began[1]
            watch.stop()
        spent.add(batch, took_s, cpu_s)
        if not again and took_s < BATCH_S:
            batch *= 2
    return spent.calls, spent.wall_s


class _Spent:
    """What was used of an effort: for CPU it is counted in CPU time, which a busy machine has."""

    def __init__(self, effort: Effort, *, in_cpu: bool) -> None:
        self._effort = effort
        self._in_cpu = in_cpu
        self.calls = 0
        self.wall_s = 0.0
        self._cpu_s = 0.0

    def add(self, calls: int, wall_s: float, cpu_s: float) -> None:
        self.calls += calls
        self.wall_s += wall_s
        self._cpu_s += cpu_s

    def enough(self) -> bool:
        if self.calls == 0 or self._effort.repeat is not None:
            return 0 < self.calls >= (self._effort.repeat or 1)
        wanted_s = self._effort.time_s
        used_s = self._cpu_s if self._in_cpu else self.wall_s
        return used_s >= wanted_s or self.wall_s >= MOST_WALL * wanted_s


def _children_cpu_s() -> float:
    used = os.times()
    return used.children_user + used.children_system
