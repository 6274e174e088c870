"""Runs every shape under real threads and prints which lost updates: the child of a test."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from types import FunctionType

sys.path.insert(0, str(Path(__file__).parent))
import shapes  # beside this file

THREADS = 3
WARM_UP = 200  # calls until the interpreter has specialised what it can
BATCH = 200  # calls between two looks at the clock
COLD = 3  # calls of a copy that the interpreter has not specialised yet


def lost(shape: FunctionType, seconds: float, *, cold: bool) -> int:
    """Return how many updates were lost in that time.

    Args:
        cold: Only in the first calls of the code, before the interpreter has specialised it.
    """
    box, made = shapes.Box(), [0] * THREADS
    end = time.perf_counter() + seconds
    for _ in range(0 if cold else WARM_UP):
        shape(shapes.Box())

    def work(number: int) -> None:
        done = 0
        while time.perf_counter() < end:
            run = copy_of(shape) if cold else shape
            for _ in range(COLD if cold else BATCH):
                run(box)
            done += COLD if cold else BATCH
        made[number] = done

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(made) - box.n


def copy_of(shape: FunctionType) -> FunctionType:
    """Return the same function with code that was never run."""
    return FunctionType(shape.__code__.replace(), shape.__globals__)


def main() -> None:
    """Print a line of JSON: by the name of the shape, how many updates were lost."""
    sys.setswitchinterval(1e-6)
    seconds = float(sys.argv[1])
    counts = {
        name: [lost(vars(shapes)[name], seconds, cold=cold) for cold in (False, True)]
        for name in shapes.NAMES
    }
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main()
