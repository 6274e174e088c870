"""Bytes to schedules of a small program that fails under some: what the engine promises of them.

One input is one schedule. Run twice it does the same; and where the program fails, the token of the
failure runs it again, to the same kind of failure.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import harness
from fuzz.fuzz_target import Target
from fuzz.schedules.byte_schedule import ByteSchedule
from fuzz.schedules.schedule_rules import read_rules
from fuzz.schedules.under_engine import default_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from harness import Finding, Outcome

MAX_STEPS: Final = 2_000
SEED_TOKENS: Final = 40  # failures whose tokens are tried, in a process: each costs some 50 ms


class Shop:
    """One thing to sell, and a till; the look at the shelf is not under the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sold = threading.Event()
        self.left = 1
        self.paid = 0

    def buy(self) -> None:
        """Take the last one, if it is there."""
        if self.left:
            with self.lock:
                self.left -= 1
                self.paid += 1
            self.sold.set()

    def count(self) -> None:
        """Wait for a sale, or give up; then count."""
        self.sold.wait(1.0)
        with self.lock:
            assert self.left >= 0, "more was sold than there was"


def program() -> None:
    """Two buy, one counts."""
    shop = Shop()
    threads = [threading.Thread(target=job) for job in (shop.buy, shop.buy, shop.count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.left + shop.paid == 1


class ScheduleRun:
    """Serves as the `run` of this target. Not safe between threads.

    Args:
        replay: Runs a token again, as `harness.replay`.
    """

    def __init__(self, replay: Callable[..., Finding | None] = harness.replay) -> None:
        self._replay = replay
        self._setting = harness.ControlledSetting(max_steps=MAX_STEPS)
        self._tokens = 0

    def __call__(self, data: bytes) -> Collection[int]:
        """Run one schedule twice, and its token if it failed."""
        strategy, first = self._once(data)
        _, second = self._once(data)
        assert _told(first) == _told(second), "one schedule did two different things"
        if first.kind is not None and self._tokens < SEED_TOKENS:
            self._tokens += 1
            self._check_token(first)
        return frozenset(strategy.features)

    def close(self) -> None:
        """Leave the controlled setting."""
        self._setting.close()

    def _once(self, data: bytes) -> tuple[ByteSchedule, Outcome]:
        strategy = ByteSchedule(read_rules(data), early_timeouts=True)
        with default_hook():
            return strategy, self._setting.run(program, strategy)

    def _check_token(self, outcome: Outcome) -> None:
        with default_hook():
            finding = self._setting.examine(program, outcome)
            assert finding is not None, "a failure that cannot be examined"
            again = self._replay(program, finding.token)
        assert again is not None, "the token of a failure does not fail"
        assert again.kind is finding.kind, f"{finding.kind} became {again.kind}"


def _told(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.kind, outcome.message, outcome.schedule, outcome.overrun


SCHEDULES: Final = Target(
    name="schedules",
    run=ScheduleRun(),
    what="a schedule run twice does the same, and the token of a failure fails again",
    instrument=("fuzz.targets.schedules",),
    controlled=True,
    seeds=(b"", b"\x00" * 8),
    max_bytes=48,
)
