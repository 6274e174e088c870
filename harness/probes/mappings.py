"""The mappings of a process, read from /proc."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.probes.errors import ForeignMemoryError, NotAvailableHereError

# Pages the kernel lends to every process; no user data can lie in them, and reading some fails.
KERNEL_MAPPINGS: Final = frozenset({"[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One line of the process's memory map; addresses and sizes in bytes."""

    start: int
    end: int
    permissions: str
    name: str
    resident_bytes: int | None = None

    @property
    def size_bytes(self) -> int:
        """Length of the mapping."""
        return self.end - self.start

    @property
    def readable(self) -> bool:
        """Whether the process itself may read it at present."""
        return self.permissions.startswith("r")

    def __str__(self) -> str:
        return f"{self.start:x}-{self.end:x} {self.permissions} {self.name or '(anonymous)'}"


def mappings_of(pid: int, *, resident: bool = False) -> tuple[Mapping, ...]:
    """Return the mappings of process `pid`, lowest address first.

    Args:
        resident: Also say how many bytes of each are in memory or swap; costs a few milliseconds.

    Raises:
        NotAvailableHereError: No /proc as Linux has it.
        ForeignMemoryError: The process is gone or not ours to read.
    """
    if not sys.platform.startswith("linux"):
        raise NotAvailableHereError("the list of mappings", "Linux's /proc", sys.platform)
    source = Path(f"/proc/{pid}") / ("smaps" if resident else "maps")
    try:
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ForeignMemoryError(pid, str(source), error.strerror or str(error)) from error
    return tuple(_with_residents(text) if resident else map(_parse, text.splitlines()))


def _parse(line: str) -> Mapping:
    # start-end permissions offset device inode name; the name may hold spaces or be absent.
    fields = line.split(maxsplit=5)
    start, _, end = fields[0].partition("-")
    name = fields[5] if len(fields) == 6 else ""  # noqa: PLR2004  # six columns, see above
    return Mapping(start=int(start, 16), end=int(end, 16), permissions=fields[1], name=name)


def _with_residents(text: str) -> Iterator[Mapping]:
    head, resident_kib = "", 0
    for line in text.splitlines():
        first = line.split(maxsplit=1)[0]
        if first in {"Rss:", "Swap:"}:
            resident_kib += int(line.split()[1])
        elif not first.endswith(":"):
            if head:
                yield _resident(head, resident_kib)
            head, resident_kib = line, 0
    if head:
        yield _resident(head, resident_kib)


def _resident(head: str, resident_kib: int) -> Mapping:
    plain = _parse(head)
    return Mapping(
        start=plain.start,
        end=plain.end,
        permissions=plain.permissions,
        name=plain.name,
        resident_bytes=resident_kib * 1024,
    )
