"""The child's line to its parent: one JSON object a line, whole or not at all."""

from __future__ import annotations

import json
import os
import threading
from typing import Final

LINE_LIMIT_S: Final = 0.5  # a thread that holds the line longer is stuck itself


class Channel:
    """Writes reports to a descriptor. Safe to share between threads.

    A forked copy of the process inherits the descriptor and must not speak for the child: what it
    says is dropped.
    """

    __slots__ = ("_descriptor", "_lock", "_pid")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._pid = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that was started, and no forked copy of it."""
        return os.getpid() == self._pid

    def tell(self, kind: str, **fields: object) -> None:
        """Send one report."""
        if not self.is_ours:
            return
        line = (json.dumps({"kind": kind, **fields}) + "\n").encode()
        # The watcher tells of a thread that is stuck, perhaps in here: it waits, but not for ever.
        held = self._lock.acquire(timeout=LINE_LIMIT_S)
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        finally:
            if held:
                self._lock.release()
