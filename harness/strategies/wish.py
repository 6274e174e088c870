"""A schedule as a wish: which task goes on, and up to which of its own points.

A point is a place where a task could go on and at least one other could, too. A segment names a
task and how many of its own points it may pass since it began; `TO_THE_END` lets it go on until it
blocks or ends. Because a segment counts what its own task does, one that is left out shifts nothing
of the others: the task does then in its next segment what it would have done in this one. That is
what makes leaving segments out a good step when a schedule is made smaller.

Where the wish cannot be followed, and after its end, the current task goes on, or the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task

TO_THE_END: Final = 1 << 62  # more points than any execution has

Segment = tuple[int, int]  # a task's id, and the number of its points that it may pass


class Wish:
    """Follows segments where it can, and notes what was run in the same terms.

    Attributes:
        ran: The segments of the run as it was.
        departures: Choices of another task than the one that goes on by itself.
        preemptions: Switches away from a task that could go on, and timeouts that fired early.
        tasks: The ids of all that were seen to run.
    """

    __slots__ = (
        "_begun",
        "_next",
        "_passed",
        "_segments",
        "departures",
        "early_timeouts",
        "preemptions",
        "ran",
        "tasks",
    )

    def __init__(self, segments: Sequence[Segment], *, early_timeouts: bool) -> None:
        self._segments = segments
        self.early_timeouts = early_timeouts
        self.begin(0)

    def begin(self, execution: int) -> bool:
        """Run the one wish once."""
        self._next = 0
        self._begun = False
        self._passed: dict[int, int] = {}
        self.ran: list[Segment] = []
        self.tasks: set[int] = set()
        self.departures = 0
        self.preemptions = 0
        return execution == 0

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the wished task, or whoever causes no switch."""
        if current is not None:
            self._passed[current.id] = self._passed.get(current.id, 0) + 1
        default = current or first_ready(ready)
        chosen = self._wished(ready, current) or default
        self.departures += chosen is not default
        self.note(chosen, current)
        return chosen

    def note(self, chosen: Task, current: Task | None) -> None:
        """Keep what was chosen, as a segment that has no end so far."""
        ran = self.ran
        if current is not None and (not ran or ran[-1][0] != current.id):
            ran.append((current.id, TO_THE_END))  # it came to run where nobody else could
            self.tasks.add(current.id)
        if chosen is current:
            return
        if current is not None:
            ran[-1] = (current.id, self._passed[current.id] - 1)
        if current is not None or chosen.parked:
            self.preemptions += 1
        ran.append((chosen.id, TO_THE_END))
        self.tasks.add(chosen.id)

    def _wished(self, ready: Sequence[Task], current: Task | None) -> Task | None:
        segments = self._segments
        while self._next < len(segments):
            task, stop = segments[self._next]
            over = self._begun and (current is None or current.id != task)
            if not over and self._passed.get(task, 0) <= stop:
                for candidate in ready:
                    if candidate.id == task:
                        self._begun = True
                        return candidate
            self._next += 1
            self._begun = False
        return None


class Traced(Wish):
    """Follows a schedule choice by choice, and tells it as segments."""

    __slots__ = ("_choices", "_count")

    def __init__(self, choices: Sequence[int], *, early_timeouts: bool) -> None:
        self._choices = choices
        super().__init__((), early_timeouts=early_timeouts)

    def begin(self, execution: int) -> bool:
        """Begin the schedule anew."""
        self._count = 0
        return super().begin(execution)

    def _wished(self, ready: Sequence[Task], _current: Task | None) -> Task | None:
        number = self._count
        self._count += 1
        wanted = self._choices[number] if number < len(self._choices) else -1
        return next((task for task in ready if task.id == wanted), None)


def first_ready(ready: Sequence[Task]) -> Task:
    """Return who goes on where nobody is named: a timeout fires only if nobody else can run."""
    for task in ready:
        if not task.parked:
            return task
    return ready[0]
