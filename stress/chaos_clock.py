"""A wall clock that jumps: an administrator sets it, NTP steps it, a laptop wakes up.

Only the wall clock: `time.monotonic` and what waits by it (locks, conditions, sleeps) go on as the
system promises. A program that measures a duration by the wall clock shows it here.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from typing import TYPE_CHECKING, Any, Final

from harness.faults.replacing import class_standing_in, put_in_place

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

# Corrections, a change of daylight saving done wrong, a battery that was empty, a year too far.
JUMPS_S: Final = (-31_536_000.0, -3_600.0, -60.0, -1.0, -0.01, 0.0, 0.01, 1.0, 60.0, 3_600.0, 3e8)
SHARE: Final = 0.1  # of readings, before which the clock is set


class ClockJumps:
    """Stands in for the calls that read the wall clock. The readings may come from any thread."""

    def __init__(self) -> None:
        self._undo: contextlib.ExitStack | None = None
        self._jumps = 0
        self._readings = 0

    @property
    def done(self) -> str:
        """How often the clock was set, in words."""
        return f"set {self._jumps} times in {self._readings} readings"

    def begin(self, chance: random.Random) -> None:
        """Let it jump from now on."""
        real_time = time.time
        offset_s = 0.0

        def now_s() -> float:
            nonlocal offset_s
            self._readings += 1
            if chance.random() < SHARE:
                offset_s = chance.choice(JUMPS_S)
                self._jumps += 1
            return max(0.0, real_time() + offset_s)

        self._undo = contextlib.ExitStack()
        for name, stand_in in _stand_ins(now_s).items():
            put_in_place(name, stand_in, self._undo)

    def end(self) -> None:
        """Let it go right again."""
        if self._undo is not None:
            self._undo.close()
            self._undo = None


def _stand_ins(now_s: Callable[[], float]) -> dict[str, Callable[[Any], Any]]:
    """Return what to put in the place of each call, by its name."""
    return {
        "time.time": lambda _real: now_s,
        "time.time_ns": lambda _real: lambda: int(now_s() * 1e9),
        "time.localtime": lambda real: lambda secs=None: real(now_s() if secs is None else secs),
        "time.gmtime": lambda real: lambda secs=None: real(now_s() if secs is None else secs),
        "time.ctime": lambda real: lambda secs=None: real(now_s() if secs is None else secs),
        "datetime.datetime": lambda real: _jumping(real, now_s),
    }


def _jumping(real: type[dt.datetime], now_s: Callable[[], float]) -> type:
    """Return a class like `real` whose `now` and `today` read the clock that jumps."""
    made = class_standing_in("datetime.datetime", real, lambda make, _caller: make())

    def now(cls: type, tz: dt.tzinfo | None = None) -> dt.datetime:
        del cls
        return real.fromtimestamp(now_s(), tz)

    def utcnow(cls: type) -> dt.datetime:
        del cls
        return real.fromtimestamp(now_s(), dt.UTC).replace(tzinfo=None)

    attributes: Any = made
    attributes.now = classmethod(now)
    attributes.today = classmethod(now)
    attributes.utcnow = classmethod(utcnow)
    return made
