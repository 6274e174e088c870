"""Runs a program under the scheduler with a schedule that comes from the input.

One controlled setting is kept for many inputs: setting it up costs six times what a small
execution does. A failing input is explained by the harness itself, which shrinks the schedule and
gives its token.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from typing import TYPE_CHECKING, Final

from fuzz.errors import ScheduleFailure, UndecidedError
from fuzz.schedules.byte_schedule import ByteSchedule
from fuzz.schedules.schedule_rules import read_rules
from fuzz.triaging.crash import frames_of, innermost
from harness import ControlledSetting
from harness.strategies import ObservedPairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.schedules.schedule_rules import ScheduleRules
    from harness import Finding, Outcome

MAX_STEPS: Final = 20_000
MOST_KNOWN: Final = 20_000  # meanings of inputs that are remembered; some 10 MB
LIVELOCKS: Final = 3  # executions over the step bound, in a process, that are looked into
_RUNNER: Final = "controlled_run.py:"  # the line in a stack that says how the body was called
_PLACE: Final = re.compile(r" at (\S+\.py):\d+ in (\S+)")


class Body:
    """A body for `harness.explore` that can tell what it met. Its text is shown with a finding.

    Attributes:
        features: What an execution met, as small numbers; read after it ended well.
        meaning: Equal for bodies that do the same, so that no schedule is run twice: two executions
            under one schedule are the same, and inputs often differ in nothing that matters. None
            for a body that must be run each time.
    """

    features: set[int]
    meaning: object = None

    def __init__(self) -> None:
        self.features = set()

    def __call__(self) -> None:
        """Run once."""
        raise NotImplementedError


class UnderEngine:
    """Runs inputs of one program; serves as the `run` of a target. Not safe between threads.

    Args:
        program: Takes an input; returns the body to run and the bytes of its schedule.
        early_timeouts: A rule of the schedule may let a timed wait give up early. Without it such
            a wait ends only when nobody can run, which a body may use to wait for rest.
        max_steps: Choices in one execution after which it is given up.

    Attributes:
        executions: How many were run; inputs that mean the same are one.
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
        self._known: dict[object, frozenset[int]] = {}  # what inputs that ended well told
        self.executions = 0
        self._overruns = 0

    def __call__(self, data: bytes) -> frozenset[int]:
        """Run one input; return the numbers of its reads-from pairs, and what the body told.

        Raises:
            ScheduleFailure: It failed.
            UndecidedError: It met the step bound, and was not seen to go on for ever.
        """
        body, schedule = self._program(data)
        rules = read_rules(schedule)
        key = body.meaning, rules.meaning
        known = None if key[0] is None else self._known.get(key)
        if known is not None:
            return known
        outcome = self._execute(body, rules)
        if outcome.kind is not None:
            failure = ScheduleFailure(outcome.kind.name, outcome.message, _frames(outcome))
            raise failure from outcome.error
        if outcome.overrun:
            self._judge_overrun(body, outcome)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        told = self._known[key] = frozenset(self._pairs.numbers | body.features)
        return told

    def body(self, data: bytes) -> Body:
        """Return the body that an input runs, for `harness.replay` of a token of its story."""
        return self._program(data)[0]

    def explain(self, data: bytes) -> str:
        """Return the whole story of a failing input, with the token of its shrunk schedule.

        It is made of the very run that failed: `explore` would make accesses of the body visible,
        and the bytes would then choose at other points.
        """
        body, schedule = self._program(data)
        outcome = self._execute(body, read_rules(schedule))
        with default_hook():
            finding = self._setting.examine(body, outcome)
        if finding is None:
            return ""
        told = dataclasses.replace(
            finding,
            command=self.command(finding.token),
            stack=tuple(line for line in finding.stack if not line.startswith(_RUNNER)),
        )
        return f"{body}\n{told}"

    def command(self, token: str) -> str:  # noqa: ARG002  # for those who know one
        """Return the command line that replays a token; "" where no body can be named."""
        return ""

    def close(self) -> None:
        """Leave the controlled setting."""
        self._setting.close()

    def _execute(self, body: Body, rules: ScheduleRules) -> Outcome:
        self.executions += 1
        strategy = ByteSchedule(rules, self._pairs, early_timeouts=self._early_timeouts)
        with default_hook():
            return self._setting.run(body, strategy, vouched=True)

    def _judge_overrun(self, body: Body, outcome: Outcome) -> None:
        """Tell a livelock from an execution that is merely long.

        That takes as long as some executions to the bound, so a campaign whose inputs often meet
        it looks into the first few; a saved input, replayed, is among these.
        """
        self._overruns += 1
        finding: Finding | None = None
        if self._overruns <= LIVELOCKS:
            with default_hook():
                finding = self._setting.examine(body, outcome)
        if finding is not None:
            raise ScheduleFailure(finding.kind.name, finding.message, _places(finding.places))
        raise UndecidedError(f"the execution met its bound of {self._max_steps} steps")


class default_hook:  # noqa: N801  # a context manager: a generator's would cost more than it does
    """Lets an exception that leaves a thread be a failure of the execution.

    The fuzzer hangs out a `threading.excepthook` for threads that nobody controls; the scheduler
    would take it for one of the program's own, which has dealt with the exception.
    """

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = threading.excepthook
        threading.excepthook = threading.__excepthook__

    def __exit__(self, *_exc: object) -> None:
        threading.excepthook = self._before


def _frames(outcome: Outcome) -> tuple[str, ...]:
    return frames_of(outcome.error) if outcome.error is not None else _places(outcome.places)


def _places(places: tuple[str, ...]) -> tuple[str, ...]:
    found = (match for place in places for match in _PLACE.findall(place))
    return tuple(sorted(set(innermost(found))))
