"""A shop that sells what it has not got, if two customers ask at the right moment."""

from __future__ import annotations

import threading

import fuzz


class Shop:
    def __init__(self, stock: int) -> None:
        self.stock = stock
        self.sold = 0

    def buy(self) -> None:
        if self.stock > 0:
            self.stock -= 1
            self.sold += 1


def last_item() -> None:
    """Two customers want the last item."""
    sells(customers=2, stock=1)


def sells(customers: int, stock: int) -> None:
    shop = Shop(stock)
    threads = [threading.Thread(target=shop.buy) for _ in range(customers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.stock >= 0, "more was sold than there was"


@fuzz.target(controlled=True)
def customers(provider: fuzz.FuzzedDataProvider) -> None:
    """Some customers, some items, any schedule."""
    sells(provider.ConsumeIntInRange(1, 4), provider.ConsumeIntInRange(0, 3))
