"""How many executions per CPU-second frontrun's random mode makes of a small program.

Runs alone, in whatever Python has frontrun: `python frontrun_rate.py PROGRAM ATTEMPTS`. It
prints one JSON line. The programs are those of `programs/two_increments.py` and
`three_increments.py`, in the shape that frontrun asks for: it starts the threads itself.
"""

import json
import sys
import time
from importlib import metadata

import frontrun  # type: ignore[import-not-found]  # installed only in the Python that runs this


class Counter:
    def __init__(self) -> None:
        self.n = 0


def increment(counter: Counter) -> None:
    counter.n += 1


def increment_thrice(counter: Counter) -> None:
    counter.n += 1
    counter.n += 1
    counter.n += 1


WORKERS = {"two_increments": increment, "three_increments": increment_thrice}


def explore(name: str, attempts: int) -> int:
    found = frontrun.explore(
        setup=Counter,
        workers=[WORKERS[name], WORKERS[name]],
        invariant=lambda counter: 1 <= counter.n <= 6,  # what six can make
        strategy="random",
        max_attempts=attempts,
        seed=0,
    )
    return int(found.num_explored)


def main() -> None:
    name, attempts = sys.argv[1], int(sys.argv[2])
    explore(name, 10)  # imports and patches of the first call are not the rate
    start = time.process_time()
    executions = explore(name, attempts)
    cpu_s = time.process_time() - start
    line = {"version": metadata.version("frontrun"), "executions": executions, "cpu_s": cpu_s}
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
