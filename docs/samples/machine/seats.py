"""Hands out seats, the lowest free one first."""

import threading


class Seats:
    def __init__(self, count):
        self._lock = threading.Lock()
        self._free = list(range(count))

    def take(self):
        if not self._free:
            return None
        with self._lock:
            return self._free.pop(0)

    def give_back(self, seat):
        with self._lock:
            self._free.append(seat)
            self._free.sort()
