"""What a process holds at rest: the figures from which leaks are told. Taken in the child."""

from __future__ import annotations

import gc
import sys
import threading
import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import psutil

from harness.probes import census

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.probes import Census

LINGER_S: Final = 2.0  # a joined thread leaves the system's list within a millisecond or so
LOOK_AGAIN_S: Final = 0.002
NAMED: Final = 5  # of what is new: the first few say what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Figures of one moment; None where the system does not tell.

    Attributes:
        threads: Of the operating system, those of libraries included.
        resident_bytes: Memory in RAM.
        locked_bytes: Memory that may not be swapped out (`mlock`).
        temp_files: Files and folders in the folder for temporary files, which is the child's own.
        children: Processes that it started and that have not ended, or for which nobody waited.
        blocks: Memory blocks of the Python allocator.
    """

    threads: int
    descriptors: int
    mappings: int
    resident_bytes: int
    locked_bytes: int | None = None
    temp_files: int = 0
    children: int = 0
    blocks: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Holdings:
        """Return what `to_json` described; fields that are not known are left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


class Accountant:
    """Counts what this process holds, round after round. Belongs to one thread.

    Args:
        scratch: The folder for temporary files; nobody else makes files there.
        own_threads: Threads of ours that `threading` does not know; they are not counted.
    """

    def __init__(self, scratch: Path, *, own_threads: int = 0) -> None:
        self._scratch = scratch
        self._own_threads = own_threads
        self._foreign_threads: int | None = None
        self._process = psutil.Process()
        self._warm: Census | None = None
        self._base: Census | None = None
        self._latest: Census | None = None

    def count(self) -> Holdings:
        """Count, once garbage is gone and joined threads have left the system's list."""
        gc.collect()
        seen = self._settled()
        self._latest = seen
        if self._warm is None:
            self._warm = seen
        elif self._base is None:
            self._base = seen
        return Holdings(
            threads=len(seen.threads) - self._own_threads,
            descriptors=len(seen.descriptors),
            mappings=seen.mappings,
            resident_bytes=self._process.memory_info().rss,
            locked_bytes=seen.locked_bytes,
            temp_files=len(seen.files),
            children=len(seen.children),
            blocks=sys.getallocatedblocks(),
        )

    def new_ones(self) -> dict[str, tuple[str, ...]]:
        """Return the first few of what is there now and was not at the baseline, in words."""
        if self._latest is None or self._warm is None:
            return {}
        base = self._warm if self._base in (None, self._latest) else self._base
        assert base is not None
        grown = self._latest.growth_since(base)
        return {
            "descriptors": grown.descriptors[:NAMED],
            "temporary files": grown.files[:NAMED],
            "processes": self._latest.growth_since(self._warm).children[:NAMED],
        }

    def _settled(self) -> Census:
        ends_s = time.monotonic() + LINGER_S
        while True:
            seen = census(folder=self._scratch)
            # Threads of the system that `threading` does not list: a library's. What is there
            # after the first round stays, so nobody waits for it again.
            unlisted = len(seen.threads) - self._own_threads - threading.active_count()
            if unlisted <= (self._foreign_threads or 0) or time.monotonic() > ends_s:
                if self._foreign_threads is None:
                    self._foreign_threads = max(unlisted, 0)
                return seen
            time.sleep(LOOK_AGAIN_S)
