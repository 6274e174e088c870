"""What all executions of one exploration share: patches, workers, garbage, watchdog."""

from __future__ import annotations

import gc
import signal
import threading
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.execution import Execution
from harness.engine.pool import Pool
from harness.errors import NestedExplorationError
from harness.primitives.host import StandardHost
from harness.primitives.patches import Patches
from harness.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from harness.engine.ending import Ending
    from harness.engine.recorder import Recorder
    from harness.strategies.protocol import Strategy

COLLECT_EVERY: Final = 50  # executions between collections of young garbage: 2 % of the time


class Campaign:
    """The setting of many executions of one body. Use as a context manager, one at a time."""

    def __init__(self, *, model: str, max_steps: int, interactive: bool = False) -> None:
        self._gil = model == "gil"
        self._max_steps = max_steps
        self._patches = Patches(interactive=interactive)
        self._interactive = interactive
        self._pool = Pool()
        self._host = StandardHost()
        self._watchdog = Watchdog()
        self._runs = 0
        self._gc_was_on = False
        self._old_handler: Any = None
        self.interrupted = False
        self.last: Execution | None = None

    def __enter__(self) -> Campaign:  # noqa: PYI034  # final in effect
        if board.execution is not None:
            raise NestedExplorationError
        self._gc_was_on = gc.isenabled()
        # A finaliser that the collector runs inside an execution would depend on allocations of
        # earlier ones. Collect between executions, and leave the program's own objects out.
        gc.disable()
        gc.freeze()
        self._patches.__enter__()
        if not self._interactive:
            self._watchdog.start()
        self._catch_interrupt()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._release_interrupt()
        self._watchdog.stop()
        self._patches.undo()
        self._pool.close()
        gc.unfreeze()
        if self._gc_was_on:
            gc.enable()

    def run(
        self,
        body: Callable[[], object],
        strategy: Strategy,
        *,
        recorder: Recorder | None = None,
    ) -> tuple[Ending, list[int]]:
        """Run one execution; return how it ended and its schedule."""
        execution = Execution(
            strategy.pick,
            pool=self._pool,
            host=self._host,
            max_steps=self._max_steps,
            gil=self._gil,
            early=getattr(strategy, "early_timeouts", False),
            recorder=recorder,
        )
        self.last = execution
        self._watchdog.watch(execution)
        try:
            ending = execution.run(body)
        finally:
            self._watchdog.watch(None)
        self._runs += 1
        if not self._runs % COLLECT_EVERY:
            gc.collect(1)
        if self.interrupted:
            raise KeyboardInterrupt
        return ending, execution.schedule

    def _catch_interrupt(self) -> None:
        """Let Ctrl-C stop the execution at its next step even if the body swallows it."""
        if threading.current_thread() is threading.main_thread():
            self._old_handler = signal.getsignal(signal.SIGINT)
            if self._old_handler is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._interrupt)
            else:
                self._old_handler = None

    def _release_interrupt(self) -> None:
        if self._old_handler is not None:
            signal.signal(signal.SIGINT, self._old_handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupted = True
        if self.last is not None:
            self.last.max_steps = -1  # the next step ends the execution: no check on the way
        raise KeyboardInterrupt
