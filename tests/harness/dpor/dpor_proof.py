"""Holds dpor to naive search on generated programs.

`python -m tests.harness.dpor.dpor_proof [programs] [seed]` checks 5 000 programs, in some 15
minutes of one core, and prints the smallest one that fails; exit code 1 then.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, seed, settings

from harness.strategies.dpor import Dpor
from tests.harness.dpor.generated_programs import programs
from tests.harness.dpor.naive_search import AT_ONCE, Everything, run_all
from tests.harness.dpor.trace_oracle import depends, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.engine.task import Task
    from tests.harness.dpor.generated_programs import Program, World
    from tests.harness.dpor.trace_oracle import Relation

PROGRAMS = 5_000
BATCH = 500  # examples of one seed
ASKS_WHO_LIVES = ("is_alive", "active_count", ".join(")
READS_THE_CLOCK = ("monotonic", "timeout", "barrier")
PROBES = 5
NAIVE_CAP = 1_500  # executions; a program that has more is left out


@dataclass(slots=True)
class Comparison:
    """What two searches of one program came to."""

    naive_outcomes: set[Any] = field(default_factory=set)
    outcomes: set[Any] = field(default_factory=set)
    interleavings: int = 0
    traces: int = 0
    executions: int = 0
    blocked: int = 0
    vague: int = 0

    def check(self) -> None:
        """Raise if dpor lost an outcome, or ran a trace more or less than once."""
        lost = self.naive_outcomes - self.outcomes
        assert not lost, f"lost {len(lost)} of {len(self.naive_outcomes)} outcomes: {lost}"
        assert self.outcomes == self.naive_outcomes
        assert self.blocked == 0, f"{self.blocked} blocked runs"
        assert self.executions == self.traces, f"{self.executions} executions, {self.traces} traces"


def compare(
    program: Program, *, cap: int = NAIVE_CAP, relation: Relation = depends
) -> Comparison | None:
    """Search a program both ways; None if it has more interleavings than `cap`."""
    worlds: list[World] = []
    body = program.make_body(worlds)
    found = Comparison()
    traces: dict[bool, set[Any]] = {False: set(), True: set()}
    large = program.tasks > 2 or "spawn" in program.source
    at_once = large and not any(text in program.source for text in ASKS_WHO_LIVES)
    naive = Everything(at_once=at_once)
    clock = False
    timed = any(text in program.source for text in READS_THE_CLOCK)

    def keep(ending: Ending, outcomes: set[Any]) -> None:
        outcomes.add((ending.kind.name, worlds[-1].state()))
        worlds.clear()

    def after_naive(ending: Ending) -> None:
        nonlocal clock
        keep(ending, found.naive_outcomes)
        clock = clock or any(op[0] == "time" for step in naive.steps for op in step.operations)
        for reads in (False, True) if timed else (False,):
            traces[reads].add(trace_of(naive.steps, clock=reads, relation=relation))

    if _estimate(body, worlds, at_once=at_once) > 2 * cap:
        return None
    total = run_all(body, naive, cap=cap, after=after_naive)
    if total is None:
        return None
    found.interleavings = total
    found.traces = len(traces[clock])
    dpor = Dpor()
    done = run_all(body, dpor, cap=2 * cap, after=lambda ending: keep(ending, found.outcomes))
    found.executions = -1 if done is None else done
    found.blocked = dpor.blocked_runs
    found.vague = dpor.vague
    return found


def _estimate(body: Callable[[], None], worlds: list[World], *, at_once: bool) -> float:
    """Guess how many interleavings there are: the mean over some random walks.

    Source: Knuth, "Estimating the efficiency of backtrack programs", 1975.
    """
    walks = _Walks(at_once=at_once)
    run_all(body, walks, cap=PROBES, after=lambda _ending: worlds.clear())
    return walks.total / PROBES


class _Walks:
    """Random walks that multiply how many tasks there were to choose from."""

    early_timeouts = True
    operations = True

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self.total = 0.0
        self._product = 0.0
        self._random = random.Random(0)  # reproducible, not secret

    def begin(self, execution: int) -> bool:
        self.total += self._product
        self._product = 1.0
        return execution < PROBES

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # Protocol
        if self._at_once:
            for task in ready:
                if task.pending[0] in AT_ONCE:
                    return task
        self._product *= len(ready)
        return self._random.choice(ready)


def prove(wanted: int, first_seed: int) -> Counter[str]:
    """Check programs until there were enough; return what was counted.

    Raises:
        AssertionError: dpor lost an outcome or ran a trace twice; Hypothesis names the program.
    """
    counts: Counter[str] = Counter()
    number = first_seed
    while counts["programs"] < wanted:
        _check_batch(number, counts)
        number += 1
        print(f"{_summary(counts)}, {time.process_time():.0f} s", flush=True)  # noqa: T201  # a command
    return counts


def _check_batch(number: int, counts: Counter[str]) -> None:
    @seed(number)
    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def check(program: Program) -> None:
        found = compare(program)
        if found is not None:
            found.check()
            counts["programs"] += 1
            counts["interleavings"] += found.interleavings
            counts["traces"] += found.traces
            counts["more traces than one"] += found.traces > 1
            counts["more outcomes than one"] += len(found.outcomes) > 1

    check()


def _summary(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    try:
        prove(*(numbers + [PROGRAMS, 0][len(numbers) :]))
    except AssertionError as failure:
        sys.exit(f"dpor is wrong: {failure}\n" + "\n".join(getattr(failure, "__notes__", ())))
