"""Two threads count, and sometimes one count is lost."""

import threading


class Counter:
    def __init__(self):
        self.value = 0

    def add(self):
        self.value += 1


def body():
    counter = Counter()
    threads = [threading.Thread(target=counter.add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2
