"""Every schedule of a body, with no relation between operations at all: what dpor is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.campaign import Campaign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.engine.task import Operation, Task
    from harness.strategies.protocol import Strategy


AT_ONCE = frozenset(("begin", "started", "end"))


@dataclass(slots=True)
class Step:
    """One event of an execution: who did what, the objects kept alive.

    `spawned` and `set_deadline` say what else the event did: it started a task, it computed the
    deadline of a wait.
    """

    pid: tuple[int, ...]
    operations: list[Operation]
    spawned: bool = False
    set_deadline: bool = False


@dataclass(slots=True)
class _Choice:
    options: list[int]
    index: int = 0


@dataclass(slots=True)
class Everything:
    """All ready tasks at every decision, depth first; keeps the events of the last execution.

    Args:
        at_once: A task begins, goes on after starting another one, and ends, as soon as it can. For
            programs of three tasks and more, whose schedules are too many otherwise; not for one
            that asks who is alive.
    """

    at_once: bool = False
    steps: list[Step] = field(default_factory=list)
    early_timeouts: bool = True
    exhaustive: bool = True
    operations: bool = True
    _path: list[_Choice] = field(default_factory=list)
    _depth: int = 0
    _pids: list[tuple[int, ...]] = field(default_factory=list)
    _children: dict[tuple[int, ...], int] = field(default_factory=dict)
    _last: Task | None = None

    def begin(self, execution: int) -> bool:
        self.steps = []
        self._depth = 0
        self._pids = []
        self._children = {}
        self._last = None
        if not execution:
            self._path.clear()
            return True
        while self._path:
            last = self._path[-1]
            last.index += 1
            if last.index < len(last.options):
                return True
            self._path.pop()
        return False

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # Protocol
        self._look_back(ready)
        if self.at_once:
            for task in ready:
                if task.pending[0] in AT_ONCE:
                    return task
        if self._depth == len(self._path):
            self._path.append(_Choice([task.id for task in ready]))
        choice = self._path[self._depth]
        assert choice.options == [task.id for task in ready], "the program is not deterministic"
        self._depth += 1
        return ready[choice.index]

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # as the engine calls it
        if atomic and self.steps:
            self.steps[-1].operations.append(task.pending)
            return
        self._look_back([task])
        self.steps.append(Step(self._pids[task.id], [task.pending]))
        self._last = task

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:
        """Nothing: what is left is in the endings."""

    def _look_back(self, ready: Sequence[Task]) -> None:
        """Note what the last event did beside its operations."""
        if self._last is not None and self._last.deadline_ns is not None:
            self.steps[-1].set_deadline = True
        for task in ready:
            if task.id == len(self._pids):
                parent = self.steps[-1].pid if self.steps else ()
                number = self._children[parent] = self._children.get(parent, -1) + 1
                self._pids.append((*parent, number))
                if self.steps:
                    self.steps[-1].spawned = True


# A strategy of ours is called without checks that cost a third of the time; it keeps the rules.
Everything.__module__ = "harness.strategies.everything"


def run_all(
    body: Callable[[], object],
    strategy: Strategy,
    *,
    cap: int,
    after: Callable[[Ending], None],
) -> int | None:
    """Run executions until the strategy has no more; return how many, None if more than `cap`."""
    done = 0
    with Campaign(model="free-threaded", max_steps=20_000, body=body) as campaign:
        while strategy.begin(done):
            if done >= cap:
                return None
            ending, _ = campaign.run(body, strategy)
            done += 1
            after(ending)
    return done


def frozen(value: Any) -> Any:  # whatever a program makes
    """Return a value that can be compared and put into a set, for all that programs here make."""
    if isinstance(value, list | tuple):
        return (type(value).__name__, *(frozen(item) for item in value))
    if isinstance(value, dict):
        return ("dict", *((frozen(key), frozen(item)) for key, item in value.items()))
    if isinstance(value, set | frozenset):
        return ("set", *sorted(map(repr, value)))
    assert value is None or isinstance(value, int | str | float | bool), value
    return value
