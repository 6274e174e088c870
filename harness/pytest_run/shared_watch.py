"""Watches what all executions of a test share, in this process and in children that run them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import IO, TYPE_CHECKING, Any, Final

from harness.pytest_run.fingerprint import change, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEDY: Final = (
    "What one execution leaves there is found by the next, so a schedule does not do the same "
    "twice. Make it new in each execution (a function-scoped fixture, or in the test), or put it "
    "back at the end of the test."
)
MAX_BYTES: Final = 100_000  # that children may say


class SharedWatch:
    """Tells what was changed by executions that should have left it alone.

    Args:
        shared: The name, the kind and the value of everything that is shared.
        children: Executions may run in child processes, whose memory is not seen here.
    """

    def __init__(self, shared: Iterable[tuple[str, str, Any]], *, children: bool) -> None:
        self._shared = list(shared)
        self._before = [fingerprint(value, name) for name, _, value in self._shared]
        self._process = os.getpid()
        self._calls = 0
        self._told: IO[bytes] | None = None
        if children and self._shared:
            self._told = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # a forked child writes to it

    def values(self) -> list[Any]:
        """Return what is shared: the engine looks there for locks."""
        return [value for _, _, value in self._shared]

    def look(self) -> None:
        """In a child, tell the parent of a change: before the 2nd, 4th, 8th, ... execution."""
        if self._told is None or os.getpid() == self._process:
            return
        self._calls += 1
        if self._calls > 1 and not self._calls & (self._calls - 1):
            for words in self._changes():
                with contextlib.suppress(OSError):  # a full disk: nothing is told
                    os.write(self._told.fileno(), words.encode("utf-8", "replace") + b"\n")

    def end(self) -> list[str]:
        """Return what has changed, in words, and let go of what is watched."""
        found = self._changes()
        if self._told is not None:
            self._told.seek(0)
            found += self._told.read(MAX_BYTES).decode("utf-8", "replace").splitlines()
            self._told.close()
        self._shared, self._before = [], []
        return list(dict.fromkeys(found))

    def _changes(self) -> list[str]:
        found: list[str] = []
        for (name, kind, value), before in zip(self._shared, self._before, strict=True):
            words = change(before, fingerprint(value, name))
            if words:
                found.append(f"the {kind} {name!r} was changed by the executions: {words}")
        return found
