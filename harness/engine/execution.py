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

from bisect import insort
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from greenlet import getcurrent

from harness.engine import board
from harness.engine.ending import Ending, EndingKind, blocked_ending, place_of
from harness.engine.place import caller_site
from harness.engine.region import Region
from harness.engine.task import Task, TaskKilled
from harness.engine.teardown import MAX_KILLS, kill_again, quiet_step, tear_down
from harness.errors import (
    BlockedInRegionError,
    HarnessError,
    TaskRefusesToEndError,
    UncontrolledError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenlet import greenlet

    from harness.engine.host import Host
    from harness.engine.pool import Pool
    from harness.engine.recorder import Recorder

EPOCH_NS = 1_700_000_000 * 10**9  # virtual wall clock at the start: 2023-11-14, a fixed instant
START_NS = 1_000 * 10**9  # virtual monotonic clock at the start
OUTSIDE_PATIENCE_S = 1.0  # for a lock that another thread held when the execution began
PATIENT_NS = 240 * 10**9  # waits this long guard against hangs: asyncio gives its executor 300 s
TICK_NS = 1_000  # a clock that is read moves on, so that polling a deadline ends


def _task_id(task: Task) -> int:
    return task.id


class Execution:
    """One run of a body. Belongs to the OS thread that made it; not shared."""

    __slots__ = (
        "abandoned",
        "alone_limit",
        "body_done",
        "current",
        "daemons",
        "early",
        "ending",
        "executors_made",
        "fair_steps",
        "host",
        "hub",
        "io_waiters",
        "limit",
        "live",
        "loops",
        "max_steps",
        "model",
        "now_ns",
        "os_thread",
        "patient",
        "pick",
        "pool",
        "ready",
        "recorder",
        "regions",
        "schedule",
        "step",
        "steps",
        "stopping",
        "tasks",
        "threads_made",
        "timed",
        "tool_error",
        "twins",
        "watched",
    )

    def __init__(  # noqa: PLR0913  # what an execution consists of
        self,
        pick: Callable[[Sequence[Task], Task | None], Task],
        *,
        pool: Pool,
        host: Host,
        max_steps: int,
        gil: bool = False,
        early: bool = False,
    ) -> None:
        self.pick = pick
        self.pool = pool
        self.host = host
        self.max_steps = max_steps
        self.fair_steps = max(max_steps // 4, 1)  # steps of others after which a deadline comes
        self.limit = self.alone_limit = self.fair_steps
        self.model = gil
        self.early = early
        self.recorder: Recorder | None = None  # set by an execution that is recorded
        self.watched = False  # set by one that tells somebody of every step
        self.os_thread = board.get_os_ident()
        self.hub: greenlet = getcurrent()
        self.tasks: list[Task] = []
        self.ready: list[Task] = []  # who could run now, by id
        self.timed: list[Task] = []  # who is parked with a deadline, by id
        self.patient: list[Task] = []  # likewise, by a deadline that is only met when all wait
        self.schedule: list[int] = []
        self.steps = 0
        self.threads_made = 0  # for default names: the same in every execution
        self.executors_made = 0  # likewise
        self.now_ns = START_NS
        self.live = 0  # tasks that are neither finished nor daemons
        self.daemons = False  # some task was made one: it may be left at the end
        self.regions: list[str] = []
        self.io_waiters: list[Task] = []
        self.twins: dict[int, tuple[Any, Any]] = {}
        self.body_done = False
        self.stopping = False
        self.loops = False
        self.ending: Ending | None = None
        self.tool_error: BaseException | None = None
        self.abandoned: Task | None = None
        self.step: Callable[[str, Any], None] = self._step_fast
        self.current: Task

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
        if self.abandoned is not None:
            raise self._refusal_to_end(self.abandoned) from self.tool_error
        if self.tool_error is not None:
            raise self.tool_error
        return self.ending or Ending(EndingKind.FINISHED)

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
        """Say what instrumented code calls before an access and at a point of the GIL model."""
        if self.model:
            board.access = board.no_access
            board.gil_point = self._point_fast
        else:
            board.access = self._pause

    def _close_board(self) -> None:
        board.execution = None
        board.alone = True
        board.gil = False
        board.counting = False
        board.access = board.no_access
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

    # -- switching points ------------------------------------------------------------------------

    def _pause(self, _kind: int = 0, _obj: object = None, _key: object = None) -> None:
        """Ask who goes on; the current task could. The hot path: everything else is colder."""
        if board.alone:  # a hook that records two accesses may find itself alone at the second
            return
        current = self.current
        if getcurrent() is not current.worker:
            self._meet_foreign()
        schedule = self.schedule
        try:
            chosen = self.pick(self._candidates() if self.early else self.ready, current)
            schedule.append(chosen.id)
        except BaseException as error:  # noqa: BLE001  # a strategy's error ends the execution
            self.fail(error)
        if len(schedule) > self.limit and self._over_limit():
            self.leave_for_good()
        if chosen is not current:
            if chosen.parked:
                self._fire(chosen)
            self.current = chosen
            chosen.worker.switch()
            if self.loops:
                self._restore_loop()

    def _step_fast(self, _label: str, _obj: object) -> None:
        if not board.alone:
            self._pause()
        else:
            self._step_alone()

    def _step_alone(self) -> None:
        """Count a step at which there was nothing to choose."""
        self.steps += 1
        if self.steps > self.alone_limit and self._over_alone_limit():
            self.leave_for_good()

    def _point_fast(self) -> None:
        if not board.alone:
            self._pause()

    def _count_loop(self) -> None:
        """Count a loop turn of a task that nobody else could interrupt."""
        if self.stopping:
            quiet_step(self)
        else:
            self._step_alone()

    def _over_limit(self) -> bool:
        """Say whether the step bound is met; else let time pass, as it does while others run.

        A task that polls until another one has slept would otherwise poll for ever.
        """
        if len(self.schedule) > self.max_steps:
            self._note_overrun()
            return True
        self.limit = min(self.limit + self.fair_steps, self.max_steps)
        self._advance_clock()
        return False

    def _over_alone_limit(self) -> bool:
        """Do the same for steps without a choice: they are cheaper, and often local."""
        if self.steps > self.max_steps * 50:
            self._note_overrun()
            return True
        self.alone_limit = self.steps + self.fair_steps
        if not self.regions:
            self._advance_clock()
        return False

    def interrupt(self) -> None:
        """End the execution at its next step; safe to call from a signal handler or thread."""
        self.max_steps = self.limit = self.alone_limit = -1

    def _candidates(self) -> list[Task]:
        """Return who may be chosen when a timeout may fire at any legal moment."""
        return sorted(self.ready + self.timed, key=_task_id) if self.timed else self.ready

    def _refresh_alone(self) -> None:
        if self.watched:
            board.alone = self.stopping
        else:
            others = len(self.ready) + (len(self.timed) if self.early else 0)
            board.alone = others < 2 or bool(self.regions) or self.stopping  # noqa: PLR2004

    # -- blocking --------------------------------------------------------------------------------

    def take_turn(
        self,
        label: str,
        on: Any,  # noqa: ANN401  # any twin
        waiters: list[Task],
        deadline_ns: int | None = None,
    ) -> bool:
        """Take a step that is possible now and may cease to be before the task is chosen.

        While it stands aside the task is among `waiters`: the twin parks them with `put_back`
        when somebody else takes what they want, and wakes them when it is there again. So a task
        that is ready can do what it is about to do.

        Returns:
            False if the step became impossible, and the deadline came first.
        """
        if board.alone:
            self.step(label, on)
            return True
        task = self.current
        task.timed_out = False
        task.deadline_ns = deadline_ns
        waiters.append(task)
        try:
            self.step(label, on)
        finally:
            waiters.remove(task)
            task.deadline_ns = task.waiting_on = None
        in_time = not task.timed_out
        task.timed_out = False
        return in_time

    def block(
        self,
        on: Any,  # noqa: ANN401  # any twin
        deadline_ns: int | None = None,
        *,
        label: str = "resume",
    ) -> bool:
        """Park the current task until `wake`; return False if its deadline came first.

        Args:
            on: The twin it waits for: has `describe_wait()` and `holders()`.
            deadline_ns: On the virtual clock; None waits for ever.
            label: What it does as soon as it can: "acquire", "get", "join".
        """
        task = self.current
        if self.regions or self.stopping:
            self._refuse_to_block(on)
        if deadline_ns is not None and deadline_ns <= self.now_ns:
            return False  # a wait of no time is none, whoever else could run meanwhile
        if self.watched:
            self._watch_block(task, on, label)
        task.waiting_on = on
        task.timed_out = False
        self.ready.remove(task)
        if deadline_ns is not None:
            task.deadline_ns = deadline_ns
            self._park(task)
        self._refresh_alone()
        following = self._next()
        if following is not task:
            if following is None:
                self.hub.switch()
            else:
                self.current = following
                following.worker.switch()
            if self.loops:
                self._restore_loop()
        if deadline_ns is not None:
            task.deadline_ns = None
        task.waiting_on = None
        if self.watched:
            self._watch_resumption(task, on)
        in_time = not task.timed_out
        task.timed_out = False
        return in_time

    def _watch_block(self, task: Task, on: object, label: str) -> None:
        """Tell whoever watches that `task` waits; nobody watches a fast execution."""

    def _watch_resumption(self, task: Task, on: object) -> None:
        """Tell whoever watches that `task` goes on."""

    def _watch_beginning(self, task: Task) -> None:
        """Tell whoever watches that `task` begins."""

    def _watch_end(self) -> None:
        """Tell whoever watches that nobody runs any more; nobody has been thrown out yet."""

    def wake(self, task: Task) -> None:
        """Let a parked task run again; it stays parked until it is chosen."""
        if task.waiting_on is not None and task not in self.ready:
            insort(self.ready, task, key=_task_id)
            self._unpark(task)
            self._refresh_alone()

    def _park(self, task: Task) -> None:
        assert task.deadline_ns is not None
        task.parked = True
        patient = task.deadline_ns - self.now_ns >= PATIENT_NS
        insort(self.patient if patient else self.timed, task, key=_task_id)

    def _unpark(self, task: Task) -> None:
        if task.parked:
            task.parked = False
            (self.timed if task in self.timed else self.patient).remove(task)

    def put_back(self, task: Task, on: Any) -> None:  # noqa: ANN401  # any twin
        """Take back a `wake`: what the task waits for is gone again before it ran."""
        if task.timed_out or task not in self.ready:
            return
        task.waiting_on = on
        self.ready.remove(task)
        if task.deadline_ns is not None:
            self._park(task)
        self._refresh_alone()

    def sleep(self, duration_ns: int) -> None:
        """Let virtual time pass for the current task."""
        if self.regions:
            self.now_ns += duration_ns
            return
        self.step("sleep", CLOCK)
        if duration_ns > 0:
            self.block(CLOCK, self.now_ns + duration_ns, label="timeout")

    def read_clock(self) -> int:
        """Return the virtual monotonic clock in nanoseconds; reading moves it on a little.

        A step: others can let time pass before it.
        """
        self.step("time", CLOCK)
        self.now_ns += TICK_NS
        return self.now_ns

    def _next(self) -> Task | None:
        """Choose who runs when the current task cannot; None ends the execution."""
        candidates = self._candidates() if self.early else self.ready
        if len(candidates) > 1:
            if self.recorder is not None:
                self.recorder.decision(None, "blocked")
            try:
                chosen = self.pick(candidates, None)
            except BaseException as error:  # noqa: BLE001  # as in _pause
                self.tool_error = self.tool_error or error
                self.stop()
                return None
            self.schedule.append(chosen.id)
            if len(self.schedule) > self.limit and self._over_limit():
                return None
        elif candidates:
            chosen = candidates[0]
        else:
            return self._next() if self._advance_clock() else self._all_blocked()
        if chosen.parked:
            self._fire(chosen)
        return chosen

    def _fire(self, task: Task) -> None:
        """Let the timeout of a parked task happen now."""
        assert task.deadline_ns is not None
        self.now_ns = max(self.now_ns, task.deadline_ns)
        task.timed_out = True
        self._unpark(task)
        insort(self.ready, task, key=_task_id)
        self._refresh_alone()

    def _advance_clock(self) -> bool:
        """Jump to the earliest deadline; say if there was one."""
        waiting = self.timed + self.patient
        if not waiting:
            return False
        soonest = min(task.deadline_ns for task in waiting if task.deadline_ns is not None)
        self.now_ns = max(self.now_ns, soonest)
        for task in waiting:
            if task.deadline_ns is not None and task.deadline_ns <= self.now_ns:
                self._fire(task)
        return True

    def _all_blocked(self) -> Task | None:
        """Judge that nobody can run; somebody may come free from outside after all."""
        blocked = [task for task in self.tasks if not task.finished]
        for task in blocked:
            freed = getattr(task.waiting_on, "freed_outside", None)
            given_back = freed(OUTSIDE_PATIENCE_S) if freed is not None else None
            if given_back:
                return self._next()
            if given_back is not None:
                self._cannot_judge(
                    f"{place_of(task, running=None)}, which was",
                    "Give the lock back before exploring, or make it inside the body.",
                )
                return None
        if self.host.new_real_threads() > 0:
            self._cannot_judge(
                f"every task waits ({'; '.join(place_of(task, running=None) for task in blocked)}) "
                "while a real thread runs that was started past the engine",
                "Start it with threading.Thread inside the body.",
            )
            return None
        self.ending = blocked_ending(blocked, body_done=self.body_done)
        self.stop()
        return None

    def _cannot_judge(self, what: str, remedy: str) -> None:
        error = UncontrolledError(what, "the end of the execution", remedy)
        self.tool_error = self.tool_error or error
        self.stop()

    # -- regions, stand-ins, loops ---------------------------------------------------------------

    def region(self, reason: str) -> Region:
        """Return a block that runs as one step."""
        return Region(self, reason)

    def enter_region(self, reason: str) -> None:
        """Nobody else runs from now on."""
        self.regions.append(reason)
        self._refresh_alone()

    def leave_region(self) -> None:
        """Undo the last `enter_region`."""
        self.regions.pop()
        self._refresh_alone()

    def stand_in(self, lock: Any) -> Any:  # noqa: ANN401  # real locks have no common type
        """Return the twin that stands for a real lock in this execution."""
        known = self.twins.get(id(lock))
        if known is None:
            known = self.twins[id(lock)] = (self.host.adopt(lock), lock)  # keeps the id taken
        return known[0]

    def _restore_loop(self) -> None:
        self.host.set_running_loop(self.current.loop)

    # -- ending ----------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """End the execution because the tool cannot go on; never returns in a task."""
        self.tool_error = self.tool_error or error
        self.leave_for_good()

    def refuse(self, error: HarnessError) -> None:
        """Report something uncontrolled and raise it where it happened, so the line shows."""
        self.tool_error = self.tool_error or error
        self.stop()
        raise error

    def leave_for_good(self) -> None:
        """Leave the current task for the hub, which will end it."""
        self.stop()
        self.hub.switch()
        raise TaskKilled

    def stop(self) -> None:
        """Let nobody run but whoever cleans up."""
        self.stopping = True
        board.alone = True
        self.step = self._step_stopping

    def _step_stopping(self, _label: str, _obj: object) -> None:
        quiet_step(self)

    def _note_overrun(self) -> None:
        if self.max_steps >= 0:
            unfinished = [task for task in self.tasks if not task.finished]
            places = tuple(place_of(task, running=self.current) for task in unfinished)
            self.ending = self.ending or Ending(EndingKind.STEP_BOUND, places=places)
        self.stop()

    def _refuse_to_block(self, on: Any) -> None:  # noqa: ANN401  # any twin
        if self.stopping:
            kill_again(self)
        site = caller_site(None).text()
        self.refuse(BlockedInRegionError(self.regions[-1], on.describe_wait(), site))

    def _meet_foreign(self) -> None:
        error = UncontrolledError(
            "a thread or greenlet that this execution did not start runs instrumented code",
            caller_site(None).text(),
            "Start it with threading inside the body, or keep it away from the code under test.",
        )
        self.tool_error = self.tool_error or error
        raise error


class _Clock:
    """The virtual clock, as something to wait for."""

    __slots__ = ()

    def record_name(self) -> str:
        return "the time"

    def describe_wait(self) -> str:
        return "time to pass"

    def holders(self) -> tuple[Task, ...]:
        return ()


CLOCK: Final = _Clock()
