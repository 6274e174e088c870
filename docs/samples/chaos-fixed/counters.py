"""Counts things, in a file that is whole at any moment."""

import json
import os


class Counters:
    def __init__(self, path):
        self._path = path

    def read(self):
        try:
            return json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}

    def count(self, name):
        values = self.read()
        values[name] = values.get(name, 0) + 1
        fresh = self._path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
