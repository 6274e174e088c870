"""How the programs of a machine are written and explored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ArgumentError
from harness.exploring import check_arguments
from harness.rules import rules_from
from harness.settings import Undecided
from harness.stateful.machine_steps import MAX_THREADS
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_EACH = 12  # steps of one part of a program; judging is exponential in those that overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """How a `ConcurrentStateMachine` is explored: its attribute `concurrency`.

    Attributes:
        executions: Schedules that each program is run under, at most; thrice as many for programs
            of at most four steps, which is what larger ones become when they shrink.
        strategy: As `harness.explore` takes it; a name, or None for the best default.
        threads: The fewest and the most threads of a program.
        calls: The most steps of one thread.
        prefix: The most steps before the threads start, `initialize` rules not counted.
        suffix: The most steps after they have ended.
        switching: `free-threaded` or `gil`, the switching model.
        max_steps: Choices in one execution after which it is given up, undecided.
        fail_on: As `harness.explore` takes it.
        early_timeouts: Likewise.
        undecided: `fail` or `warn` when no program fails, and some met `max_steps`, had too many
            orders to judge, or ended with a strategy's budget.
    """

    executions: int = 60
    strategy: str | None = None
    threads: tuple[int, int] = (2, 4)
    calls: int = 3
    prefix: int = 4
    suffix: int = 2
    switching: str = "free-threaded"
    max_steps: int = 20_000
    fail_on: str | Iterable[str] = ()
    early_timeouts: bool = False
    undecided: str = "fail"

    def __post_init__(self) -> None:
        check_arguments(
            executions=self.executions, seed=0, max_steps=self.max_steps,
            model=self.switching, workers=1, budget_s=None,
        )  # fmt: skip
        if self.strategy is not None and not isinstance(self.strategy, str):
            wants = "the name of a strategy: each program gets a new one"
            raise ArgumentError("strategy", self.strategy, wants)
        make_strategy(self.strategy, 0)
        object.__setattr__(self, "fail_on", rules_from(self.fail_on))
        if type(self.early_timeouts) is not bool:
            raise ArgumentError("early_timeouts", self.early_timeouts, "True or False")
        if self.undecided not in tuple(Undecided):
            raise ArgumentError("undecided", self.undecided, " or ".join(Undecided))
        _check_threads(self.threads)
        for name, least in (("calls", 1), ("prefix", 0), ("suffix", 0)):
            _check_count(name, getattr(self, name), least)


def _check_threads(threads: Any) -> None:  # noqa: ANN401  # whatever was given
    pair = isinstance(threads, tuple) and len(threads) == 2  # noqa: PLR2004  # the fewest, the most
    numbers = pair and all(type(one) is int for one in threads)
    if not numbers or not 1 <= threads[0] <= threads[1] <= MAX_THREADS:
        wants = f"the fewest and the most threads, such as (2, 4), up to {MAX_THREADS}"
        raise ArgumentError("threads", threads, wants)


def _check_count(name: str, value: object, least: int) -> None:
    if type(value) is not int or not least <= value <= MAX_EACH:
        raise ArgumentError(name, value, f"a whole number from {least} to {MAX_EACH}")
