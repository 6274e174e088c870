"""Sells tickets, never more than there are."""


class Tickets:
    def __init__(self):
        self.left = 1
        self.sold = []

    def buy(self, who):
        if self.left > 0:
            self.left -= 1
            self.sold.append(who)
            return True
        return False
