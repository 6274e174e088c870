"""A fair schedule that needs no chance: everybody in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task


class Alternate:
    """Follows the beginning of a schedule, then lets every task make a step in turn.

    From there on the schedule is fair: whoever can go on does so before anybody has had more than
    one turn too many. Timeouts come when nobody else can run.

    Args:
        choices: The beginning; what cannot be followed of it is left to the turns.
    """

    __slots__ = ("_choices", "_last", "_next", "early_timeouts")

    def __init__(self, choices: Sequence[int], *, early_timeouts: bool) -> None:
        self._choices = choices
        self.early_timeouts = early_timeouts
        self.begin(0)

    def begin(self, execution: int) -> bool:
        """Run the one schedule once."""
        self._next = 0
        self._last = -1
        return execution == 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol
        """Return the task that is named, or the next one in turn."""
        number = self._next
        self._next += 1
        if number < len(self._choices):
            wanted = self._choices[number]
            for task in ready:
                if task.id == wanted:
                    self._last = wanted
                    return task
        able = [task for task in ready if not task.parked] or list(ready)
        chosen = next((task for task in able if task.id > self._last), able[0])
        self._last = chosen.id
        return chosen
