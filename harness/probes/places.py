"""What an address of another process lies in, in words: its heap, which thread's stack, a file."""

import re
from pathlib import Path
from typing import Final

from harness.probes.mappings import Mapping

_HEX: Final = re.compile(r"0x[0-9a-f]+")


class Places:
    """The places of one process as they are when this is made. Immutable."""

    __slots__ = ("_stacks",)

    def __init__(self, pid: int) -> None:
        self._stacks = _stack_pointers(pid)

    def of(self, mapping: Mapping) -> str:
        """Return what `mapping` is to people.

        Blocks that Python and the C library take in whole mappings are anonymous memory, as is
        what a program maps itself: the kernel does not know them apart.
        """
        if mapping.name == "[heap]":
            return "the heap"
        if mapping.name == "[stack]":
            return "the stack of the main thread"
        for thread, pointer in self._stacks.items():
            if mapping.start <= pointer < mapping.end:
                return f"the stack of {thread}"
        if not mapping.name or mapping.name.startswith("[anon"):
            return "anonymous memory"
        return f"the mapping of {mapping.name}"


def _stack_pointers(pid: int) -> dict[str, int]:
    """Return where the stack of each thread ends now; those that run do not tell."""
    found: dict[str, int] = {}
    try:
        tasks = sorted(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found
    for task in tasks:
        if task.name == str(pid):
            continue  # its mapping has a name
        try:
            # number arguments... stack pointer, program counter; "running" while it runs
            numbers = _HEX.findall((task / "syscall").read_text("ascii"))
            name = (task / "comm").read_text("utf-8", errors="replace").strip()
        except OSError:
            continue
        if len(numbers) > 1:
            found[f"thread {task.name} ({name})"] = int(numbers[-2], 16)
    return found
