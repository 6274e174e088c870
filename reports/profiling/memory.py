"""What a call has allocated where memory stood highest, and what it left behind: `tracemalloc`.

Live memory, not all that was ever allocated: what is taken and given back before the high-water
mark is in nobody's account. The call runs three times: to fill caches, to learn how high memory
goes, and to be looked at wherever a
function is called or returns, with a snapshot as it nears that height.
"""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING, Final

from reports.profiling.frames import Frame, is_ours
from reports.profiling.stack_sums import StackSum

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES: Final = 10  # deep enough to leave the standard library; each costs time per allocation
NEAR: Final = 0.9  # of the peak: from here on each step of 2 percent is looked at
FAR_STEP: Final = 1.5  # below it, as cheap insurance against a second call that stays lower
NEAR_STEP: Final = 1.02
LEAST_BYTES: Final = 4096


class MemoryPass:
    """Looks at calls of one function. Use it once, in one thread.

    Attributes:
        peak_bytes: The most that was there at once, in the call that was learned from.
        seen_bytes: What was there when the last snapshot was taken.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self.seen_bytes = 0
        self._next = LEAST_BYTES
        self._snapshot: tracemalloc.Snapshot | None = None
        self._kept: tracemalloc.Snapshot | None = None
        self._busy = False
        self._own_bytes = 0  # of the snapshot that we hold, which is traced like all else

    def learn(self, call: Callable[[], object]) -> None:
        """Call once, to know how high memory goes."""
        gc.collect()
        tracemalloc.start(1)
        try:
            call()
            self.peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def look(self, call: Callable[[], object]) -> None:
        """Call again, and keep what was allocated near the peak, and what stays."""
        gc.collect()
        self._next = max(LEAST_BYTES, self.peak_bytes // 20)
        tracemalloc.start(FRAMES)
        try:
            threading.setprofile(self._event)
            sys.setprofile(self._event)
            try:
                call()
            finally:
                sys.setprofile(None)
                threading.setprofile(None)  # None is what takes it away
            gc.collect()
            self._kept = tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()

    def sums(self) -> list[StackSum]:
        """Return the bytes of each stack at the highest point seen, and those kept."""
        highest = self._snapshot or self._kept
        live, kept = _by_stack(highest), _by_stack(self._kept)
        return [
            StackSum(
                frames=frames,
                amount=float(live.get(frames, (0, 0))[0]),
                count=max(1, live.get(frames, kept.get(frames, (0, 1)))[1]),
                kept=float(kept.get(frames, (0, 0))[0]),
            )
            for frames in live | kept
        ]

    def _event(self, *_: object) -> None:
        # Each number made here is traced, too, with its stack: the whole price of this look.
        if not self._busy and tracemalloc.get_traced_memory()[0] >= self._next:
            self._take()

    def _take(self) -> None:
        self._busy = True
        try:
            self.seen_bytes = tracemalloc.get_traced_memory()[0] - self._own_bytes
            self._snapshot = None  # so that two are never held at once
            without = tracemalloc.get_traced_memory()[0]
            self._snapshot = tracemalloc.take_snapshot()
            self._own_bytes = tracemalloc.get_traced_memory()[0] - without
            step = NEAR_STEP if self.seen_bytes >= NEAR * self.peak_bytes else FAR_STEP
            near = int(NEAR * self.peak_bytes)
            goal = int(self.seen_bytes * step) + 1
            if self.seen_bytes < near:  # the height itself is never stepped over
                goal = min(goal, near)
            self._next = goal + self._own_bytes
        finally:
            self._busy = False


def _by_stack(snapshot: tracemalloc.Snapshot | None) -> dict[tuple[Frame, ...], tuple[int, int]]:
    """Return bytes and blocks by stack, the innermost frame first, without our own."""
    found: dict[tuple[Frame, ...], tuple[int, int]] = {}
    for statistic in () if snapshot is None else snapshot.statistics("traceback"):
        frames = tuple(Frame(one.filename, one.lineno, "") for one in reversed(statistic.traceback))
        if not is_ours(frames[0].file) and frames[0].file != tracemalloc.__file__:
            size, blocks = found.get(frames, (0, 0))
            found[frames] = (size + statistic.size, blocks + statistic.count)
    return found
