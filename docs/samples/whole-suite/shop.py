"""A shop that counts what it sells."""

import threading


class Shop:
    def __init__(self, stock):
        self.stock = stock
        self.sold = 0
        self._lock = threading.Lock()

    def sell(self):
        if self.stock == 0:
            return False
        with self._lock:
            self.stock -= 1
            self.sold += 1
        return True
