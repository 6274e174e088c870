"""Runs a program under the scheduler with a schedule that comes from the input.

One controlled setting is kept for many inputs: setting it up costs six times what a small
execution does. A failing input is explained by the harness itself, which shrinks the schedule and
gives its token.
"""

from __future__ import annotations

import gc
import re
import sys
import zlib
from typing import TYPE_CHECKING, Final

import harness
from fuzz.errors import ScheduleFailure, UndecidedError
from fuzz.signature import frames_of, standing

# Leaves of another package, against the house rule: its face offers no setting that is kept for
# many bodies, and `explore` for one execution each would be six times slower.
from harness.campaign import Campaign
from harness.examination import Examiner
from harness.finding import kind_of, message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from harness.engine.ending import Ending
    from harness.engine.task import Task

MAX_STEPS: Final = 20_000
COLLECT_EVERY: Final = 500  # executions; the collector is off while they run
_PLACE: Final = re.compile(r" at (\S+\.py):\d+ in (\S+)")
_QUIET: Final = (harness.__file__.rpartition("/")[0], "<")


class ByteSchedule:
    """A strategy that takes its choices from bytes.

    A byte says who runs (its two low bits) and for how many further points the chosen one goes on
    undisturbed (the rest, 0 to 63): a few bytes make a long schedule with few switches, which is
    what most bugs need, and a schedule of zeros lets everybody run until they block. After the
    last byte nobody is interrupted.

    Attributes:
        switches: A number for each place where a task was stopped for another that could run.
    """

    early_timeouts = False  # a timed wait ends only when nobody can run: bodies wait for rest so

    def __init__(self, schedule: bytes) -> None:
        self._schedule = schedule
        self._next = 0
        self._undisturbed = 0
        self.switches: set[int] = set()

    def begin(self, execution: int) -> bool:
        """Start at the first byte; there is one execution."""
        self._next = self._undisturbed = 0
        return execution == 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return whom the next byte chooses."""
        if current is not None and self._undisturbed:
            self._undisturbed -= 1
            return current
        if self._next >= len(self._schedule):
            return ready[0] if current is None else current
        byte = self._schedule[self._next]
        self._next += 1
        self._undisturbed = byte >> 2
        chosen = _choice(ready, current, byte & 3)
        if current is not None and chosen is not current:
            self._note_switch(chosen)
        return chosen

    def _note_switch(self, chosen: Task) -> None:
        place = _user_line(sys._getframe(2))  # noqa: SLF001  # the one way to see the caller
        self.switches.add(zlib.crc32(f"{place}>{chosen.name}".encode()))


def _choice(ready: Sequence[Task], current: Task | None, number: int) -> Task:
    """Return the task a number stands for: 0 is going on, 1, 2, 3 are the others by id."""
    if current is None:
        return ready[number % len(ready)]
    if number == 0:
        return current
    others = [task for task in ready if task is not current]
    return others[(number - 1) % len(others)]


def _user_line(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_QUIET):
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


class UnderEngine:
    """Runs inputs of one program; serves as the `run` of a target. Not safe between threads.

    Args:
        program: Takes an input; returns the body to run and the bytes of its schedule. A body may
            have an attribute `features`, which is read after it ended well.
    """

    def __init__(self, program: Callable[[bytes], tuple[Body, bytes]]) -> None:
        self._program = program
        self._campaign: Campaign | None = None
        self._runs = 0

    def __call__(self, data: bytes) -> frozenset[int]:
        """Run one input.

        Raises:
            ScheduleFailure: It failed.
            UndecidedError: It met the step bound.
        """
        body, schedule = self._program(data)
        strategy = ByteSchedule(schedule)
        strategy.begin(0)
        ending, _ = self._open().run(body, strategy)
        self._judge(ending)
        return frozenset(strategy.switches | body.features)

    def explain(self, data: bytes) -> str:
        """Return the whole story of a failing input, with the token of its shrunk schedule.

        It is made of the very run that failed: `explore` would make accesses of the body visible,
        and the bytes would then choose at other points.
        """
        body, schedule = self._program(data)
        strategy = ByteSchedule(schedule)
        strategy.begin(0)
        campaign = self._open()
        ending, choices = campaign.run(body, strategy)
        if kind_of(ending) is None:
            return ""
        examiner = Examiner(body, model="free-threaded", max_steps=MAX_STEPS, seed=0)
        finding = examiner.examine(campaign, ending, choices, early=False)
        self.close()
        return f"{body}\n{examiner.with_gil(finding)}"

    def close(self) -> None:
        """Leave the controlled setting."""
        if self._campaign is not None:
            self._campaign.__exit__()
            self._campaign = None

    def _open(self) -> Campaign:
        self._runs += 1
        if not self._runs % COLLECT_EVERY:
            gc.collect()
        if self._campaign is None:
            campaign = Campaign(model="free-threaded", max_steps=MAX_STEPS)
            self._campaign = campaign.__enter__()
        return self._campaign

    def _judge(self, ending: Ending) -> None:
        kind = kind_of(ending)
        if kind is not None:
            message = message_of(ending)
            raise ScheduleFailure(kind.name, message, _frames(ending)) from ending.error
        if ending.kind.name == "STEP_BOUND":
            raise UndecidedError(f"the execution met its bound of {MAX_STEPS} steps")


class Body:
    """A body for `harness.explore` that can tell what it met. Its text is shown with a finding."""

    features: set[int]

    def __init__(self) -> None:
        self.features = set()

    def __call__(self) -> None:
        """Run once."""
        raise NotImplementedError


def _frames(ending: Ending) -> tuple[str, ...]:
    if ending.error is not None:
        return frames_of(ending.error)
    places = (found for place in ending.places for found in _PLACE.findall(place))
    return standing(places)
