"""What a flow controller must do, whichever face it shows.

The model is the requirement in its plainest form: no locks, no futures, one operation at a time,
each judged after everybody has come to rest. It knows one freedom: when the gate opens with more
callers waiting than there are slots, it says how many get through, not which.

    model = FlowModel(high=2, low=1)
    model.acquire("a"); model.acquire("b"); model.acquire("c")
    model.judge({"a": Fate.GRANTED, "b": Fate.GRANTED})   # c waits: nothing to report
    model.release()
    model.judge({"c": Fate.GRANTED})

Source: requirements R-FL-01 to R-FL-08.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fate(StrEnum):
    """How one acquire ended."""

    GRANTED = "granted"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"


class FlowFigures(Protocol):
    """What both faces show of themselves."""

    @property
    def pending(self) -> int:
        """Slots taken."""

    @property
    def blocked(self) -> bool:
        """Whether the gate is shut."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    @property
    def waiting(self) -> int:
        """Callers inside acquire that have no slot yet."""

    @property
    def misuse_count(self) -> int:
        """Releases that no acquire stood for."""


class FlowMismatch(AssertionError):  # noqa: N818  # it is an assertion, and named like one
    """The controller did something the model does not allow."""


class FlowModel:
    """The state a controller should be in. Not for concurrent use: it is the referee."""

    def __init__(self, *, high: int, low: int) -> None:
        if not 1 <= low <= high:
            raise ValueError(f"the model takes marks with 1 <= low <= high, got {low} and {high}")
        self.high = high
        self.low = low
        self.pending = 0
        self.blocked = False
        self.closed = False
        self.misuse_count = 0
        self.episodes = 0
        self.waiting: list[str] = []
        self.due: dict[str, Fate] = {}
        self.passing = 0

    @property
    def settling(self) -> int:
        """How many callers must come back before the next operation."""
        return len(self.due) + self.passing

    @property
    def resting(self) -> int:
        """How many callers must still wait once the others have come back."""
        return len(self.waiting) - self.passing

    def acquire(self, caller: str, *, patient: bool = True, cancelled: bool = False) -> None:
        """`caller` asks for a slot; not `patient`: with a timeout of 0; `cancelled`: already."""
        if self.closed:
            self.due[caller] = Fate.CLOSED
        elif cancelled:
            self.due[caller] = Fate.CANCELLED
        elif not self.blocked:
            self.due[caller] = Fate.GRANTED
            self._take()
        elif patient:
            self.waiting.append(caller)
        else:
            self.due[caller] = Fate.TIMED_OUT

    def release(self) -> None:
        """Somebody gives a slot back, rightly or not."""
        if self.pending == 0:
            self.misuse_count += 1
            return
        self.pending -= 1
        if self.blocked and self.pending <= self.low:
            self.blocked = False
            if not self.closed:
                self._let_in()

    def cancel(self, caller: str) -> None:
        """The token of `caller` is cancelled; too late for whoever does not wait."""
        if caller in self.waiting:
            self.waiting.remove(caller)
            self.due[caller] = Fate.CANCELLED

    def close(self) -> None:
        """The controller is closed; everybody who waits must hear of it."""
        self.closed = True
        self.due.update(dict.fromkeys(self.waiting, Fate.CLOSED))
        self.waiting.clear()

    def judge(self, settled: Mapping[str, Fate]) -> None:
        """Compare what came back since the last call with what had to.

        Raises:
            FlowMismatch: Somebody is missing, uninvited, or met another fate.
        """
        passed = [caller for caller in settled if caller not in self.due]
        for caller in passed:
            if caller not in self.waiting or settled[caller] is not Fate.GRANTED:
                raise FlowMismatch(f"{caller} was {settled[caller]}, but had to wait; {self}")
        if len(passed) != self.passing:
            raise FlowMismatch(
                f"{len(passed)} waiters got through {sorted(passed)}, "
                f"but {self.passing} had to; {self}"
            )
        for caller, fate in self.due.items():
            if settled.get(caller) is not fate:
                got = settled.get(caller, "still inside acquire")
                raise FlowMismatch(f"{caller} had to be {fate}, but was {got}; {self}")
        self.waiting = [caller for caller in self.waiting if caller not in passed]
        self.due.clear()
        self.passing = 0

    def check(self, flow: FlowFigures, episodes: int) -> None:
        """Compare the figures at rest; `episodes`: calls of the blocked callback so far.

        Raises:
            FlowMismatch: A figure differs.
        """
        wanted = {
            "pending": self.pending,
            "blocked": self.blocked,
            "closed": self.closed,
            "waiting": len(self.waiting),
            "misuse_count": self.misuse_count,
        }
        for figure, value in wanted.items():
            shown = getattr(flow, figure)
            if shown != value:
                raise FlowMismatch(f"{figure} had to be {value}, but was {shown}; {self}")
        if episodes != self.episodes:
            raise FlowMismatch(
                f"the blocked callback ran {episodes} times for {self.episodes} episodes; {self}"
            )

    def __str__(self) -> str:
        state = "closed" if self.closed else "blocked" if self.blocked else "open"
        return (
            f"model: {state}, {self.pending} taken, marks {self.high}/{self.low}, "
            f"waiting {self.waiting}"
        )

    def _take(self) -> None:
        self.pending += 1
        if self.pending >= self.high:
            self.blocked = True
            self.episodes += 1

    def _let_in(self) -> None:
        """The gate has opened: as many waiters as fit take slots, and may shut it again."""
        self.passing = min(len(self.waiting), self.high - self.pending)
        for _ in range(self.passing):
            self._take()
