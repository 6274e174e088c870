"""What a process holds, before and after; the difference is a value.

    before = leaks.census()
    open_and_close_everything()
    assert not leaks.census().growth_since(before), leaks.census().growth_since(before)

Threads, descriptors, mappings, locked pages and child processes are always counted; the files of a
folder where it is named. On Linux it reads /proc; elsewhere psutil answers, with what the system
tells it.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.probes.child_processes import children_of
from harness.probes.errors import ForeignMemoryError
from harness.probes.mappings import mappings_of

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a process has gained between two censuses; true when it gained anything.

    Attributes:
        threads: System ids of new threads.
        descriptors: New descriptors, each as "number: what it is".
        mappings: Mappings more than before.
        mapped_bytes: Bytes more in mappings; no leak by itself.
        locked_bytes: Bytes more that are kept out of swap.
        children: New child processes, each as "id: name".
        files: New files below the folder that both censuses were told to look into.
    """

    threads: tuple[int, ...]
    descriptors: tuple[str, ...]
    mappings: int
    mapped_bytes: int
    locked_bytes: int = 0
    children: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.threads
            or self.descriptors
            or self.mappings > 0
            or self.locked_bytes > 0
            or self.children
            or self.files
        )

    def __str__(self) -> str:
        if not self:
            return "no new thread, descriptor, mapping, locked page, child or file"
        head = (
            f"{len(self.threads)} new threads {list(self.threads)}, {len(self.descriptors)} new "
            f"descriptors {list(self.descriptors)}, {self.mappings:+d} mappings "
            f"({self.mapped_bytes:+d} bytes)"
        )
        parts = [head]
        if self.locked_bytes:
            parts.append(f"{self.locked_bytes:+d} locked bytes")
        for what, new in (("child processes", self.children), ("files", self.files)):
            if new:
                more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
                parts.append(f"{len(new)} new {what} {list(new[:_SHOWN])}{more}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What a process holds at one moment.

    Attributes:
        pid: Of the process.
        threads: System ids of its threads.
        descriptors: What each open descriptor is, by its number.
        mappings: How many mappings it has.
        mapped_bytes: Their size together.
        locked_bytes: What it keeps out of swap; None where the system does not tell.
        children: What each direct child process is called, by its id; ended ones that were not
            waited for too.
        files: Paths below the folder the census was told to look into, relative to it.
    """

    pid: int
    threads: frozenset[int]
    descriptors: Mapping[int, str]
    mappings: int
    mapped_bytes: int
    locked_bytes: int | None = None
    children: Mapping[int, str] = field(default_factory=dict)
    files: frozenset[str] = frozenset()

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
            locked_bytes=_more(self.locked_bytes, before.locked_bytes),
            children=tuple(
                f"{pid}: {name}"
                for pid, name in sorted(self.children.items())
                if pid not in before.children
            ),
            files=tuple(sorted(self.files - before.files)),
        )


def _more(now: int | None, before: int | None) -> int:
    return 0 if now is None or before is None else now - before


def census(pid: int | None = None, *, folder: str | os.PathLike[str] | None = None) -> Census:
    """Return what process `pid` holds now; this process when None.

    Args:
        folder: Also list every file below it. A file does not say which process made it, so give
            the process a temporary folder of its own and name that.

    Raises:
        ForeignMemoryError: The process is gone or not ours to look into.
        NotADirectoryError: `folder` is none.
    """
    asked = os.getpid() if pid is None else pid
    files = frozenset() if folder is None else frozenset(_files_below(Path(folder)))
    linux = sys.platform.startswith("linux")
    return _from_proc(asked, files) if linux else _from_psutil(asked, files)


def _files_below(folder: Path) -> Iterator[str]:
    """Yield whatever is below `folder`, relative to it; an empty folder is something, too."""
    if not folder.is_dir():
        raise NotADirectoryError(f"folder takes a folder whose files are listed, got {folder}")
    for root, folders, names in os.walk(folder):  # goes past what vanishes meanwhile
        for name in (*folders, *names):
            yield str((Path(root) / name).relative_to(folder))


def _from_proc(pid: int, files: frozenset[str]) -> Census:
    here = Path(f"/proc/{pid}")
    try:
        threads = frozenset(int(entry.name) for entry in (here / "task").iterdir())
        descriptors = dict(_links(sorted((here / "fd").iterdir())))
        locked = _locked_bytes((here / "status").read_text("utf-8", errors="replace"))
    except OSError as error:
        raise ForeignMemoryError(pid, str(here), error.strerror or str(error)) from error
    maps = mappings_of(pid)
    return Census(
        pid=pid,
        threads=threads,
        descriptors=descriptors,
        mappings=len(maps),
        mapped_bytes=sum(mapping.size_bytes for mapping in maps),
        locked_bytes=locked,
        children=children_of(pid),
        files=files,
    )


def _locked_bytes(status: str) -> int | None:
    for line in status.splitlines():
        if line.startswith("VmLck:"):
            return int(line.split()[1]) * 1024  # "VmLck:      64 kB"
    return None  # a process that has ended but was not waited for has no memory


def _links(entries: Iterable[Path]) -> Iterable[tuple[int, str]]:
    for entry in entries:
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue  # the descriptor this very listing was read through
        yield int(entry.name), target


def _descriptor_count(process: Any) -> int:  # noqa: ANN401  # psutil has one name per system
    return int(process.num_handles() if sys.platform == "win32" else process.num_fds())


def _from_psutil(pid: int, files: frozenset[str]) -> Census:
    import psutil  # noqa: PLC0415  # heavy, and Linux does without

    try:
        process = psutil.Process(pid)
        opened = [file.path for file in process.open_files()]
        threads = frozenset(thread.id for thread in process.threads())
        number = _descriptor_count(process)
        maps = process.memory_maps(grouped=False) if hasattr(process, "memory_maps") else []
    except psutil.Error as error:
        raise ForeignMemoryError(pid, "psutil", str(error)) from error
    # psutil names files only; the other descriptors count, unnamed.
    named = opened + ["descriptor"] * max(0, number - len(opened))
    return Census(
        pid=pid,
        threads=threads,
        descriptors=dict(enumerate(named)),
        mappings=len(maps),
        mapped_bytes=sum(mapping.rss for mapping in maps),
        children=children_of(pid),
        files=files,
    )
