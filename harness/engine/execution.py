"""One controlled execution: every logical thread of a body, one at a time, under one schedule.

The goal is that a run is a function of its schedule and costs microseconds. Roads that fail:
handing a baton between OS threads costs 10 µs a step and leaves every unpatched call parallel;
stepping through `sys.settrace` loses the trace state at the first greenlet switch. So tasks are
greenlets of one OS thread, and whoever reaches a switching point asks the strategy and switches
straight to the next task; there is no scheduler greenlet between them. The *hub* is the greenlet
that called `run`; it is entered only when the execution is over.

A schedule is the list of task ids chosen at the points where at least two tasks could have gone
on. Everything else follows from it.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from harness.engine import board
from harness.engine.board import ALONE_NAME, shared
from harness.engine.carried import CarriedTurns
from harness.engine.ending import Ending, EndingKind
from harness.engine.place import caller_site
from harness.engine.task import Task, TaskKilled
from harness.engine.teardown import MAX_KILLS, tear_down
from harness.errors import HarnessError, TaskRefusesToEndError

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenlet import greenlet


def _nothing() -> None:
    """Stand in for what a task ran, once its execution is over."""


class Execution(CarriedTurns):
    """One run of a body. Belongs to the OS thread that made it; not shared."""

    __slots__ = ()

    # -- running -------------------------------------------------------------------------------

    def run(self, body: Callable[[], object]) -> Ending:
        """Run `body` to its end and return how it ended.

        Raises:
            HarnessError: The tool could not control the execution, or a task refused to end.
            KeyboardInterrupt: Ctrl-C.
        """

        def entry() -> None:
            body()
            self.body_returned()

        main = self.spawn(entry, "main")
        main.worker.gr_context = copy_context()
        self._open_board()
        self.current = main
        try:
            try:
                main.worker.switch()
                if self.watched:
                    self._watch_end()
            finally:  # Ctrl-C may come in the few lines that belong to no task
                if self.live or self.ready or self.daemons:
                    tear_down(self)
        finally:
            self._close_board()
            self._let_go()
        if self.abandoned is not None:
            raise self._refusal_to_end(self.abandoned) from self.tool_error
        if self.tool_error is not None:
            raise self.tool_error
        return self.ending or Ending(EndingKind.FINISHED)

    def _let_go(self) -> None:
        """Undo the circles of references, so that all of it dies now and not in a collection."""
        del self.step
        for task in self.tasks:
            task.thread = None
            task.entry = _nothing

    @staticmethod
    def _refusal_to_end(task: Task) -> TaskRefusesToEndError:
        where = caller_site(task.worker.gr_frame).text()
        return TaskRefusesToEndError(task.name, MAX_KILLS, where)

    def _open_board(self) -> None:
        board.execution = self
        board.gil = self.model
        board.counting = True
        board.loop_point = self._count_loop
        self._hang_out_points()
        self._refresh_alone()

    def _hang_out_points(self) -> None:
        """Say what twins call at a step, and instrumented code before an access or at a point."""
        self.step = self._step_fast
        if self.model:
            board.access = board.no_access
            board.gil_point = self._point_fast
        else:
            board.access = self._pause

    def _close_board(self) -> None:
        board.execution = None
        board.alone = shared[ALONE_NAME] = True
        board.gil = False
        board.counting = False
        board.access = board.also = board.no_access
        board.gil_point = board.loop_point = board.no_point

    def spawn(self, entry: Callable[[], object], name: str) -> Task:
        """Make a task that can run from now on; it starts when it is chosen."""
        worker = self.pool.take()
        tasks = self.tasks
        task = Task(len(tasks), name, entry, worker)
        if self.watched:
            task.pending = ("begin", task, None)
        worker.task = task
        tasks.append(task)
        self.ready.append(task)  # the newest id is the greatest: the order holds
        self.live += 1
        if len(self.ready) == 2:  # noqa: PLR2004  # from alone to not alone
            self._refresh_alone()
        return task

    def add_carried(self, name: str, carrier: Task, maker: Task) -> Task:
        """Make a task that runs in the greenlet of another one: a coroutine of its event loop.

        Args:
            maker: The task that made the coroutine.
        """
        task = Task(len(self.tasks), name, _nothing, carrier.worker)
        task.carrier = carrier
        task.started = True
        task.ident = carrier.ident
        self.tasks.append(task)
        if self.watched:
            self._watch_carried(task, maker)
        return task

    def glance(self, label: str, obj: object) -> None:
        """Tell a strategy that the current step looks at a primitive; nobody wants to know here."""

    def make_daemon(self, task: Task) -> None:
        """Let the execution end without waiting for `task`."""
        if not task.daemon:
            task.daemon = True
            self.live -= 1
            self.daemons = True

    def begin_task(self, task: Task) -> None:
        """Set what a fresh task finds; called by its worker, inside it."""
        if self.loops:
            self._restore_loop()
        if self.stopping:
            raise TaskKilled
        if task.id and self.watched:
            self._watch_beginning(task)

    def body_returned(self) -> None:
        """Do what the interpreter does at exit: let idle executor workers go."""
        self.host.body_returned(self)
        self.body_done = True

    def retire(self, task: Task) -> greenlet:
        """Take a task that has ended off the schedule; return the greenlet to run next."""
        task.finished = True
        ready = self.ready
        if task in ready:
            ready.remove(task)
        if not task.daemon:
            self.live -= 1
        self.pool.put(task.worker)
        if task.joiners:
            for joiner in task.joiners:
                self.wake(joiner)
        if self.stopping or not self.live:
            return self.hub
        self._refresh_alone()
        following = self._next()
        if following is None:
            return self.hub
        self.current = following
        return following.worker

    def task_raised(self, task: Task, error: BaseException) -> None:
        """Judge an exception that left a task, and end the execution."""
        if self.stopping:
            return
        if isinstance(error, KeyboardInterrupt | HarnessError):
            self.tool_error = self.tool_error or error
        elif isinstance(error, SystemExit) and task.id:
            return  # threading ignores it too
        elif task.id and self._user_excepthook(task, error):
            return
        self.ending = self.ending or Ending(EndingKind.RAISED, task=task, error=error)
        self.stop()

    def _user_excepthook(self, task: Task, error: BaseException) -> bool:
        """Give the error to a `threading.excepthook` of the user's; say if there was one."""
        try:
            return self.host.call_excepthook(task, error)
        except BaseException as second:  # noqa: BLE001  # a hook that raises is a finding too
            error.add_note(f"threading.excepthook raised {type(second).__name__}: {second}")
            return False
