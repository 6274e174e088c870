"""Visitors and what is still to be sent to them, each in a file of its own."""

import os
import tempfile
import threading


class Sessions:
    def __init__(self):
        self._lock = threading.Lock()
        self._spools = {}

    def enter(self, visitor):
        with self._lock:
            if visitor not in self._spools:
                descriptor, path = tempfile.mkstemp(prefix="spool-")
                os.close(descriptor)
                self._spools[visitor] = path

    def leave(self, visitor):
        with self._lock:
            path = self._spools.pop(visitor, None)
        if path is not None:
            os.remove(path)
