"""What a judgement may use before it says that it is undecided."""

from __future__ import annotations

import time

from harness.errors import ArgumentError


class Budget:
    """Time, configurations and memory; each may be without a bound."""

    __slots__ = ("_max_configurations", "_max_memory_bytes", "_seconds", "deadline_s", "start_s")

    def __init__(
        self,
        seconds: float | None,
        max_configurations: int | None,
        max_memory_bytes: int | None,
    ) -> None:
        _positive("budget_s", seconds, int | float, "seconds above 0, or None for no bound")
        wants = "a count of 1 or more, or None for no bound"
        _positive("max_configurations", max_configurations, int, wants)
        _positive("max_memory_bytes", max_memory_bytes, int, "bytes above 0, or None for no bound")
        self._seconds = seconds
        self._max_configurations = max_configurations
        self._max_memory_bytes = max_memory_bytes
        self.start_s = time.monotonic()
        self.deadline_s = float("inf") if seconds is None else self.start_s + seconds

    @property
    def elapsed_s(self) -> float:
        """Wall time since the start, in seconds."""
        return time.monotonic() - self.start_s

    def slice(self, tries: int, configurations: int) -> int:
        """Return how many tries there may be next; a try looks at one configuration at most."""
        if self._max_configurations is None:
            return tries
        return min(tries, self._max_configurations - configurations)

    def ended(self, configurations: int, size_bytes: int) -> str:
        """Return what has ended, with its bound; nothing while all last."""
        if time.monotonic() > self.deadline_s:
            return f"time: {self._seconds:g} s"
        if self._max_configurations is not None and configurations >= self._max_configurations:
            return f"configurations: {self._max_configurations}"
        if self._max_memory_bytes is not None and size_bytes >= self._max_memory_bytes:
            return f"memory: {self._max_memory_bytes / 1e6:.3g} MB"
        return ""


def _positive(name: str, got: object, kind: object, wants: str) -> None:
    if got is None:
        return
    if isinstance(got, bool) or not isinstance(got, kind) or not got > 0:  # type: ignore[arg-type, operator]
        raise ArgumentError(name, got, wants)
