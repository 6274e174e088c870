"""CPU by function of a program of one thread, from ticks of its processor time: costs nothing.

The system sends a signal whenever the process has used another millisecond or so of processor time
(the kernel's timer decides: 4 ms on many), and Python calls the handler in the main thread, at the
very function that runs. Other threads' ticks would be told to the main thread, too: so this is for
programs whose other threads use next to nothing. For the others there is `CpuMeter`.
"""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from reports.profiling.frames import Frame, frames_of
from reports.profiling.stack_sums import StackSum

if TYPE_CHECKING:
    from types import FrameType

INTERVAL_S: Final = 0.001
_NO_TIMER: Final = "Windows has no timer of processor time; ask can_tick() first"


def can_tick() -> bool:
    """Return whether this system has a timer of processor time; Windows has none."""
    return sys.platform != "win32"


class CpuTicks:
    """Looks at the main thread's stack on each tick. Start and stop it in the main thread.

    Attributes:
        cpu_s: Seconds of processor time used between start and stop.
        overrun: Whether somebody else has set the timer meanwhile, so that ticks are missing.
    """

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.overrun = False
        self._counts: dict[tuple[Frame, ...], int] = {}
        self._began_s = 0.0

    def start(self) -> None:
        """Look from now on."""
        if sys.platform == "win32":
            raise NotImplementedError(_NO_TIMER)
        signal.signal(signal.SIGPROF, self._tick)
        self._began_s = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)

    def stop(self) -> None:
        """Look no more."""
        if sys.platform == "win32":
            raise NotImplementedError(_NO_TIMER)
        _, every_s = signal.setitimer(signal.ITIMER_PROF, 0)
        self.cpu_s += time.process_time() - self._began_s
        ours = signal.signal(signal.SIGPROF, signal.SIG_IGN) == self._tick
        self.overrun |= not ours or abs(every_s - INTERVAL_S) > INTERVAL_S * 10

    def sums(self) -> list[StackSum]:
        """Return the seconds of each stack: its part of the ticks, of the processor time."""
        ticks = sum(self._counts.values())
        return [
            StackSum(frames=frames, amount=self.cpu_s * count / ticks, count=count)
            for frames, count in self._counts.items()
        ]

    def _tick(self, number: int, frame: FrameType | None) -> None:
        del number
        frames = frames_of(frame)
        self._counts[frames] = self._counts.get(frames, 0) + 1
