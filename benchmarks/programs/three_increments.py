"""The small racy program with some length: two ordinary threads each add one three times.

It asserts nothing, so that every execution runs to its end and the rate is of whole executions.
`frontrun_rate.py` has the same class and the same function.
"""

import threading


class Counter:
    def __init__(self) -> None:
        self.n = 0


def increment_thrice(counter: Counter) -> None:
    counter.n += 1
    counter.n += 1
    counter.n += 1


def body() -> None:
    counter = Counter()
    one = threading.Thread(target=increment_thrice, args=(counter,))
    other = threading.Thread(target=increment_thrice, args=(counter,))
    one.start()
    other.start()
    one.join()
    other.join()
