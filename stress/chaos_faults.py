"""Slow and failing system calls, as one fault plan that is drawn anew for each round."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Final

from harness.faults import (
    FILE_CALLS,
    MEMORY_CALLS,
    SOCKET_CALLS,
    THREAD_CALLS,
    Effect,
    FaultPlan,
    Moment,
    Rule,
)
from harness.faults.moment import When
from stress.chaos import Trouble

if TYPE_CHECKING:
    import random

    from harness.faults import Faults
    from stress.chaos import Chaos

CALLS: Final = (*FILE_CALLS, *SOCKET_CALLS, *MEMORY_CALLS, *THREAD_CALLS)
SPARED: Final = ("stress.channel",)  # the line to the parent is no part of the program
SLOW: Final = "*: share 0.05 slow 2ms"
FAILING_SHARE: Final = 0.02  # of all calls: a round of a hundred operations meets some
LEAST_WRITES: Final = 1
MOST_WRITES: Final = 60  # that go through before the disk counts as full


class FailingCalls:
    """The fault plan of a round, and what it has done in all of them."""

    def __init__(self, *, slow: bool, failing: bool, own: FaultPlan | None, full: bool) -> None:
        self._slow = slow
        self._failing = failing
        self._own = own
        self._full = full
        self._plan: contextlib.ExitStack | None = None
        self._injected: Counter[str] = Counter()
        self.faults: Faults | None = None

    @classmethod
    def of(cls, chaos: Chaos, *, full_disk: bool) -> FailingCalls | None:
        """Return what the chaos wants of it; None when that is nothing.

        Args:
            full_disk: Writes shall fail as on a full disk, since there is no small one.
        """
        slow, failing = Trouble.SLOW in chaos.kinds, Trouble.FAILING in chaos.kinds
        if not (slow or failing or full_disk or chaos.plan is not None):
            return None
        return cls(slow=slow, failing=failing, own=chaos.plan, full=full_disk)

    @property
    def done(self) -> str:
        """What was injected, in words."""
        if not self._injected:
            return "no call was touched"
        most = ", ".join(f"{count} of {call}" for call, count in self._injected.most_common(6))
        return f"{self._injected.total()} calls: {most}"

    def begin(self, chance: random.Random) -> None:
        """Put a plan in force."""
        self._plan = contextlib.ExitStack()
        self.faults = self._plan.enter_context(
            self._drawn(chance).applied(calls=CALLS, spared=SPARED)
        )

    def end(self) -> None:
        """Take it out again."""
        if self._plan is None:
            return
        assert self.faults is not None
        self._injected.update(entry.call for entry in self.faults.log)
        self._plan.close()
        self._plan = self.faults = None

    def _drawn(self, chance: random.Random) -> FaultPlan:
        seed = chance.getrandbits(32)
        rules: list[Rule] = []
        if self._slow:
            rules.append(Rule.parse(SLOW))
        if self._full:
            full = f"after {chance.randint(LEAST_WRITES, MOST_WRITES)} fails ENOSPC"
            rules += [Rule.parse(f"{call}: {full}") for call in ("file.write", "os.write")]
        if self._failing:
            moment = Moment(when=When.SHARE, share=FAILING_SHARE)
            rules.append(Rule(call="*", moment=moment, effect=Effect.parse(["fails"])))
        if self._own is not None:
            rules += self._own.rules
        return FaultPlan(tuple(rules), seed=seed)
