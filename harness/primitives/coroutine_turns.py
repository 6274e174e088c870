"""Coroutines of an event loop as tasks of the execution: they are interleaved at their awaits.

An event loop runs one callback after the other, in the order in which they became ready; which
became ready first depends on the network and the clock. Inside an execution the strategy chooses:
every coroutine that is ready to go on is a task of its own beside the threads, and runs undisturbed
by the loop's other coroutines until it awaits. Callbacks that belong to no coroutine keep their
order and count as the loop's own. A timer may come early where timed waits may.

The tasks of coroutines share the greenlet of the thread that runs the loop, their *carrier*. While
one of them runs, the others of its loop cannot be chosen; whatever blocks it blocks the loop.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from harness.engine import board
from harness.primitives.asyncio_loop import READY, poll
from harness.primitives.coroutine_place import CoroutinePlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.engine.execution import Execution
    from harness.engine.task import Task

_DEFAULT_NAME: Final = re.compile(r"Task-\d+")
_ROUNDING_S: Final = 2e-9  # a wait that ends a nanosecond too early would begin again for ever
_TURNS: Final = "_holdfast_turns"  # the attribute of a loop that remembers its tasks


def controlled_run_once(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a loop's `_run_once` that lets the strategy choose what runs."""

    def run_once(self: Any) -> None:  # noqa: ANN401  # any event loop
        execution = board.current()
        if execution is None or execution.stopping or execution.regions:
            _hush(self)
            original(self)
            return
        _turns_of(self, execution).take_one()

    return run_once


def _hush(loop: Any) -> None:  # noqa: ANN401  # any event loop
    """Let tasks that are thrown out of their code die without a word in the log."""
    turns: LoopTurns | None = loop.__dict__.get(_TURNS)
    if turns is not None and turns.execution.stopping:
        for _, owner in turns.in_order():
            owner._log_destroy_pending = False  # noqa: SLF001  # asyncio's own way, as in `gather`


def controlled_create_task(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a loop's `create_task` that notes who made which coroutine's task, in order."""

    def create_task(self: Any, coro: Any, **more: Any) -> Any:  # noqa: ANN401  # any event loop
        made = original(self, coro, **more)
        execution = board.current()
        if execution is not None and not execution.stopping and isinstance(made, asyncio.Task):
            _turns_of(self, execution).adopt(made)
        return made

    return create_task


def ordered_tasks(original: Callable[..., set[Any]]) -> Callable[..., set[Any]]:
    """Return `asyncio.all_tasks` in the order in which the tasks were made, not of their ids."""

    def all_tasks(loop: Any = None) -> set[Any]:  # noqa: ANN401  # any event loop
        found = original(loop)
        if board.current() is None:
            return found
        places = {task: place for _, turns in _known(found) for place, task in turns.in_order()}
        return _InOrder(sorted(found, key=lambda task: places.get(task, len(places))))

    return all_tasks


class _InOrder(set[Any]):
    """A set that is walked in the order in which it was made."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__(values)
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


def _known(tasks: set[Any]) -> list[tuple[Any, LoopTurns]]:
    """Return the loops of some tasks and what is remembered of them."""
    loops = {id(task.get_loop()): task.get_loop() for task in tasks}.values()
    return [(loop, loop.__dict__[_TURNS]) for loop in loops if _TURNS in loop.__dict__]


def _turns_of(loop: Any, execution: Execution) -> LoopTurns:  # noqa: ANN401  # any event loop
    turns: LoopTurns | None = loop.__dict__.get(_TURNS)
    if turns is None or turns.execution is not execution:
        turns = LoopTurns(loop, execution)
        setattr(loop, _TURNS, turns)
    return turns


def controlled_exception_handler(
    original: Callable[[Any, dict[str, Any]], None],
) -> Callable[[Any, dict[str, Any]], None]:
    """Return a loop's `call_exception_handler` that makes an unseen exception end the execution.

    asyncio would log it and go on, as it does for a task whose exception nobody retrieves.
    """

    def call_exception_handler(self: Any, context: dict[str, Any]) -> None:  # noqa: ANN401  # any loop
        turns = self.__dict__.get(_TURNS)
        error = context.get("exception")
        custom = getattr(self, "_exception_handler", None) is not None
        if turns is None or (custom and not turns.execution.stopping):
            original(self, context)
        elif turns.execution.stopping:
            return  # what was thrown out of its code has nobody who could await it
        elif not isinstance(error, Exception) or board.current() is not turns.execution:
            original(self, context)
        elif turns.unseen is None:
            turns.unseen = error

    return call_exception_handler


class LoopTurns:
    """The coroutines of one event loop in one execution.

    Attributes:
        unseen: An exception that nobody will retrieve; it ends the loop at its next turn.
    """

    __slots__ = ("_carrier", "_last", "_loop", "_made", "_tasks", "_timer", "execution", "unseen")

    def __init__(self, loop: Any, execution: Execution) -> None:  # noqa: ANN401  # any event loop
        self._loop = loop
        self.execution = execution
        self._carrier: Task = execution.current.carrier
        # Weakly: the death of one whose exception nobody saw must not be put off.
        self._tasks: WeakKeyDictionary[asyncio.Task[Any], Task] = WeakKeyDictionary()
        self._made = 0
        self._timer: Task | None = None
        self._last: Task | None = None
        self.unseen: Exception | None = None

    def take_one(self) -> None:
        """Run one callback: that of whichever task is chosen, once one is ready.

        Raises:
            Exception: One that a coroutine raised and nobody will retrieve.
        """
        execution, loop = self.execution, self._loop
        self._carrier = execution.current
        self._poll()
        handles = self._ready_handles()
        if handles:
            chosen = self._choose(handles)
            if chosen is self._timer:
                self._collect_timers()
                handles = self._ready_handles()
                chosen = self._first_due(handles)
            handle = handles.get(chosen)
            # An exception keeps this frame: nothing in it may keep the task that raised it.
            handles.clear()
            if handle is not None:
                waiting = [handle]
                loop._ready.remove(handle)  # noqa: SLF001  # asyncio has no public queue
                del handle
                self._run(chosen, waiting)
        if self.unseen is not None:
            error, self.unseen = self.unseen, None
            raise error

    # -- what is ready ---------------------------------------------------------------------------

    def _poll(self) -> None:
        """Wait for what makes a callback ready, if none is; else look without waiting."""
        loop, execution = self._loop, self.execution
        self._drop_cancelled_timers()
        selector = loop._selector  # noqa: SLF001  # as `_run_once`
        if any(not handle._cancelled for handle in loop._ready) or loop._stopping:  # noqa: SLF001  # as above
            events = poll(selector)
        else:
            timeout_s: float | None = None
            if loop._scheduled:  # noqa: SLF001  # as above
                timeout_s = max(loop._scheduled[0]._when - execution.now_ns / 1e9, 0) + _ROUNDING_S  # noqa: SLF001  # as above
            events = selector.select(timeout_s)
        loop._process_events(events)  # noqa: SLF001  # as above
        self._collect_timers()

    def _drop_cancelled_timers(self) -> None:
        loop = self._loop
        timers = loop._scheduled  # noqa: SLF001  # as `_run_once`
        while timers and timers[0]._cancelled:  # noqa: SLF001  # as above
            loop._timer_cancelled_count -= 1  # noqa: SLF001  # as above
            heapq.heappop(timers)._scheduled = False  # noqa: SLF001  # as above

    def _collect_timers(self) -> None:
        """Make the timers ready whose time has come."""
        loop = self._loop
        timers = loop._scheduled  # noqa: SLF001  # as `_run_once`
        end_s = self.execution.now_ns / 1e9 + loop._clock_resolution  # noqa: SLF001  # as above
        while timers and timers[0]._when < end_s:  # noqa: SLF001  # as above
            handle = heapq.heappop(timers)
            handle._scheduled = False  # noqa: SLF001  # as above
            loop._ready.append(handle)  # noqa: SLF001  # as above

    def _ready_handles(self) -> dict[Task, Any]:
        """Return the first ready callback of every task, in the order in which they became so."""
        found: dict[Task, Any] = {}
        for handle in list(self._loop._ready):  # noqa: SLF001  # asyncio has no public queue
            if handle._cancelled:  # noqa: SLF001  # as asyncio asks
                self._loop._ready.remove(handle)  # noqa: SLF001  # as above
                continue
            found.setdefault(self._task_of(handle), handle)
        return found

    def _task_of(self, handle: Any) -> Task:  # noqa: ANN401  # asyncio's Handle
        """Return whose callback it is: a coroutine's, or the loop's own."""
        owner = getattr(handle._callback, "__self__", None)  # noqa: SLF001  # as asyncio's repr does
        if not isinstance(owner, asyncio.Task):
            return self._carrier
        known = self._tasks.get(owner)
        return known if known is not None else self.adopt(owner)

    def in_order(self) -> list[tuple[int, Any]]:
        """Return asyncio's tasks that still live, each with its number among all of the loop."""
        return [(task.id, owner) for owner, task in self._tasks.items()]

    def adopt(self, owner: asyncio.Task[Any]) -> Task:
        """Make the execution's task of a coroutine that is seen for the first time."""
        self._made += 1
        carrier = self._carrier
        given = owner.get_name()
        coroutine = owner.get_coro()
        name = given
        if _DEFAULT_NAME.fullmatch(given):  # asyncio counts on from one execution to the next
            name = f"Task-{self._made} ({getattr(coroutine, '__name__', 'coroutine')})"
        task = self.execution.add_carried(name, carrier, self.execution.current)
        task.place = CoroutinePlace(owner)
        self._tasks[owner] = task
        return task

    # -- who runs --------------------------------------------------------------------------------

    def _choose(self, handles: dict[Task, Any]) -> Task:
        """Let the strategy say which of the ready tasks goes on, or another thread before it."""
        execution, carrier = self.execution, self._carrier
        options = list(handles)
        for task in options:
            task.pending = ("step", task, None)
        timer = self._offer_timer()
        execution.offer_carried(options, carrier, last=self._last)
        if timer is not None:
            execution.withdraw(timer)
        return execution.current

    def _offer_timer(self) -> Task | None:
        """Park a task whose timeout is the loop's next timer, where timeouts may come early."""
        execution, timers = self.execution, self._loop._scheduled  # noqa: SLF001  # as `_run_once`
        if not (execution.early and timers):
            return None
        if self._timer is None:
            self._timer = execution.add_carried("the loop's timer", self._carrier, self._carrier)
        execution.park_until(self._timer, READY, int(timers[0]._when * 1e9) + 1)  # noqa: SLF001  # as above
        return self._timer

    @staticmethod
    def _first_due(handles: dict[Task, Any]) -> Task:
        """Return whose callback the timer that came early is: it was appended last."""
        return next(reversed(handles))

    def _run(self, task: Task, waiting: list[Any]) -> None:
        """Run the one callback that waits as `task`; then the loop is on again."""
        execution, carrier = self.execution, self._carrier
        execution.enter_carried(task, carrier)
        try:
            waiting.pop()._run()  # noqa: SLF001  # as `_run_once`
        finally:
            if task.place is not None and task.place.is_over():
                task.finished = True
            execution.leave_carried(task, carrier)
            self._last = task
