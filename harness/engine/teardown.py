"""Ends the tasks that are left when an execution is over.

A task is thrown out of its code where it stands. What its `finally` blocks do runs quietly: nobody
else runs, no lock is waited for. A task that swallows the throw and goes on is thrown at again
after some steps, a bounded number of times; then it is given up and named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.engine.pool import abandon
from harness.engine.task import TaskKilled

if TYPE_CHECKING:
    from harness.engine.execution import Execution
    from harness.engine.state import State
    from harness.engine.task import Task

MAX_KILLS: Final = 100  # a task that swallows its end this often is given up
QUIET_STEPS: Final = 1_000  # steps that a task may take to clean up before it is told again


def tear_down(execution: Execution) -> None:
    """Throw the tasks that are left out of their code, in the order of their ids."""
    execution.stop()
    execution.recorder = None
    execution.watched = False
    for task in list(execution.tasks):
        if not task.finished and task.carrier is task:
            _end(execution, task)


def _end(execution: Execution, task: Task) -> None:
    if not task.started:
        task.finished = True
        task.worker.task = None
        execution.pool.put(task.worker)
        return
    execution.current = task
    while not task.finished and not task.worker.dead and task.kills <= MAX_KILLS:
        task.kills += 1
        task.quiet_steps = 0
        task.worker.throw(TaskKilled)
    if not task.finished and not task.worker.dead:
        execution.abandoned = execution.abandoned or task
        abandon(task.worker)


def quiet_step(execution: State) -> None:
    """Count a step of a task that was told to end.

    Raises:
        TaskKilled: It has taken too many of them.
    """
    task = execution.current
    task.quiet_steps += 1
    if task.quiet_steps > QUIET_STEPS:
        kill_again(execution)


def kill_again(execution: State) -> None:
    """Tell the current task once more that it has to end; never returns.

    Raises:
        TaskKilled: Always.
    """
    task = execution.current
    task.kills += 1
    task.quiet_steps = 0
    if task.kills > MAX_KILLS:
        execution.hub.switch()  # which gives it up
    raise TaskKilled
