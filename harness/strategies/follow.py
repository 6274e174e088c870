"""Follows a token: finds each switch again by the operation at which it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.engine.points import BLOCKS, ENDS, HANDS_ON, Naming, ordinal
from harness.errors import DriftError
from harness.strategies.wish import first_ready

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.points import Point
    from harness.engine.recorder import Recorder
    from harness.engine.task import Task
    from harness.replay_token import Switch, Token

RE_RECORD: Final = "The code has changed since: explore again and take the new token"


class Follow:
    """Lets tasks go on until a switch's operation is there, and makes the switch.

    Operations that the token does not know pass: the current task goes on. A switch whose
    operation comes with another past, or where others can run, is drift.

    Args:
        recorder: Of the execution that this strategy is for; it names the points.
        naming: How objects of one class are told apart.
    """

    __slots__ = ("_naming", "_next", "_recorder", "_switches", "early_timeouts", "things")

    def __init__(self, token: Token, recorder: Recorder, naming: Naming = Naming.ORDER) -> None:
        self._switches = token.switches
        self._recorder = recorder
        self._naming = naming
        self.early_timeouts = token.early
        self.begin(0)

    def begin(self, execution: int) -> bool:
        """Run the one schedule once."""
        self._next = 0
        self.things: list[tuple[int, str]] = []  # the objects of the switches that were made
        return execution == 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return who goes on by itself, or whom a switch names here.

        Raises:
            DriftError: The switch's operation is here, and cannot be the one of the token.
        """
        if self._next < len(self._switches):
            point = self._recorder.places.points()[-1]
            switch = self._switches[self._next]
            if self._is_at(switch, point):
                self._check(switch, point, ready)
                self._next += 1
                self.things.append(point.thing)
                return self._named(switch, ready)
        return current or first_ready(ready)

    def check_end(self) -> None:
        """Check that every switch was made.

        Raises:
            DriftError: One was not.
        """
        if self._next < len(self._switches):
            self._refuse("and it never came there")

    def _is_at(self, switch: Switch, point: Point) -> bool:
        naming = self._naming
        return (
            switch.counts[naming] == point.counts[naming]
            and switch.task == point.task
            and switch.act.key(naming) == point.act.key(naming)
        )

    def _check(self, switch: Switch, point: Point, ready: Sequence[Task]) -> None:
        if switch.context != point.context:
            self._refuse("and it had done something else to the same object before")
        if (switch.ready, switch.who) != (point.ready, point.who):
            names = ", ".join(task.name for task in ready)
            before = f"there were {switch.ready} when the token was made"
            if switch.ready == len(ready):
                before = "there were others when the token was made"
            self._refuse(f"and those who could go on there are {names}; {before}")

    def _named(self, switch: Switch, ready: Sequence[Task]) -> Task:
        for task in ready:
            if self._recorder.places.task(task) == switch.to:
                return task
        return self._refuse(f"and {switch.to} cannot go on there")

    def _refuse(self, why: str) -> Task:
        number, switch = self._next + 1, self._switches[self._next]
        raise DriftError(
            f"switch {number} of {len(self._switches)} is from {switch.task} to {switch.to} "
            f"{where(switch, self._naming)}, {why}",
            RE_RECORD,
        )


def where(switch: Switch, naming: Naming) -> str:
    """Say where a switch is, as a programmer would."""
    act = switch.act
    if act.kind == ENDS:
        return f"when {switch.task} ends"
    count = switch.counts[naming]
    if act.kind == BLOCKS:
        verb = f"when {switch.task} waits for {str(act).removeprefix(BLOCKS).strip()}"
        return f"{verb} for the {ordinal(count)} time" if count > 1 else verb
    if act.kind == HANDS_ON:
        return f"when {switch.task} hands on for the {ordinal(count)} time"
    if act.kind == "call":
        return f"before its {ordinal(count)} call in {act.cls}"
    return f"before its {ordinal(count)} {act}"
