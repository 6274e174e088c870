"""Counts things, in a file."""

import json


class Counters:
    def __init__(self, path):
        self._path = path

    def read(self):
        try:
            return json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}

    def count(self, name):
        values = self.read()
        values[name] = values.get(name, 0) + 1
        self._path.write_text(json.dumps(values))
