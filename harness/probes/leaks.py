"""Threads, descriptors and mappings of a process, before and after; the difference is a value.

    before = leaks.census()
    open_and_close_everything()
    assert not leaks.census().growth_since(before), leaks.census().growth_since(before)

On Linux it reads /proc; elsewhere psutil answers, with what the system tells it.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.probes.errors import ForeignMemoryError
from harness.probes.mappings import mappings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a process has gained between two censuses; true when it gained anything."""

    threads: tuple[int, ...]
    descriptors: tuple[str, ...]
    mappings: int
    mapped_bytes: int

    def __bool__(self) -> bool:
        return bool(self.threads or self.descriptors or self.mappings > 0)

    def __str__(self) -> str:
        if not self:
            return "no new thread, descriptor or mapping"
        return (
            f"{len(self.threads)} new threads {list(self.threads)}, {len(self.descriptors)} new "
            f"descriptors {list(self.descriptors)}, {self.mappings:+d} mappings "
            f"({self.mapped_bytes:+d} bytes)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What a process holds at one moment: thread ids, what each descriptor is, mappings."""

    pid: int
    threads: frozenset[int]
    descriptors: Mapping[int, str]
    mappings: int
    mapped_bytes: int

    def growth_since(self, before: "Census") -> Growth:
        """Return what is here and was not in `before`.

        A descriptor number that now means something else counts as new. Mappings are compared by
        number: the allocator moves its own about, so give a warmed-up process a few to spare.

        Raises:
            ValueError: `before` is of another process.
        """
        if before.pid != self.pid:
            raise ValueError(f"censuses of processes {before.pid} and {self.pid} do not compare")
        fresh = [
            f"{number}: {what}"
            for number, what in sorted(self.descriptors.items())
            if before.descriptors.get(number) != what
        ]
        return Growth(
            threads=tuple(sorted(self.threads - before.threads)),
            descriptors=tuple(fresh),
            mappings=self.mappings - before.mappings,
            mapped_bytes=self.mapped_bytes - before.mapped_bytes,
        )


def census(pid: int | None = None) -> Census:
    """Return what process `pid` holds now; this process when None.

    Raises:
        ForeignMemoryError: The process is gone or not ours to look into.
    """
    asked = os.getpid() if pid is None else pid
    return _from_proc(asked) if sys.platform.startswith("linux") else _from_psutil(asked)


def _from_proc(pid: int) -> Census:
    here = Path(f"/proc/{pid}")
    try:
        threads = frozenset(int(entry.name) for entry in (here / "task").iterdir())
        descriptors = dict(_links(sorted((here / "fd").iterdir())))
    except OSError as error:
        raise ForeignMemoryError(pid, str(here), error.strerror or str(error)) from error
    maps = mappings_of(pid)
    return Census(
        pid=pid,
        threads=threads,
        descriptors=descriptors,
        mappings=len(maps),
        mapped_bytes=sum(mapping.size_bytes for mapping in maps),
    )


def _links(entries: Iterable[Path]) -> Iterable[tuple[int, str]]:
    for entry in entries:
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue  # the descriptor this very listing was read through
        yield int(entry.name), target


def _descriptor_count(process: Any) -> int:  # noqa: ANN401  # psutil has one name per system
    return int(process.num_handles() if sys.platform == "win32" else process.num_fds())


def _from_psutil(pid: int) -> Census:
    import psutil  # noqa: PLC0415  # heavy, and Linux does without

    try:
        process = psutil.Process(pid)
        files = Counter(file.path for file in process.open_files())
        threads = frozenset(thread.id for thread in process.threads())
        number = _descriptor_count(process)
        maps = process.memory_maps(grouped=False) if hasattr(process, "memory_maps") else []
    except psutil.Error as error:
        raise ForeignMemoryError(pid, "psutil", str(error)) from error
    # psutil names files only; the other descriptors count, unnamed.
    named = list(files.elements())
    named += ["descriptor"] * max(0, number - len(named))
    return Census(
        pid=pid,
        threads=threads,
        descriptors=dict(enumerate(named)),
        mappings=len(maps),
        mapped_bytes=sum(mapping.rss for mapping in maps),
    )
