"""How an execution ended, and where its tasks stood."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.engine.place import caller_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task


class EndingKind(StrEnum):
    """Every way in which an execution can end."""

    FINISHED = "every task ended"
    RAISED = "a task raised"
    DEADLOCK = "tasks wait for each other"
    LOST_WAKEUP = "every task waits, and nobody is left to wake one"
    LEAKED_TASK = "the body returned, and a task waits for ever"
    STEP_BOUND = "the step bound was reached"
    BREACH = "a rule was broken that the execution survived"


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that somebody asked to fail on, broken in an execution that ended well.

    Attributes:
        finding: The name of the kind of finding that it makes.
        message: What happened, in words.
        signature: What makes two breaches the same one.
    """

    finding: str
    message: str
    signature: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How one execution ended.

    Attributes:
        error: What left `task`, for RAISED.
        cycle: The tasks that wait for each other, for DEADLOCK.
        places: A line for every task that had not ended: what it does or waits for, and where.
        breach: The rule that was broken, for BREACH.
    """

    kind: EndingKind
    task: Task | None = None
    error: BaseException | None = None
    cycle: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    breach: Breach | None = None


def place_of(task: Task, *, running: Task | None) -> str:
    """Return where a task stands, in words: what it does or waits for, and the line.

    Args:
        running: The task that asks, whose frames are those of the caller.
    """
    if task.place is not None and task.waiting_on is None:
        return f"{task.name} {task.place.text()}"
    if task.waiting_on is not None:
        doing = f"waits for {task.waiting_on.describe_wait()}"
    else:
        doing = "runs" if task is running else "can run"
    if not task.started:
        return f"{task.name} {doing}, not begun"
    frame = task.worker.gr_frame if task is not running else None
    return f"{task.name} {doing} at {caller_site(frame).text()}"


def blocked_ending(blocked: Sequence[Task], *, body_done: bool) -> Ending:
    """Tell a deadlock from a lost wakeup and from a leaked task.

    Args:
        blocked: The tasks that have not ended; none of them can run.
        body_done: The body has returned.
    """
    places = tuple(place_of(task, running=None) for task in blocked)
    cycle = _find_cycle(blocked)
    if cycle:
        steps = tuple(f"{task.name} waits for {task.waiting_on.describe_wait()}" for task in cycle)
        return Ending(EndingKind.DEADLOCK, cycle=steps, places=places)
    orphan = _find_orphan(blocked)
    if orphan is not None:
        holder = orphan.waiting_on.holders()[0]
        why = "has ended" if holder.finished else "cannot go on while its event loop waits"
        step = f"{orphan.name} waits for {orphan.waiting_on.describe_wait()}, which {why}"
        return Ending(EndingKind.DEADLOCK, cycle=(step,), places=places)
    if body_done:
        return Ending(EndingKind.LEAKED_TASK, places=places)
    return Ending(EndingKind.LOST_WAKEUP, places=places)


def _find_cycle(blocked: Sequence[Task]) -> list[Task]:
    """Follow who waits for whom; every wait has at most one holder that matters."""
    for start in blocked:
        path: list[Task] = []
        task = start
        while task.waiting_on is not None and task not in path:
            path.append(task)
            holders = task.waiting_on.holders()
            if not holders:
                break
            task = holders[0]
        else:
            if task in path:
                return path[path.index(task) :]
    return []


def _find_orphan(blocked: Sequence[Task]) -> Task | None:
    """Find a task that waits for a lock whose holder has ended, or is behind it in one thread."""
    for task in blocked:
        holders = () if task.waiting_on is None else task.waiting_on.holders()
        for holder in holders:
            behind = holder is not task and holder.carrier is task.carrier
            if holder.finished or behind:
                return task
    return None
