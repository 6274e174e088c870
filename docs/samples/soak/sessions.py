"""Visitors and what is still to be sent to them, each in a file of its own."""

import os
import tempfile


class Sessions:
    def __init__(self):
        self._spools = {}

    def enter(self, visitor):
        if visitor not in self._spools:
            descriptor, path = tempfile.mkstemp(prefix="spool-")
            os.close(descriptor)
            self._spools[visitor] = path

    def leave(self, visitor):
        path = self._spools.pop(visitor, None)
        if path is not None:
            os.remove(path)
