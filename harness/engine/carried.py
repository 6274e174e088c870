"""Tasks that another one carries: the coroutines of an event loop, in the greenlet that runs it."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any

from harness.engine.turns import Turns, task_id

if TYPE_CHECKING:
    from harness.engine.task import Task


class CarriedTurns(Turns):
    """Turns among coroutines: those that are ready stand beside the threads when one is chosen."""

    __slots__ = ()

    def offer_carried(self, options: list[Task], carrier: Task, *, last: Task | None) -> None:
        """Let one of `options` go on, or another task first; `current` then says which of them.

        Args:
            options: Coroutines that are ready, which `carrier` carries; itself where its event
                loop has a callback of its own.
            last: Which of them went on last; if it is ready again, it is the one that could go on.
        """
        ready = self.ready
        ready.remove(carrier)
        for task in options:
            task.loop = carrier.loop
            insort(ready, task, key=task_id)
        self._refresh_alone()
        if last in options:
            self.current = last
            if self._may_choose():
                self._choose_carried(last)
        else:
            self._hand_on(carrier)
        chosen = self.current
        for task in options:
            ready.remove(task)
        insort(ready, carrier, key=task_id)
        self._refresh_alone()
        if self.watched:
            self._watch_beginning(chosen)

    def _choose_carried(self, last: Task) -> None:
        if self.recorder is not None:
            self.recorder.reach(last, "step", last)
            self.recorder.decision(last, "step")
        self._pause()

    def park_until(self, task: Task, on: Any, deadline_ns: int) -> None:  # noqa: ANN401  # any twin
        """Offer a task that is not ready, as one whose timeout may fire now."""
        task.waiting_on = on
        task.deadline_ns = deadline_ns
        task.timed_out = False
        self._park(task)

    def withdraw(self, task: Task) -> None:
        """Take back what `park_until` offered, whether it was chosen or not."""
        self._unpark(task)
        if task in self.ready:
            self.ready.remove(task)
        task.waiting_on = task.deadline_ns = None
        task.timed_out = False
        self._refresh_alone()

    def enter_carried(self, task: Task, carrier: Task) -> None:
        """Run as `task` from now on, in the greenlet of its carrier."""
        if task is not carrier:
            self.ready.remove(carrier)
            insort(self.ready, task, key=task_id)
        self.current = task

    def leave_carried(self, task: Task, carrier: Task) -> None:
        """Be the carrier again."""
        if task is not carrier:
            if task in self.ready:
                self.ready.remove(task)
            if carrier not in self.ready:
                insort(self.ready, carrier, key=task_id)
        self.current = carrier
