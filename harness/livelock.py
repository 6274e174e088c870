"""Tells a livelock from an execution that is merely long.

An execution that met its step bound proves nothing: the schedule may have been unfair, or the
program slow. So its beginning runs again, and then every task makes a step in turn. If that too
meets the bound, the last operations are searched for a period: the same operations by the same
tasks at the same lines with the same values. A period is a livelock only if

- the state of the program is the same at its beginning and its end, three times in a row: what the
  variables of all tasks lead to, what was touched, what tasks wait for, how far chance was drawn;
- the schedule is fair: everybody who could go on, or whose timeout would come, did so in it;
- nothing is in it whose state cannot be seen: a clock that is read, code that is not instrumented
  and is given something that changes, a `for` over an iterator that only the interpreter holds.

Then the same steps can go on for ever. Everything else stays undecided.
"""

from __future__ import annotations

import itertools
import re
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.engine.ending import Ending, EndingKind
from harness.engine.loops import loops_around
from harness.engine.numbering import hold
from harness.engine.recorder import Event, Recorder
from harness.engine.snapshot import TooLargeError, snapshot
from harness.errors import HarnessError
from harness.finding import kind_of
from harness.primitives.chance import chance
from harness.strategies.fair import Alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.campaign import Campaign
    from harness.engine.task import Task
    from harness.strategies.protocol import Strategy

    Body = Callable[[], object]

REPEATS: Final = 5  # of a period that are seen before its state is looked at
COMPARED: Final = 3  # turns of the period whose states are compared
MIN_EVENTS: Final = 40  # that repeat: two equal reads in a row are no period
TAIL: Final = 4_000  # last events that are searched for a period
WINDOWS: Final = (25, 100, 600, 3_000)  # choices in turn within which a period shows
LONG: Final = 2_000  # choices for which it must go on: a bound on tries, out of sight, would end it
SHOWN: Final = 12  # operations of a period that the message names
_NUMBER: Final = re.compile(r"#\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cycle:
    """Operations that repeat at the end of an execution.

    Attributes:
        start: Index of the first event of the first turn.
        length: Events in a turn.
    """

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Livelock:
    """A proof that a schedule can go on for ever.

    Attributes:
        schedule: Its choices, as far as they are needed to see it.
        max_steps: The step bound at which the execution is given up.
        events: Up to the end of the second turn.
        cycle: The period within them.
        seen: How many events there were in all.
    """

    schedule: tuple[int, ...]
    max_steps: int
    ending: Ending
    events: tuple[Event, ...]
    cycle: Cycle
    seen: int

    def turn(self) -> tuple[Event, ...]:
        """Return the operations of one turn."""
        return self.events[self.cycle.start : self.cycle.start + self.cycle.length]

    def __str__(self) -> str:
        turn = self.turn()
        names = list(dict.fromkeys(event.task_name for event in turn))
        who = f"{len(names)} tasks repeat" if len(names) > 1 else f"{names[0]} repeats"
        count = f"{len(turn)} operations" if len(turn) > 1 else "one operation"
        shown = [_words(event) for event in turn[:SHOWN]]
        if len(turn) > SHOWN:
            shown.append(f"and {len(turn) - SHOWN} more")
        fair = "nothing changes, and everybody who can go on does"
        return "\n  ".join([f"{who} {count} for ever; {fair}. One turn:", *shown])


def _words(event: Event) -> str:
    value = f" ({event.value})" if event.value else ""
    return f"{event.task_name}: {event.kind} {event.target}{value} at {event.site.text()}"


# -- the period -----------------------------------------------------------------------------------


def find_cycle(events: Sequence[Event]) -> Cycle | None:
    """Return the shortest period with which a sequence of events ends; None if it has none.

    Two events are the same if one task does the same to the same object at the same line, with the
    same value.
    """
    for named in (True, False):  # an object that is made anew in each turn has a new name
        keys = [_key(event, named=named) for event in events[-TAIL:]]
        length = period_of(keys[::-1])
        if length:
            backwards = [_key(event, named=named) for event in reversed(events)]
            turns = _run(backwards, length) // length
            return Cycle(len(events) - turns * length, length)
    return None


def _key(event: Event, *, named: bool) -> tuple[object, ...]:
    target = event.target if named else _NUMBER.sub("", event.target)
    return event.task, event.kind, target, event.site, event.value


def period_of(keys: Sequence[object]) -> int:
    """Return the least period of the longest beginning that repeats often enough; 0 for none."""
    numbers: dict[object, int] = {}
    flat = [numbers.setdefault(key, len(numbers)) for key in keys]
    for length in range(1, len(flat) // REPEATS + 1):
        if flat[0] == flat[length] and _run(flat, length) >= max(REPEATS * length, MIN_EVENTS):
            return length
    return 0


def _run(keys: Sequence[object], length: int) -> int:
    """Return how many keys at the beginning have a period."""
    pairs = zip(keys, keys[length:], strict=False)
    return length + sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


# -- its proof ------------------------------------------------------------------------------------


class _Watch(Recorder):
    """Looks at the state of the program after some of the events, and at who runs in between.

    Args:
        moments: Numbers of events.
    """

    __slots__ = ("_before", "_loops", "_moments", "_touched", "able", "ran", "states", "unsure")

    def __init__(self, moments: Sequence[int]) -> None:
        super().__init__()
        self._moments = tuple(moments)
        self._touched: list[tuple[Callable[[], object], str | None]] = []
        self._before: set[tuple[int, object]] = set()
        self._loops: dict[int, tuple[Any, ...]] = {}
        self.states: list[object] = []
        self.able: set[int] = set()
        self.ran: set[int] = set()
        self.unsure = ""

    def access(self, task: Task, kind: int, obj: object, key: object) -> None:
        """Note an access, and what it touches."""
        super().access(task, kind, obj, key)
        self._look(task, sys._getframe(1), obj, key)  # noqa: SLF001  # the one way to see the caller

    def operation(self, task: Task, label: str, obj: object) -> None:
        """Note an operation of a primitive, and what it touches."""
        super().operation(task, label, obj)
        self._look(task, sys._getframe(1), obj, None)  # noqa: SLF001  # as above

    def note(self, task: Task, label: str, obj: object) -> None:
        """Note something that happened to a task."""
        super().note(task, label, obj)
        self._look(task, sys._getframe(1), obj, None)  # noqa: SLF001  # as above

    def _look(self, task: Task, frame: Any, obj: object, key: object) -> None:  # noqa: ANN401  # a frame
        number = len(self.events)
        if number <= self._moments[0] - (self._moments[1] - self._moments[0]):
            return
        self._touch(obj, key)
        if number > self._moments[0]:
            self._judge(task, frame)
        if number in self._moments:
            self.settle()
            held = [(made(), part) for made, part in self._touched]
            alive = [(obj, part) for obj, part in held if obj is not None]
            try:
                self.states.append(snapshot(self._execution, frame, alive, chance.state()))
            except TooLargeError:
                self.unsure = "there is too much state to compare"
            self._touched.clear()
            self._before.clear()

    def _touch(self, obj: object, key: object) -> None:
        part = key if isinstance(key, str) and _has_names(obj) else None
        if obj is None or (part is None and _has_names(obj)) or (id(obj), part) in self._before:
            return
        self._before.add((id(obj), part))
        self._touched.append((hold(obj), part))

    def _judge(self, task: Task, frame: Any) -> None:  # noqa: ANN401  # a frame
        """Look whether one turn of the loop may be another one in disguise."""
        event = self.events[-1]
        if event.kind == "opaque":
            self.unsure = f"{event.target} is given to code that nobody sees into"
        elif event.kind == "time" and not event.site.through:
            self.unsure = "a clock is read"
        self.ran.add(task.id)
        execution = self._execution
        self.able.update(other.id for other in execution.ready)
        self.able.update(other.id for other in execution.timed + execution.patient)
        loops = loops_around(frame)
        known = self._loops.get(task.id)
        common = loops if known is None else _common(known, loops)
        self._loops[task.id] = common

    def hidden_turns(self) -> bool:
        """Say whether some task turns in a loop whose progress is out of sight."""
        return any(not loops or loops[-1][2].counted for loops in self._loops.values())


def _has_names(obj: object) -> bool:
    return isinstance(obj, type | ModuleType)


def _common(one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False))
    return tuple(mine for mine, _ in same)


class LivelockSearch:
    """Looks for livelocks of one body under one campaign.

    Attributes:
        failure: A failing execution that was met on the way: how it ended, and its schedule.
    """

    __slots__ = ("_body", "_campaign", "_early", "failure")

    def __init__(self, campaign: Campaign, body: Body, *, early: bool) -> None:
        self._campaign = campaign
        self._body = body
        self._early = early
        self.failure: tuple[Ending, list[int]] | None = None

    def from_schedule(self, schedule: Sequence[int]) -> Livelock | None:
        """Return a livelock that begins as a schedule does, after as little of it as possible."""
        found = self._turning(())
        if found is not None:
            return found if self._goes_on(()) else None
        whole = len(schedule) * 3 // 4
        found = self._turning(schedule[:whole]) if whole else None
        if found is None:
            return None
        above, size = 0, whole
        step = 1
        while size - above > 1:  # near the beginning first, then by halving
            middle = min(above + step, (above + size) // 2)
            better = self._turning(schedule[:middle])
            if better is None:
                above, step = middle, step * 2
            else:
                found, size, step = better, middle, size
        return found if self._goes_on(schedule[:size]) else None

    def _turning(self, beginning: Sequence[int]) -> Livelock | None:
        """Return the livelock that a beginning leads to when everybody then has a turn."""
        alternate = Alternate(beginning, early_timeouts=self._early)
        for window in WINDOWS:
            bound = len(beginning) + window
            alternate.begin(0)
            try:
                ending, schedule = self._campaign.run(self._body, alternate, max_steps=bound)
            except HarnessError:
                return None
            if ending.kind is not EndingKind.STEP_BOUND:
                self._note(ending, schedule)
                return None
            found = _look(self._campaign, self._body, alternate, bound)
            if found is not None:
                proved = _returns(self._campaign, self._body, alternate, found)
                return found if proved else None
            if len(schedule) <= len(beginning):
                return None  # nobody has a choice: a longer look shows the same
        return None

    def _goes_on(self, beginning: Sequence[int]) -> bool:
        alternate = Alternate(beginning, early_timeouts=self._early)
        bound = len(beginning) + LONG
        try:
            ending, schedule = self._campaign.run(self._body, alternate, max_steps=bound)
        except HarnessError:
            return False
        if ending.kind is not EndingKind.STEP_BOUND:
            self._note(ending, schedule)
            return False
        return True

    def _note(self, ending: Ending, schedule: list[int]) -> None:
        """Keep a failure that was met on the way."""
        if kind_of(ending) is not None and self.failure is None:
            self.failure = ending, schedule


def prove(campaign: Campaign, body: Body, strategy: Strategy, max_steps: int) -> Livelock | None:
    """Run a schedule up to a step bound; return the livelock that it ends in, if it is one."""
    found = _look(campaign, body, strategy, max_steps)
    return found if found is not None and _returns(campaign, body, strategy, found) else None


def _look(campaign: Campaign, body: Body, strategy: Strategy, max_steps: int) -> Livelock | None:
    """Run a schedule up to a step bound; return it with the period at its end, if it has one."""
    recorder = Recorder()
    strategy.begin(0)
    try:
        ending, schedule = campaign.run(body, strategy, recorder=recorder, max_steps=max_steps)
    except HarnessError:
        return None
    recorder.settle()
    cycle = find_cycle(recorder.events) if ending.kind is EndingKind.STEP_BOUND else None
    if cycle is None:
        return None
    events = tuple(recorder.events[: cycle.start + 2 * cycle.length])
    return Livelock(tuple(schedule), max_steps, ending, events, cycle, len(recorder.events))


def _returns(campaign: Campaign, body: Body, strategy: Strategy, found: Livelock) -> bool:
    """Run the schedule again; say whether the state comes back at the end of each turn."""
    last = found.seen - 1  # after the very last one the execution is given up
    moments = [last - turns * found.cycle.length for turns in reversed(range(COMPARED))]
    watch = _Watch(moments)
    strategy.begin(0)
    try:
        campaign.run(body, strategy, recorder=watch, max_steps=found.max_steps)
    except HarnessError:
        return False
    if watch.unsure or watch.hidden_turns() or not watch.able <= watch.ran:
        return False
    first = watch.states[0] if watch.states else None
    return len(watch.states) == COMPARED and all(state == first for state in watch.states)
