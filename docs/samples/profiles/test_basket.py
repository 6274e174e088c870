"""A basket that several threads fill."""

import threading

import pytest

import harness


class Basket:
    def __init__(self):
        self.lock = threading.Lock()
        self.items = []

    def add(self, item):
        with self.lock:
            self.items.append(item)


@pytest.fixture
def basket():
    return Basket()  # anew in each execution


@harness.interleaved
@pytest.mark.parametrize("count", [2, 3])
def test_every_item_is_kept(basket, count):
    threads = [threading.Thread(target=basket.add, args=("apple",)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(basket.items) == count
