"""A cache that forgets what was used longest ago."""

import threading


class Cache:
    def __init__(self, size):
        self._size = size
        self._lock = threading.Lock()
        self._entries = {}

    def put(self, key, value):
        with self._lock:
            self._entries.pop(key, None)
            if len(self._entries) == self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = value

    def get(self, key):
        with self._lock:
            if key not in self._entries:
                return None
            self._entries[key] = value = self._entries.pop(key)
            return value
