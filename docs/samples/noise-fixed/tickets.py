"""Sells tickets, never more than there are."""

import threading


class Tickets:
    def __init__(self):
        self.left = 1
        self.sold = []
        self._lock = threading.Lock()

    def buy(self, who):
        with self._lock:
            if self.left > 0:
                self.left -= 1
                self.sold.append(who)
                return True
            return False
