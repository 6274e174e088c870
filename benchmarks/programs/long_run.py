"""Two ordinary threads that meet at every step of a long run."""

import threading

TURNS = 5_000  # of each thread, at two accesses a turn


class Counter:
    def __init__(self) -> None:
        self.n = 0


def increment(counter: Counter) -> None:
    for _ in range(TURNS):
        counter.n += 1


def body() -> None:
    counter = Counter()
    threads = [threading.Thread(target=increment, args=(counter,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
