"""Who runs when: switching points, waiting, and the virtual clock."""

from __future__ import annotations

from bisect import insort
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from greenlet import getcurrent

from harness.engine import board
from harness.engine.ending import blocked_ending, place_of
from harness.engine.state import State
from harness.engine.teardown import quiet_step

if TYPE_CHECKING:
    from harness.engine.task import Task

EPOCH_NS = 1_700_000_000 * 10**9  # virtual wall clock at the start: 2023-11-14, a fixed instant
OUTSIDE_PATIENCE_S = 1.0  # for a lock that another thread held when the execution began
PATIENT_NS = 240 * 10**9  # waits this long guard against hangs: asyncio gives its executor 300 s
MANY = 8  # tasks from which on the ready list is made anew at once, not task by task
TICK_NS = 1_000  # a clock that is read moves on, so that polling a deadline ends

task_id = attrgetter("id")


class Turns(State):
    """An execution's switching points: a task that reaches one hands on to the next."""

    __slots__ = ()

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
        """Count a loop turn of a task that nobody else could interrupt; hot in local code."""
        self.steps += 1
        if self.steps > self.alone_limit:
            if self.stopping:
                quiet_step(self)
            elif self._over_alone_limit():
                self.leave_for_good()

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

    def _may_choose(self) -> bool:
        """Say whether somebody could be chosen in the current task's stead."""
        if self.stopping or self.regions:
            return False
        return len(self.ready) + (len(self.timed) if self.early else 0) > 1

    def _candidates(self) -> list[Task]:
        """Return who may be chosen when a timeout may fire at any legal moment."""
        return sorted(self.ready + self.timed, key=task_id) if self.timed else self.ready

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
        task.deadline_ns = deadline_ns
        if self.watched:
            self._watch_block(task, on, label)
        task.waiting_on = on
        task.timed_out = False
        self.ready.remove(task)
        if deadline_ns is not None:
            self._park(task)
        self._refresh_alone()
        self._hand_on(task)
        if self.watched:
            self._watch_resumption(task, on)  # who is told may ask whether there was a deadline
        task.deadline_ns = task.waiting_on = None
        in_time = not task.timed_out
        task.timed_out = False
        return in_time

    def _hand_on(self, task: Task) -> None:
        """Let whoever is chosen run, and come back when `task`, or one it carries, is."""
        following = self._next()
        if following is task:
            return
        if following is None:
            self.hub.switch()
        else:
            self.current = following
            if following.worker is not task.worker:
                following.worker.switch()
        if self.loops:
            self._restore_loop()

    def _watch_block(self, task: Task, on: object, label: str) -> None:
        """Tell whoever watches that `task` waits; nobody watches a fast execution."""

    def _watch_resumption(self, task: Task, on: object) -> None:
        """Tell whoever watches that `task` goes on."""

    def _watch_beginning(self, task: Task) -> None:
        """Tell whoever watches that `task` begins."""

    def _watch_carried(self, task: Task, maker: Task) -> None:
        """Tell whoever watches of a new coroutine, and who made it."""

    def _watch_end(self) -> None:
        """Tell whoever watches that nobody runs any more; nobody has been thrown out yet."""

    def wake(self, task: Task) -> None:
        """Let a parked task run again; it stays parked until it is chosen."""
        if task.waiting_on is not None and task not in self.ready:
            insort(self.ready, task, key=task_id)
            self._unpark(task)
            self._refresh_alone()

    def _park(self, task: Task) -> None:
        assert task.deadline_ns is not None
        task.parked = True
        patient = task.deadline_ns - self.now_ns >= PATIENT_NS
        insort(self.patient if patient else self.timed, task, key=task_id)

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

    def wake_all(self, tasks: list[Task]) -> None:
        """Wake tasks, of which there may be a thousand: one by one, each would move all others."""
        if len(tasks) < MANY:
            for task in tasks:
                self.wake(task)
            return
        for task in [task for task in tasks if task.parked]:
            self.wake(task)
        there = set(self.ready)
        self.ready += [task for task in tasks if task.waiting_on is not None and task not in there]
        self.ready.sort(key=task_id)
        self._refresh_alone()

    def put_back_all(self, tasks: list[Task], on: Any) -> None:  # noqa: ANN401  # any twin
        """Do for many tasks what `put_back` does for one."""
        if len(tasks) < MANY:
            for task in tasks:
                self.put_back(task, on)
            return
        for task in [task for task in tasks if task.deadline_ns is not None]:
            self.put_back(task, on)
        leaving = {task for task in tasks if task.deadline_ns is None and not task.timed_out}
        self.ready[:] = [task for task in self.ready if task not in leaving]
        for task in leaving:
            task.waiting_on = on
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
                self.recorder.reach(None)
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
        insort(self.ready, task, key=task_id)
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
        self.ending = self.ending or blocked_ending(blocked, body_done=self.body_done)
        self.stop()
        return None


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
