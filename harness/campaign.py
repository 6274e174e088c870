"""What all executions of one exploration share: patches, workers, garbage, watchdog."""

from __future__ import annotations

import gc
import os
import threading
from typing import TYPE_CHECKING, Any, Final

from harness import journal
from harness.engine import board
from harness.engine.execution import Execution
from harness.engine.observed import ObservedExecution, ignore
from harness.engine.place import caller_site
from harness.engine.pool import Pool
from harness.engine.recorded import RecordedExecution
from harness.errors import NestedExplorationError, UncontrolledError
from harness.interrupt import Interrupt
from harness.judged import JudgedBody
from harness.primitives import real
from harness.primitives.host import StandardHost
from harness.primitives.patches import Patches
from harness.primitives.uncontrolled import PROCESS_REMEDY
from harness.rules import Judge
from harness.tool_fault import blame_tool
from harness.watchdog import EXIT_STUCK, Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from harness.engine.ending import Ending
    from harness.engine.recorder import Recorder
    from harness.engine.task import Task
    from harness.rules import Rule
    from harness.strategies.protocol import Strategy

    Pick = Callable[[Sequence[Task], Task | None], Task]

COLLECT_EVERY: Final = 50  # executions between collections of young garbage: 2 % of the time
COLLECT_ALL_EVERY: Final = 1_000  # executions between full ones: what was alive at a young one
FROZEN_BY_PROGRAM: Final = 2_000  # objects; below it, nobody has called gc.freeze()
_active: Final = real.allocate_lock()  # held by the one campaign that runs


class Campaign:
    """The setting of many executions of one body. Use as a context manager, one at a time.

    Args:
        body: What will run; real locks that it reaches are taken up.
        rules: What an execution fails on that it survives: each is recorded and judged.
    """

    def __init__(
        self,
        *,
        model: str,
        max_steps: int,
        interactive: bool = False,
        body: Callable[[], object] | None = None,
        rules: Sequence[Rule] = (),
    ) -> None:
        self._gil = model == "gil"
        self._max_steps = max_steps
        self._body = body
        self._judge = Judge(rules) if rules else None
        self._patches = Patches(interactive=interactive)
        self._interactive = interactive
        self._pool = Pool()
        self._host = StandardHost(self._patches.adoption)
        self._interrupt = Interrupt()
        self._watchdog = Watchdog(self._interrupt)
        self._runs = 0
        self._gc_was_on = False
        self._froze = False

    def __enter__(self) -> Campaign:  # noqa: PYI034  # final in effect
        running = board.current()
        if running is not None:
            running.refuse(NestedExplorationError())  # raises, and cannot be swallowed
        if board.perturbed:
            raise _accesses_taken()
        if not _active.acquire(blocking=False):
            raise NestedExplorationError
        try:
            self._patches.apply(self._body)
        except BaseException:
            _active.release()
            raise
        if self._gil:
            _native_points().hang_out()
        self._hold_garbage()
        if not self._interactive:
            self._watchdog.start()
        if threading.current_thread() is threading.main_thread():
            self._interrupt.catch()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._interrupt.release()
        self._watchdog.stop()
        self._patches.undo()
        if self._gil:
            _native_points().take_in()
        self._pool.close()
        self._let_garbage_go()
        _active.release()

    def run(
        self,
        body: Callable[[], object],
        strategy: Strategy,
        *,
        recorder: Recorder | None = None,
        max_steps: int | None = None,
    ) -> tuple[Ending, list[int]]:
        """Run one execution; return how it ended and its schedule.

        Args:
            max_steps: Another step bound than that of the campaign.

        Raises:
            KeyboardInterrupt: Ctrl-C, even if the body swallowed it.
            HarnessError: The execution could not be controlled.
        """
        if self._judge is not None:
            recorder = self._judge.recorder(recorder)
        pick: Pick = strategy.pick
        if not _trusted(strategy):
            pick = _checked(pick)
        early = bool(getattr(strategy, "early_timeouts", False))
        if journal.active is not None:
            pick = journal.active.follow(pick, early=early, gil=self._gil)
        bound = self._max_steps if max_steps is None else max_steps
        execution = self._execution(pick, strategy, early=early, recorder=recorder, max_steps=bound)
        ending = self._run(execution, body)
        if ending.error is not None:
            blame_tool(ending.error)
        self._runs += 1
        if not self._runs % COLLECT_EVERY:
            gc.collect(1 if self._runs % COLLECT_ALL_EVERY else 2)
        if self._judge is not None and recorder is not None:
            ending = self._judge.judge(ending, recorder)
        judge = body if isinstance(body, JudgedBody) else execution.judge
        if judge is not None:
            ending = judge.judge(ending, self.run_alone)
        return ending, execution.schedule

    def run_alone(self, body: Callable[[], object], /) -> Ending:
        """Run something between two executions, under a schedule of which nobody keeps a record.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            HarnessError: It could not be controlled.
        """
        execution = Execution(
            _goes_on, pool=self._pool, host=self._host, max_steps=self._max_steps, gil=self._gil
        )
        return self._run(execution, body)

    def _run(self, execution: Execution, body: Callable[[], object]) -> Ending:
        self._host.begin_execution()
        self._interrupt.execution = execution
        self._watchdog.watch(execution)
        try:
            ending = execution.run(body)
        finally:
            self._watchdog.watch(None)
            self._interrupt.execution = None
            self._host.end_execution()
            if board.caches:
                board.count_cached_calls()
        if self._interrupt.happened:
            raise KeyboardInterrupt
        return ending

    def _execution(
        self,
        pick: Callable[[Sequence[Task], Task | None], Task],
        strategy: Strategy,
        *,
        early: bool,
        recorder: Recorder | None,
        max_steps: int,
    ) -> Execution:
        if recorder is None and not getattr(strategy, "operations", False):
            return Execution(
                pick,
                pool=self._pool,
                host=self._host,
                max_steps=max_steps,
                gil=self._gil,
                early=early,
            )
        settings: dict[str, Any] = {
            "pool": self._pool,
            "host": self._host,
            "max_steps": max_steps,
            "gil": self._gil,
            "early": early,
        }
        if getattr(strategy, "operations", False):
            perform = getattr(strategy, "perform", ignore)
            finish = getattr(strategy, "finish", ignore)
            if not _trusted(strategy):
                perform, finish = _unseen(perform), _unseen(finish)
            return ObservedExecution(
                pick, perform=perform, finish=finish, recorder=recorder, **settings
            )
        assert recorder is not None
        return RecordedExecution(pick, recorder=recorder, **settings)

    def _hold_garbage(self) -> None:
        """Keep the collector out of executions: what it ran there would depend on earlier ones.

        It collects between executions, and leaves the program's own objects out.
        """
        self._gc_was_on = gc.isenabled()
        gc.disable()
        # A program that has frozen its own objects wants them so. Python 3.12 itself begins with
        # some hundred.
        if gc.get_freeze_count() < FROZEN_BY_PROGRAM:
            self._froze = True
            gc.freeze()

    def _let_garbage_go(self) -> None:
        if self._froze:
            gc.unfreeze()
        if self._gc_was_on:
            gc.enable()


def _native_points() -> ModuleType:
    """Return what gives native calls their points; who explores code has loaded it anyway."""
    from harness.instrument import native_points  # noqa: PLC0415  # keeps the import light

    return native_points


def _before_fork() -> None:
    """Note a fork by a name that was kept from before the campaign; others are refused."""
    running = board.current()
    if running is not None and running.tool_error is None:
        running.tool_error = UncontrolledError(
            "a fork of the process", caller_site(None).text(), PROCESS_REMEDY
        )


def _after_fork_in_child() -> None:
    """Let no copy of this process go on with the exploration."""
    if board.current() is not None:
        os._exit(EXIT_STUCK)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


def _goes_on(ready: Sequence[Task], current: Task | None) -> Task:
    """Let who runs go on while it can."""
    return ready[0] if current is None else current


def _trusted(strategy: Strategy) -> bool:
    """Say whether a strategy is one of ours, which keep to the rules and are not instrumented."""
    return type(strategy).__module__.startswith("harness.strategies.")


def _accesses_taken() -> Exception:
    """Return the error of an exploration where accesses go to a backend of real threads."""
    from harness.instrument.errors import AccessesTakenError  # noqa: PLC0415  # it loads the rewriter

    return AccessesTakenError("backend")


def _unseen(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a strategy's method whose own accesses are no steps of the execution.

    Its module may be instrumented, like a test's.
    """

    def unseen(*arguments: object) -> Any:  # noqa: ANN401  # what the method returns
        before = board.alone, board.gil, board.counting
        board.alone = board.shared[board.ALONE_NAME] = True
        board.gil = board.counting = False
        try:
            return call(*arguments)
        finally:
            board.alone, board.gil, board.counting = before
            board.shared[board.ALONE_NAME] = board.alone

    return unseen


def _checked(pick: Pick) -> Pick:
    """Return a strategy's `pick` that may only choose among what it was offered."""
    unseen = _unseen(pick)

    def checked(ready: Sequence[Task], current: Task | None) -> Task:
        chosen: Task = unseen(ready, current)
        if not any(chosen is task for task in ready):
            offered = ", ".join(repr(task) for task in ready)
            raise ValueError(f"the strategy picked {chosen!r}; it was offered {offered}")
        return chosen

    return checked
