"""A child seen from outside, again and again: memory, threads, descriptors, switches, processor."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import psutil

from stress.series import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SAMPLE_S: Final = 0.5  # a sample costs under a millisecond of ours, and the child nothing
MAPPINGS_S: Final = 5.0  # a list of mappings takes the child's memory lock: milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at a running child; None where the system does not tell.

    Attributes:
        at_s: Seconds since the first look.
        rounds: Completed by then.
        switches: Of its threads so far, given up by themselves (they waited).
        forced_switches: Taken off by the system.
        cpu_s: Processor time so far.
        mappings: Seldom taken, since it is dear.
    """

    at_s: float
    rounds: int
    resident_bytes: int
    threads: int
    cpu_s: float
    descriptors: int | None = None
    switches: int | None = None
    forced_switches: int | None = None
    mappings: int | None = None
    children: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Sample:
        """Return what `to_json` described."""
        return cls(**values)


class Sampler:
    """Samples of one process at intervals. Belongs to one thread.

    Attributes:
        series: What was seen, thinned to a bounded number.
        cpu_s: Processor time at the last look; it stays when the process is gone.
        peak_bytes: Largest resident memory seen.
    """

    def __init__(self, pid: int) -> None:
        self.series: Series[Sample] = Series()
        self.resident_bytes = 0
        self.peak_bytes = 0
        self.cpu_s = 0.0
        self._began_s = time.monotonic()
        self._next_s = self._next_mappings_s = self._began_s
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(pid)

    def look(self, rounds: int) -> int:
        """Return the resident bytes now; take a whole sample when one is due."""
        if self._process is None:
            return self.resident_bytes
        with contextlib.suppress(psutil.Error):
            self.resident_bytes = self._process.memory_info().rss
            self.peak_bytes = max(self.peak_bytes, self.resident_bytes)
            times = self._process.cpu_times()
            self.cpu_s = times.user + times.system
        if time.monotonic() >= self._next_s:
            self.sample(rounds)
        return self.resident_bytes

    def sample(self, rounds: int) -> None:
        """Take a whole sample now; none if the process is gone."""
        now_s = time.monotonic()
        self._next_s = now_s + SAMPLE_S
        if self._process is None:
            return
        with contextlib.suppress(psutil.Error), self._process.oneshot():
            switches = _told(self._process.num_ctx_switches)
            self.series.add(
                Sample(
                    at_s=round(now_s - self._began_s, 3),
                    rounds=rounds,
                    resident_bytes=self.resident_bytes,
                    threads=self._process.num_threads(),
                    cpu_s=self.cpu_s,
                    descriptors=_told(_descriptors(self._process)),
                    switches=None if switches is None else switches.voluntary,
                    forced_switches=None if switches is None else switches.involuntary,
                    mappings=self._mappings(now_s),
                    children=_told(lambda: len(self._process.children(recursive=True))),  # type: ignore[union-attr]
                )
            )

    def _mappings(self, now_s: float) -> int | None:
        if now_s < self._next_mappings_s or not sys.platform.startswith("linux"):
            return None
        self._next_mappings_s = now_s + MAPPINGS_S
        assert self._process is not None
        try:
            with open(f"/proc/{self._process.pid}/maps", "rb") as lines:  # noqa: PTH123  # read as a stream
                return sum(1 for _ in lines)
        except OSError:
            return None


def _told(ask: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever is asked
    """Return what the system tells; None where it refuses or has no such figure."""
    try:
        return ask()
    except (psutil.AccessDenied, NotImplementedError, AttributeError):
        return None


def _descriptors(process: psutil.Process) -> Callable[[], Any]:
    name = "num_handles" if sys.platform == "win32" else "num_fds"
    return getattr(process, name)  # type: ignore[no-any-return]  # psutil has one name per system
