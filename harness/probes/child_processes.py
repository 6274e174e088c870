"""The child processes of a process: the running ones, and the ended ones that nobody waited for."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from harness.probes.errors import ForeignMemoryError

DEFUNCT: Final = "ended, not waited for"


def children_of(pid: int) -> Mapping[int, str]:
    """Return the direct children of process `pid`: what each is called, by its id.

    An ended child that its parent has not waited for counts; its name says that it has ended.

    Raises:
        ForeignMemoryError: The process is gone or not ours to look into.
    """
    return dict(_from_proc(pid) if sys.platform.startswith("linux") else _from_psutil(pid))


def _from_proc(pid: int) -> Iterator[tuple[int, str]]:
    listed = _listed(pid)
    if listed is None:  # a kernel without that list
        listed = [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208  # names alone, quick
    for other in listed:
        state = state_of(other)
        if state is not None and state[2] == pid:
            name, letter, _ = state
            yield other, f"{name} ({DEFUNCT})" if letter in "ZX" else name


def _listed(pid: int) -> list[int] | None:
    """Return the children the kernel lists, thread by thread; None where it keeps no such list."""
    found: list[int] = []
    tasks = Path(f"/proc/{pid}/task")
    try:
        for task in tasks.iterdir():
            try:
                found += map(int, (task / "children").read_text("ascii").split())
            except FileNotFoundError:
                if task.exists():
                    return None
    except OSError as error:
        raise ForeignMemoryError(pid, str(tasks), error.strerror or str(error)) from error
    return found


def state_of(pid: int) -> tuple[str, str, int] | None:
    """Return name, state letter and parent of a process, or None if it is gone by now."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    # pid (name) state parent ...; the name may hold anything, brackets too.
    head, _, rest = text.rpartition(")")
    letter, parent, *_ = rest.split()
    return head.partition("(")[2], letter, int(parent)


def _from_psutil(pid: int) -> Iterator[tuple[int, str]]:
    import psutil  # noqa: PLC0415  # heavy, and Linux does without

    try:
        for child in psutil.Process(pid).children():
            gone = child.status() == psutil.STATUS_ZOMBIE
            yield child.pid, f"{child.name()} ({DEFUNCT})" if gone else child.name()
    except psutil.Error as error:
        raise ForeignMemoryError(pid, "psutil", str(error)) from error
