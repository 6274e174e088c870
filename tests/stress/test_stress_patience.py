"""How long a child may be silent: a busy one under noise for longer, a sleeping one never."""

from __future__ import annotations

import pytest

from stress import Budget, Ending, run_scenario
from stress.noise import Noise
from stress.patience import BUSY_SHARE, Patience


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def waited(patience: Patience, clock: Clock, *, share: float) -> float:
    """Return how many limits pass before a child counts as stuck that works a share of the time."""
    patience.renew(8.0, cpu_s=3.0)
    began_s = clock.now_s
    while not patience.is_over(cpu_s=3.0 + share * (clock.now_s - began_s)):
        clock.now_s += 0.25
    return (clock.now_s - began_s) // 8.0


@pytest.mark.parametrize(
    ("limits", "share", "limits_waited"),
    [(1, 1.0, 1), (1, 0.0, 1), (4, 1.0, 4), (4, 0.0, 1), (4, BUSY_SHARE / 2, 1)],
)
def test_a_busy_child_may_have_more_limits_and_a_sleeping_one_has_one(
    limits: int, share: float, limits_waited: int
) -> None:
    clock = Clock()
    patience = Patience(limits=limits, clock=clock)
    for _ in range(2):  # a word of the child begins them anew
        assert waited(patience, clock, share=share) == limits_waited


@pytest.mark.slow
def test_under_noise_a_deadlock_is_told_at_its_limit_and_a_loop_later() -> None:
    noise = Noise.parse("heavy")
    bad = "tests.stress.bad_scenarios:"
    took_s = {}
    for name, says in (("DEADLOCKS", "asleep: a deadlock"), ("SPINS", "busy: a loop")):
        seen = run_scenario(bad + name, Budget(rounds=1, noise=noise, hang_s=1.0))
        assert seen.ending is Ending.HANG
        assert says in seen.message
        took_s[name] = seen.elapsed_s
    assert took_s["SPINS"] > took_s["DEADLOCKS"]
