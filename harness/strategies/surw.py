"""Selectively uniform random walk (SURW).

Source: Zhao, Wolff, Mathur, Roychoudhury, "Selectively uniform concurrency testing", ASPLOS 2025,
sections 3 and 4. Each execution selects one place at random (a shared variable, a lock), with a
chance in proportion to how often it is touched; the operations on it are the interesting ones. The
interleavings of these are sampled uniformly: who does the next one is drawn with weights, the
number of interesting operations that each task has left, and whoever else comes to one is held back
until that has happened. Everything else is scheduled by random priorities, drawn again after each
step. A task carries the counts of those that it has yet to start, and hands them over.

The first execution learns the counts; executions 2, 4, 8, ... learn more. With exact counts and no
task that waits for another, each of the (k1 + ... + kn)! / (k1! ... kn!) interleavings is as likely
as any other (theorem of section 3).

Departures: locks count as places, and a variable that one lock protects everywhere is not selected,
because the order of that lock is its order. The next one is drawn among all that have operations
left, also if they wait now. Counts are the greatest seen. A task that is held back for long
(PATIENCE) goes on, and one that is chosen FAIR_TURNS times in a row makes everybody draw anew: it
may be polling for what another is held back from.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.engine.numbering import hold
from harness.errors import ArgumentError
from harness.strategies.event_counts import Family, Lesson, Places, part_of
from harness.strategies.random_walk import EARLY_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.engine.task import Task
    from harness.strategies.event_counts import Place

FAIR_TURNS = 100  # 2x the longest run of one task in our scenarios; it may go on if drawn so
PATIENCE = 200  # choices, or twice those of the shortest execution: nobody is awaited for longer
NOBODY: Final = -1
_LIFE: Final = frozenset(("start", "started", "end"))


class Surw:
    """Uniform over the interleavings of a few operations. One stream of `seed` for all executions.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = (
        "_choices",
        "_family",
        "_held",
        "_held_back",
        "_intended",
        "_last",
        "_lesson",
        "_patience",
        "_place",
        "_places",
        "_priority",
        "_random",
        "_runs",
        "_seeking",
        "_shortest",
        "_stream",
        "_target_id",
        "_teaches",
        "_turns",
        "_waited",
        "_weight",
        "early_timeouts",
        "operations",
        "seed",
    )

    def __init__(self, seed: int) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        self.seed = seed
        self._stream = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._random = self._stream.random
        self.operations = True
        self._forget()

    def _forget(self) -> None:
        """Unlearn everything."""
        self._family = Family()
        self._places = Places()
        self._shortest = sys.maxsize  # choices of an execution
        self._choices = 0
        self._runs = 0  # of this strategy: `execution` may count those of others, too
        self._teaches = False
        self._lesson: Lesson | None = None
        self._begin_execution()

    def _begin_execution(self) -> None:
        self.early_timeouts = False
        self._place: Place | None = None
        self._target_id = 0  # of the selected place's object, once it was met
        self._held: Callable[[], object] = _nothing
        self._seeking = False  # it was not met yet
        self._intended = NOBODY  # who does the next interesting operation
        self._held_back: set[int] = set()
        self._waited = 0  # choices since it was drawn
        self._patience = max(PATIENCE, 2 * self._shortest)
        self._choices = 0
        self._weight: list[int] = []  # by task id: interesting operations left
        self._priority: list[float] = []  # by task id
        self._last: Task | None = None
        self._turns = 0

    def begin(self, execution: int) -> bool:
        """Select a place; execution 0 begins the stream anew and has nothing to select from."""
        if not execution:
            self._stream.seed(self.seed)
            self._forget()
        else:
            self._shortest = min(self._shortest, self._choices)
            if self._teaches and self._lesson is not None:
                self._places.learn(self._lesson, self._family)
        self._begin_execution()
        self._family.begin()
        self._runs += 1
        self._teaches = not self._runs & (self._runs - 1)
        self._place = self._selected()
        self._seeking = self._place is not None
        self._lesson = Lesson() if self._teaches or self._seeking else None
        self.early_timeouts = execution > 0 and self._random() < EARLY_SHARE
        self._meet(0, NOBODY)
        return True

    def _selected(self) -> Place | None:
        candidates = self._places.candidates
        if not candidates:
            return None
        left = self._random() * sum(place.total for place in candidates)
        for place in candidates:
            left -= place.total
            if left < 0:
                return place
        return candidates[-1]

    # -- what the engine tells -------------------------------------------------------------------

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # Protocol
        """Count what happens, also where there was no choice."""
        kind, obj, _ = task.pending
        if kind in _LIFE:
            self._note_life(task.id, kind, obj)
        if atomic:
            return  # nobody could have been held back from it
        if id(obj) == self._target_id:
            if self._is_target(task):
                self._spend(task.id)
        elif self._seeking and self._recognise(task):
            self._spend(task.id)
        lesson = self._lesson
        if lesson is not None:
            if self._teaches:
                lesson.note(task, self._family.paths[task.id])
            else:
                part = part_of(task.pending)
                if part is not None:
                    lesson.touch(obj, part, self._family.paths[task.id])

    def _note_life(self, number: int, kind: int | str, obj: Any) -> None:  # noqa: ANN401  # a Task
        if kind != "end":
            if obj.id >= len(self._weight):
                self._meet(obj.id, number)
            return
        self._weight[number] = 0
        if self._intended == number:
            self._release_all()

    def _is_target(self, task: Task) -> bool:
        """Say whether a task touches the selected place next, given that the object's id fits."""
        operation = task.pending
        place = self._place
        return place is not None and (
            self._held() is operation[1]
            and (operation[2] == place.part or part_of(operation) == place.part)
        )

    def _recognise(self, task: Task) -> bool:
        """Say whether a task is about to touch the selected place, whose object was not met yet."""
        place, lesson = self._place, self._lesson
        if place is None or lesson is None or part_of(task.pending) != place.part:
            return False
        path = self._family.paths[task.id]
        ordinal = place.marks.get(path)
        if ordinal is None:
            return False
        if lesson.first_touch(task.pending, path) != ordinal:
            return False
        obj = task.pending[1]
        self._target_id = id(obj)
        self._held = hold(obj)
        self._seeking = False
        if not self._teaches:
            self._lesson = None  # it was only kept to find the object
        return True

    def _spend(self, number: int) -> None:
        left = self._weight[number]
        if left:
            self._weight[number] = left - 1
        if self._intended == number:
            self._release_all()
        else:
            self._held_back.discard(number)  # it was the only one that could go on

    def _release_all(self) -> None:
        self._intended = NOBODY
        self._held_back.clear()
        self._waited = 0

    def _meet(self, newest: int, parent: int) -> None:
        """Give a task that was just started a priority, and its share of the parent's weight."""
        weights = self._weight
        while len(weights) <= newest:
            if weights:
                self._family.add(max(parent, 0))
            if self._lesson is not None:
                self._lesson.born()
            self._priority.append(self._random())
            share = 0
            if self._place is not None:
                share = self._place.weights.get(self._family.paths[len(weights)], 0)
            weights.append(share)
            if parent >= 0 and share:
                self._hand_over(parent, len(weights) - 1)

    def _hand_over(self, parent: int, child: int) -> None:
        """Take a child's operations from its parent, and its turn if it was meant for one."""
        carried, share = self._weight[parent], self._weight[child]
        if self._intended == parent and self._random() * carried < share:
            self._intended = child
        self._weight[parent] = max(carried - share, 0)

    # -- choosing --------------------------------------------------------------------------------

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the task of the greatest priority that is not held back."""
        if ready[-1].id >= len(self._weight):  # just started: at this point, by `current`
            self._meet(ready[-1].id, 0 if current is None else current.id)
        self._choices += 1
        self._waited += 1
        priority, held_back = self._priority, self._held_back
        chosen = None
        while chosen is None and self._waited <= self._patience:
            greatest = -1.0
            for task in ready:
                mine = priority[task.id]
                if mine > greatest and task.id not in held_back:
                    greatest = mine
                    chosen = task
            if chosen is None:
                break
            if id(chosen.pending[1]) == self._target_id:
                stopped = self._is_target(chosen) and not self._may_go_on(chosen.id)
            else:
                stopped = self._seeking and self._recognise(chosen)
                stopped = stopped and not self._may_go_on(chosen.id)
            if stopped:
                held_back.add(chosen.id)
                chosen = None
        if chosen is None:
            chosen = self._someone_held_back(ready)
        priority[chosen.id] = self._random()
        if chosen is not self._last:
            self._last = chosen
            self._turns = 0
        else:
            self._note_turn()
        return chosen

    def _note_turn(self) -> None:
        """Count a choice of the same task once more; at FAIR_TURNS everybody draws anew."""
        self._turns += 1
        if self._turns > FAIR_TURNS:
            self._turns = 0
            self._priority[:] = [self._random() for _ in self._priority]

    def _may_go_on(self, number: int) -> bool:
        """Say whether a task that came to an interesting operation is the one to do the next."""
        if self._intended == NOBODY:
            self._weight[number] = self._weight[number] or 1  # more than were ever counted
            self._intended = self._drawn()
            self._waited = 0
        return number == self._intended

    def _someone_held_back(self, ready: Sequence[Task]) -> Task:
        """Return one of those held back: who was drawn does not come, and perhaps cannot."""
        offered = {task.id: task for task in ready}
        stopped = [number for number in offered if number in self._held_back]
        self._release_all()
        if not stopped:
            return max(ready, key=self._priority_of)
        for number in stopped:
            self._weight[number] = self._weight[number] or 1
        self._intended = self._drawn({number: self._weight[number] for number in stopped})
        return offered[self._intended]

    def _drawn(self, weights: Mapping[int, int] | None = None) -> int:
        """Draw a task by the weights, of which one is positive; by default among all tasks."""
        numbered = enumerate(self._weight) if weights is None else weights.items()
        left = self._random() * sum(self._weight if weights is None else weights.values())
        drawn = NOBODY
        for number, weight in numbered:
            if weight:
                drawn = number
                left -= weight
                if left < 0:
                    break
        return drawn

    def _priority_of(self, task: Task) -> float:
        return self._priority[task.id]


def _nothing() -> None:
    return None
