"""What the child may take, as the system enforces it; the parent looks besides."""

from __future__ import annotations

import sys
from typing import Final

ADDRESS_SPACE_SPARE: Final = 8 << 30  # thread stacks and guard pages take addresses, not memory


def limit_this_process(*, memory_bytes: int, file_bytes: int) -> None:
    """Bound the memory and the size of any one file, and leave no core files behind.

    A crash is told by its signal and its stacks; a core of a process of a gigabyte fills a disk in
    a night. Where a limit is stricter already it stays.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # POSIX only

    _lower(resource.RLIMIT_AS, memory_bytes + ADDRESS_SPACE_SPARE)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _lower(what: int, wanted: int) -> None:
    if sys.platform == "win32":
        raise NotImplementedError  # the only caller has left by then
    import resource  # noqa: PLC0415  # POSIX only

    soft, hard = resource.getrlimit(what)
    if soft == resource.RLIM_INFINITY or wanted < soft:
        resource.setrlimit(what, (wanted, hard))
