"""Schedules that are given: exactly (a replay) or as a wish (shrinking)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import DriftError
from harness.strategies.wish import first_ready

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task

RE_RECORD = "The code has changed since: explore again and take the new token"


class Replay:
    """Follows a schedule to the letter; a choice that cannot be made is drift.

    Args:
        open_end: The schedule is that of a process that was killed: what comes after its last
            choice was never seen, so nothing is drift there.
    """

    __slots__ = ("_choices", "_next", "_open_end", "early_timeouts")

    def __init__(
        self, choices: Sequence[int], *, early_timeouts: bool, open_end: bool = False
    ) -> None:
        self._open_end = open_end
        self._choices = choices
        self._next = 0
        self.early_timeouts = early_timeouts

    def begin(self, execution: int) -> bool:
        """Run the one schedule once."""
        self._next = 0
        return execution == 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the task that the schedule names.

        Raises:
            DriftError: The schedule has ended, or the task cannot run here.
        """
        number = self._next
        self._next += 1
        names = ", ".join(f"{task.id} ({task.name})" for task in ready)
        if number >= len(self._choices):
            if self._open_end:
                return current or first_ready(ready)
            raise DriftError(
                f"the schedule ends after {number} choices, and tasks {names} want one more",
                RE_RECORD,
            )
        wanted = self._choices[number]
        for task in ready:
            if task.id == wanted:
                return task
        raise DriftError(
            f"choice {number + 1} is task {wanted}, and only tasks {names} can run", RE_RECORD
        )

    @property
    def left(self) -> int:
        """How many choices were not used."""
        return max(len(self._choices) - self._next, 0)


class Guide:
    """Follows a schedule where it can; elsewhere the current task goes on, or the first."""

    __slots__ = ("_choices", "_next", "early_timeouts", "preemptions", "switches")

    def __init__(self, choices: Sequence[int], *, early_timeouts: bool) -> None:
        self._choices = choices
        self._next = 0
        self.early_timeouts = early_timeouts
        self.preemptions = 0  # switches away from a task that could go on
        self.switches = 0

    def begin(self, execution: int) -> bool:
        """Run the one schedule once."""
        self._next = 0
        self.preemptions = self.switches = 0
        return execution == 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the wished task, or whoever causes no switch."""
        chosen = self._wished(ready) or current or first_ready(ready)
        if chosen is not current:
            self.switches += 1
            if current is not None or chosen.parked:
                self.preemptions += 1
        return chosen

    def _wished(self, ready: Sequence[Task]) -> Task | None:
        number = self._next
        self._next += 1
        if number >= len(self._choices):
            return None
        wanted = self._choices[number]
        return next((task for task in ready if task.id == wanted), None)
