"""Lends out connections, never more than `size` at a time."""

import threading


class PoolEmpty(Exception):
    pass


class Pool:
    def __init__(self, connect, size):
        self._connect = connect
        self._size = size
        self._made = 0
        self._idle = []
        self._changed = threading.Condition()

    def take(self, timeout_s=30):
        with self._changed:
            if not self._idle and self._made == self._size:
                if not self._changed.wait(timeout_s):
                    raise PoolEmpty
            if self._idle:
                return self._idle.pop()
            self._made += 1
        return self._connect()

    def give_back(self, connection):
        with self._changed:
            self._idle.append(connection)
            self._changed.notify()
