"""The smallest racy program: two ordinary threads each add one to a counter.

It asserts nothing, so that every execution runs to its end and the rate is of whole executions.
"""

import threading


class Counter:
    def __init__(self) -> None:
        self.n = 0


def body() -> None:
    counter = Counter()

    def increment() -> None:
        counter.n += 1

    threads = [threading.Thread(target=increment) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
