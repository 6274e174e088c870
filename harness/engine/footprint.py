"""A short record of an execution, made to be compared with that of another one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from harness.engine import board
from harness.engine.place import Site, caller_site, is_ours
from harness.engine.recorder import Recorder, describe, peek
from harness.engine.task import Task

READY: Final = "could go on"
_KINDS: Final = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}


@dataclass(slots=True, eq=False)
class Step:
    """One operation, or a point at which several tasks could go on.

    Attributes:
        kind: "read", "write", "opaque", an operation's label, or READY.
        target: What it was done to, in words; for READY the tasks by id.
        value: What was read or written, in words; empty where it cannot be told.
    """

    task: int
    task_name: str
    kind: str
    target: str
    site: Site | None
    value: str = ""

    def key(self) -> tuple[object, ...]:
        """Return what two executions of one schedule have in common; no values, no keys of items.

        A key may be an id() or a hash, and a task's name may count up from one execution to the
        next: neither makes another execution of it.
        """
        return self.task, self.kind, self.target.partition("[")[0], self.site

    def words(self) -> str:
        """Say what was done, by whom and where."""
        if self.kind == READY:
            return f"tasks {self.target} could go on"
        value = f" ({self.value})" if self.value else ""
        what = " ".join(part for part in (self.kind, self.target) if part)
        where = f" at {self.site.text()}" if self.site is not None else ""
        return f"{self.task_name}: {what}{value}{where}"


class Footprint(Recorder):
    """Keeps what one execution did, in order, up to a bound, where it ends the execution.

    Args:
        limit: Steps after which the execution is given up.
    """

    keeps_events: ClassVar[bool] = False
    __slots__ = ("_limit", "_open", "full", "steps")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.full = False
        self._limit = limit
        self._open: tuple[Step, Any, Any] | None = None  # a write whose value is not known yet

    def decision(self, task: Task | None, label: object) -> None:  # noqa: ARG002  # as the base
        """Note who could go on."""
        ready = ", ".join(str(other.id) for other in self._execution.ready)
        who = -1 if task is None else task.id
        self._keep(Step(who, "", READY, ready, None))

    def access(self, task: Task, kind: int, obj: object, key: object) -> None:
        """Note an access that is about to happen."""
        step = self._step(task, _KINDS[kind], self._target(obj, key))
        if kind == board.READ:
            step.value = describe(_peek(obj, key))
        elif kind == board.WRITE:
            self._open = (step, obj, key)

    def operation(self, task: Task, label: str, obj: object) -> None:
        """Note an operation of a primitive."""
        self._step(task, label, f"task {obj.id}" if isinstance(obj, Task) else self.name(obj))

    def note(self, task: Task, label: str, obj: object) -> None:
        """Note something that happened to a task."""
        self.operation(task, label, obj)

    def settle(self) -> None:
        """Fill in what the last write wrote."""
        if self._open is not None:
            step, obj, key = self._open
            step.value = describe(_peek(obj, key))
            self._open = None

    def _step(self, task: Task, kind: str, target: str) -> Step:
        site = caller_site(sys._getframe(2))  # noqa: SLF001  # the one way to see the caller
        # A task that ends has no line of the user's any more.
        step = Step(task.id, task.name, kind, target, None if is_ours(site.path) else site)
        self._keep(step)
        return step

    def _keep(self, step: Step) -> None:
        if len(self.steps) < self._limit:
            self.steps.append(step)
        elif not self.full:
            self.full = True
            self._execution.interrupt()


def _peek(obj: object, key: object) -> object:
    """Read a value without running code of the user's; of a class, too."""
    if isinstance(obj, type) and isinstance(key, str):
        for base in obj.__mro__:
            if key in vars(base):
                return vars(base)[key]
    return peek(obj, key)
