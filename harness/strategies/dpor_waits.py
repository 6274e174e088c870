"""Operations that may have to wait: when they are possible, and what they are otherwise.

An operation that is impossible until another task does something cannot be moved before that: the
release of a lock and the acquire that follows it are ordered, yet there is nothing to reverse. What
can be reversed is the last event before which it *was* possible: the acquire before that release.
A wait with a timeout is always possible; done where it would have to wait, it gives up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from harness.analysis.dependence import ASIDE, CHANGES, CLOCK, PARTS, Touch
from harness.engine import board
from harness.engine.board import CONTENT
from harness.engine.task import Task
from harness.engine.turns import PATIENT_NS
from harness.primitives.condition import Condition
from harness.primitives.event import Event
from harness.primitives.lock import Lock
from harness.primitives.semaphore import Semaphore
from harness.primitives.simple_queue import SimpleQueue

if TYPE_CHECKING:
    from collections.abc import Callable

MAY_WAIT: Final = frozenset(("acquire", "get", "join", "resume"))
GIVES_UP: Final = "timeout"


class Wait(NamedTuple):
    """What an operation waits for.

    Attributes:
        thing: The number of the primitive.
        timed: It has a timeout.
        done: What it touches if it is possible.
        given_up: What it touches if it is not, and the timeout fires.
    """

    thing: int
    timed: bool
    done: tuple[Touch, ...]
    given_up: tuple[Touch, ...]


def wait_of(task: Task, thing: int) -> Wait:
    """Return what the operation that a task is about to do waits for."""
    label = str(task.pending[0])
    timed = label == GIVES_UP or _may_give_up(task)
    if label == GIVES_UP:
        label = str(task.resumption[0])
    given_up = ((thing, PARTS[GIVES_UP], False), (CLOCK, None, ASIDE[GIVES_UP][1]))
    if label == GIVES_UP:  # a sleep: there is nothing else that it could do
        return Wait(thing, timed, given_up, given_up)
    done = ((thing, PARTS.get(label, CONTENT), CHANGES.get(label, True)),)
    return Wait(thing, timed, done, given_up)


def _may_give_up(task: Task) -> bool:
    """Say whether the timeout of a wait is a choice: one of minutes comes only if all wait."""
    execution = board.execution
    if task.deadline_ns is None or execution is None:
        return False
    return task.deadline_ns - execution.now_ns < PATIENT_NS


def possible_now(obj: Any, pid_of: Callable[[Task], int]) -> bool | frozenset[int]:  # noqa: ANN401  # any twin
    """Say whether a wait on a primitive would be possible now.

    Returns:
        For a condition and an event, the tasks for which it would not: who waits and was not woken.
    """
    # ruff: noqa: SLF001  # the twins keep their state for themselves, and asking is no operation
    if isinstance(obj, Lock):
        return not obj._held
    if isinstance(obj, Semaphore):
        return obj._value > 0
    if isinstance(obj, SimpleQueue):
        return bool(obj._items)
    if isinstance(obj, Condition | Event):
        return frozenset(pid_of(task) for task in obj._parked)
    return not isinstance(obj, Task)  # a task ends once
