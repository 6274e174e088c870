"""Bodies that the tests of clusters explore, by import path."""

import os
import threading
from collections.abc import Callable


class Cell:
    def __init__(self) -> None:
        self.first = self.second = 0


def run(*jobs: Callable[[], None]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wide() -> None:
    """About 7 400 schedules within two preemptions, none of which fails."""
    cell = Cell()

    def count() -> None:
        for _ in range(3):
            cell.first += 1

    run(count, count, count)
    assert cell.first >= 2


def fails_rarely() -> None:
    """Some one in 200 random walks fails."""
    cell = Cell()

    def look() -> None:
        if cell.first == 1 and cell.second == 1 and cell.first == 2:
            raise ValueError("rare")

    def write() -> None:
        cell.first = 1
        cell.second = 1
        cell.first = 2
        cell.first = cell.second = 0

    run(look, write)


def kills_its_process() -> None:
    """Neither failure nor success: the process is gone."""
    os._exit(7)
