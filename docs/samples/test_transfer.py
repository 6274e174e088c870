"""Two transfers in opposite directions."""

import threading

import harness


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()


def transfer(source, target, amount):
    with source.lock, target.lock:
        source.balance -= amount
        target.balance += amount


@harness.interleaved(executions=500)
def test_transfers_cross():
    first, second = Account(10), Account(10)
    one = threading.Thread(target=transfer, args=(first, second, 3))
    two = threading.Thread(target=transfer, args=(second, first, 4))
    one.start()
    two.start()
    one.join()
    two.join()
    assert first.balance + second.balance == 20
