"""What is shown of a stuck child: stacks of all threads, owners of locks, what py-spy sees."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

from harness.probes import NotAvailableHereError, stacks_of

TEXT_CHARS: Final = 60_000  # a hundred threads with twenty frames each
PY_SPY_S: Final = 10.0  # it takes 0.2 s


def stacks_story(pid: int, stacks: IO[bytes], owners: str) -> str:
    """Return everything that tells why a process is stuck.

    Args:
        stacks: The file that the process was armed with.
        owners: What its watcher said about locks; "" if it did not answer or knew of none.
    """
    parts = [
        _stacks(pid, stacks),
        owners and f"Locks that somebody waits for:\n{owners}",
        py_spy_dump(pid),
    ]
    text = "\n\n".join(part for part in parts if part)
    return text if len(text) <= TEXT_CHARS else f"{text[:TEXT_CHARS]}\n... cut here"


def _stacks(pid: int, stacks: IO[bytes]) -> str:
    try:
        return stacks_of(pid, stacks) or "(no stacks: it does not answer the signal)"
    except (NotAvailableHereError, ProcessLookupError) as error:
        return f"(no stacks: {error})"


def py_spy_dump(pid: int) -> str:
    """Return what py-spy sees of a process, "" where it is not installed.

    It reads the memory of the process, so it answers also where the interpreter's lock is held by
    code in C, and says who holds it.
    """
    beside = Path(sys.executable).with_name("py-spy")
    program = str(beside) if beside.exists() else shutil.which("py-spy")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  # a tool that the user installed
            [program, "dump", "--pid", str(pid)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PY_SPY_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"(py-spy could not look: {error})"
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it says nothing"]
        return f"(py-spy could not look: {last[0]})"
    _command, _, shown = done.stdout.strip().partition("\n")  # the first line repeats our job
    return f"What py-spy sees:\n{shown.strip()}"
