"""Wrong pools, buffers and cells are found by their machines' default settings; right ones pass.

`python -m tests.planted.stateful.test_planted_machines` does it for ten seeds each.
"""

from __future__ import annotations

import sys
import time

import hypothesis
import pytest

from harness.finding import FindingKind
from harness.stateful import (
    ConcurrentStateMachine,
    MachineFailedError,
    run_concurrent_state_machine_as_test,
)
from tests.planted.stateful import _buffers, _once, _pools

MOST_STEPS = 4
# What is wrong, and how it shows: a wrong pool may break its invariant before a result is wrong.
WRONG = {
    _pools.PeekingMachine: {FindingKind.ASSERTION, FindingKind.NOT_LINEARIZABLE},
    _pools.ForgetfulMachine: {FindingKind.LOST_WAKEUP},
    _pools.UncountedMachine: {FindingKind.ASSERTION},
    _buffers.HastyMachine: {FindingKind.NOT_LINEARIZABLE},
    _buffers.OneWakeMachine: {FindingKind.LOST_WAKEUP},
    _buffers.LockedTwiceMachine: {FindingKind.NOT_LINEARIZABLE},
    _buffers.ModelledHastyMachine: {FindingKind.NOT_LINEARIZABLE},
    _once.RacyMachine: {FindingKind.NOT_LINEARIZABLE},
    _once.ResettingMachine: {FindingKind.NOT_LINEARIZABLE},
    _once.WrongCountdownMachine: {FindingKind.NOT_LINEARIZABLE},
}
RIGHT = (
    _pools.PoolMachine,
    _buffers.BufferMachine,
    _buffers.ModelledMachine,
    _once.OnceMachine,
    _once.GoodResettingMachine,
    _once.CountdownMachine,
)


def failure_of(
    machine: type[ConcurrentStateMachine], seed: int, *, max_examples: int = 100
) -> MachineFailedError | None:
    seeded = hypothesis.seed(seed)(type(machine.__name__, (machine,), {}))
    wanted = hypothesis.settings(
        machine.TestCase.settings, database=None, max_examples=max_examples
    )
    try:
        run_concurrent_state_machine_as_test(seeded, settings=wanted)
    except MachineFailedError as error:
        return error
    return None


@pytest.mark.slow
@pytest.mark.parametrize("machine", WRONG, ids=lambda one: one.__name__)
def test_a_wrong_one_is_found_in_at_most_four_steps(machine: type[ConcurrentStateMachine]) -> None:
    error = failure_of(machine, seed=0)
    assert error is not None
    assert error.result.finding is not None
    assert error.result.finding.kind in WRONG[machine]
    assert len(error.program) <= MOST_STEPS, str(error.program)


@pytest.mark.slow
@pytest.mark.parametrize("machine", RIGHT, ids=lambda one: one.__name__)
def test_a_right_one_passes(machine: type[ConcurrentStateMachine]) -> None:
    error = failure_of(machine, seed=0, max_examples=40)
    assert error is None, str(error)


def main(seeds: int) -> int:
    """Print what each seed finds; return how many did not find what they should."""
    missed = 0
    for machine in (*WRONG, *RIGHT):
        for seed in range(seeds):
            started_s = time.process_time()
            error = failure_of(machine, seed)
            spent_s = time.process_time() - started_s
            finding = None if error is None else error.result.finding
            if error is None or finding is None:
                found = machine in RIGHT
                words = "passed"
            else:
                found = finding.kind in WRONG.get(machine, ()) and len(error.program) <= MOST_STEPS
                words = f"{finding.kind.name}, {len(error.program)} steps"
            missed += not found
            mark = "ok " if found else "BAD"
            line = f"{mark} {machine.__name__:22} seed {seed}: {words}, {spent_s:.1f} s CPU"
            print(line, flush=True)  # noqa: T201  # its output
    return missed


if __name__ == "__main__":
    sys.exit(main(10))
