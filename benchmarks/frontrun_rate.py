"""How many executions per CPU-second frontrun's random mode makes of the two-increment program.

Runs alone, in whatever Python has frontrun: `python frontrun_rate.py ATTEMPTS`. It prints one JSON
line. The program is the one of `programs/two_increments.py`, in the shape that frontrun asks for:
it starts the threads itself.
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


def explore(attempts: int) -> int:
    found = frontrun.explore(
        setup=Counter,
        workers=[increment, increment],
        invariant=lambda counter: counter.n in {1, 2},
        strategy="random",
        max_attempts=attempts,
        seed=0,
    )
    return int(found.num_explored)


def main() -> None:
    attempts = int(sys.argv[1])
    explore(10)  # imports and patches of the first call are not the rate
    start = time.process_time()
    executions = explore(attempts)
    cpu_s = time.process_time() - start
    line = {"version": metadata.version("frontrun"), "executions": executions, "cpu_s": cpu_s}
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
