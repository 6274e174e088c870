"""Lets frontrun search one program, in whatever Python has frontrun; prints a JSON line a search.

Runs alone: `python -m frontrun.cli python frontrun_child.py JOB`, where JOB is a JSON object with
module, function, arguments, executions, limit_s and the seeds of its random mode; its dpor has no
seed and runs once. frontrun wants to start the threads itself, so the program hands them over.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Stage:
    """One execution: the program's threads and state, and what left a thread."""

    def __init__(self, body: Callable[[], None]) -> None:
        # Only now does the path lead to the project.
        from tests.suite.programs.starting import handed_over  # noqa: PLC0415

        with handed_over() as casts:
            body()
        (self.cast,) = casts
        self.errors: list[Exception] = []

    def play(self, number: int) -> None:
        try:
            self.cast.works[number]()
        except Exception as error:  # noqa: BLE001  # frontrun would let it end the search
            self.errors.append(error)

    def holds(self) -> bool:
        if self.errors:
            return False
        if self.cast.check is None:
            return True
        try:
            self.cast.check()
        except AssertionError:
            return False
        return True


def main() -> None:
    frontrun = importlib.import_module("frontrun")  # installed only where this runs
    job = json.loads(sys.argv[1])
    sys.path.insert(0, str(ROOT))
    program = getattr(importlib.import_module(job["module"]), job["function"])
    body = partial(program, *job["arguments"], fixed=False)
    workers = [partial(_play, number) for number in range(len(Stage(body).cast.works))]
    common: dict[str, Any] = {
        "setup": partial(Stage, body),
        "workers": workers,
        "invariant": Stage.holds,
        "total_timeout": job["limit_s"],
        "reproduce_on_failure": 0,
    }
    for seed in job["seeds"]:
        how = {"strategy": "random", "seed": seed, "max_attempts": job["executions"]}
        _report("frontrun random", seed, frontrun.explore, {**common, **how})
    how = {"strategy": "dpor", "max_executions": job["executions"]}
    _report("frontrun dpor", 0, frontrun.explore, {**common, **how})


def _play(number: int, stage: Stage) -> None:
    stage.play(number)


def _report(name: str, seed: int, explore: Callable[..., Any], how: dict[str, Any]) -> None:
    began_s, began_wall_s = time.process_time(), time.monotonic()
    try:
        found = explore(**how)
        holds, count, why = found.property_holds, found.num_explored, found.inconclusive_reason
    except Exception as error:  # noqa: BLE001  # the tool failed: that is a result, too
        holds, count, why = None, 0, f"{type(error).__name__}: {error}"
    line = {
        "strategy": name,
        "seed": seed,
        "holds": holds,
        "executions": count,
        "why": why or "",
        "cpu_s": time.process_time() - began_s,
        "late": time.monotonic() - began_wall_s >= how["total_timeout"],
        "version": metadata.version("frontrun"),
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
