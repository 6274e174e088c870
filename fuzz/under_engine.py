"""Runs a program under the scheduler with a schedule that comes from the input.

One controlled setting is kept for many inputs: setting it up costs six times what a small
execution does. A failing input is explained by the harness itself, which shrinks the schedule and
gives its token.
"""

from __future__ import annotations

import dataclasses
import gc
import re
from typing import TYPE_CHECKING, Final

from fuzz.byte_schedule import ByteSchedule
from fuzz.crash import frames_of, innermost
from fuzz.errors import ScheduleFailure, UndecidedError
from harness import ControlledSetting
from harness.strategies import ObservedPairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Finding, Outcome

MAX_STEPS: Final = 20_000
COLLECT_EVERY: Final = 500  # executions; the collector is off while they run
LIVELOCKS: Final = 20  # executions over the step bound, in a process, that are looked into
_PLACE: Final = re.compile(r" at (\S+\.py):\d+ in (\S+)")


class Body:
    """A body for `harness.explore` that can tell what it met. Its text is shown with a finding."""

    features: set[int]

    def __init__(self) -> None:
        self.features = set()

    def __call__(self) -> None:
        """Run once."""
        raise NotImplementedError


class UnderEngine:
    """Runs inputs of one program; serves as the `run` of a target. Not safe between threads.

    Args:
        program: Takes an input; returns the body to run and the bytes of its schedule. A body may
            have an attribute `features`, which is read after it ended well.
        early_timeouts: A rule of the schedule may let a timed wait give up early. Without it such
            a wait ends only when nobody can run, which a body may use to wait for rest.
        max_steps: Choices in one execution after which it is given up.
    """

    def __init__(
        self,
        program: Callable[[bytes], tuple[Body, bytes]],
        *,
        early_timeouts: bool = False,
        max_steps: int = MAX_STEPS,
    ) -> None:
        self._program = program
        self._early_timeouts = early_timeouts
        self._max_steps = max_steps
        self._setting = ControlledSetting(max_steps=max_steps)
        self._pairs = ObservedPairs()
        self._runs = 0
        self._overruns = 0

    def __call__(self, data: bytes) -> frozenset[int]:
        """Run one input; return the numbers of its reads-from pairs, and what the body told.

        Raises:
            ScheduleFailure: It failed.
            UndecidedError: It met the step bound, and was not seen to go on for ever.
        """
        body, schedule = self._program(data)
        outcome = self._execute(body, schedule)
        if outcome.kind is not None:
            failure = ScheduleFailure(outcome.kind.name, outcome.message, _frames(outcome))
            raise failure from outcome.error
        if outcome.overrun:
            self._judge_overrun(body, outcome)
        return frozenset(self._pairs.numbers | body.features)

    def body(self, data: bytes) -> Body:
        """Return the body that an input runs, for `harness.replay` of a token of its story."""
        return self._program(data)[0]

    def explain(self, data: bytes) -> str:
        """Return the whole story of a failing input, with the token of its shrunk schedule.

        It is made of the very run that failed: `explore` would make accesses of the body visible,
        and the bytes would then choose at other points.
        """
        body, schedule = self._program(data)
        finding = self._setting.examine(body, self._execute(body, schedule))
        if finding is None:
            return ""
        command = self.command(finding.token)
        return f"{body}\n{dataclasses.replace(finding, command=command)}"

    def command(self, token: str) -> str:  # noqa: ARG002  # for those who know one
        """Return the command line that replays a token; "" where no body can be named."""
        return ""

    def close(self) -> None:
        """Leave the controlled setting."""
        self._setting.close()

    def _execute(self, body: Body, schedule: bytes) -> Outcome:
        self._runs += 1
        if not self._runs % COLLECT_EVERY:
            gc.collect()
        strategy = ByteSchedule(schedule, self._pairs, early_timeouts=self._early_timeouts)
        return self._setting.run(body, strategy, vouched=True)

    def _judge_overrun(self, body: Body, outcome: Outcome) -> None:
        """Tell a livelock from an execution that is merely long.

        That takes as long as some executions to the bound, so a campaign whose inputs often meet
        it looks into the first few; a saved input, replayed, is among these.
        """
        self._overruns += 1
        finding: Finding | None = None
        if self._overruns <= LIVELOCKS:
            finding = self._setting.examine(body, outcome)
        if finding is not None:
            raise ScheduleFailure(finding.kind.name, finding.message, _places(finding.places))
        raise UndecidedError(f"the execution met its bound of {self._max_steps} steps")


def _frames(outcome: Outcome) -> tuple[str, ...]:
    return frames_of(outcome.error) if outcome.error is not None else _places(outcome.places)


def _places(places: tuple[str, ...]) -> tuple[str, ...]:
    found = (match for place in places for match in _PLACE.findall(place))
    return tuple(sorted(set(innermost(found))))
