"""Runs of a sweep on real threads: one after the other, each with a limit."""

from __future__ import annotations

import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from harness.faults.sweep_run import Broken, Outcome, first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.faults.injection import Faults
    from harness.faults.plan import FaultPlan


class ThreadRuns:
    """Runs a body with its threads as they are. One run at a time."""

    def __init__(
        self,
        body: Callable[[Faults], object],
        check: Callable[[], object] | None,
        *,
        allow: tuple[type[BaseException], ...],
        calls: tuple[str, ...],
        limit_s: float,
    ) -> None:
        self._body = body
        self._check = check
        self._allow = allow
        self._calls = calls
        self._limit_s = limit_s

    def run(self, plan: FaultPlan) -> Outcome:
        """Run the body under `plan` and then its check."""
        one = _OneRun(self._body, plan, self._calls)
        runner = threading.Thread(target=one.run, name="fault sweep", daemon=True)
        runner.start()
        runner.join(self._limit_s)
        if runner.is_alive():
            return one.stuck(runner, self._limit_s)
        if one.refused is not None:
            raise one.refused
        return self._judged(one)

    def _judged(self, one: _OneRun) -> Outcome:
        error, log, met = one.error, one.log, one.met
        one.error = None  # what its frames hold is let go before anything is counted
        if one.thread_errors:
            words = f"in one of its threads: {one.thread_errors[0]}"
            return Outcome(log=log, met=met, broken=Broken.WRONG_ERROR, message=words)
        if error is not None and not isinstance(error, self._allow):
            broken = Broken.INVARIANT if isinstance(error, AssertionError) else Broken.WRONG_ERROR
            return Outcome(log=log, met=met, broken=broken, message=first_line(error))
        ending = "" if error is None else type(error).__name__
        if self._check is not None:
            try:
                self._check()
            except Exception as wrong:  # noqa: BLE001  # whatever it raises says that it does not hold
                return Outcome(log=log, met=met, broken=Broken.INVARIANT, message=first_line(wrong))
        return Outcome(log=log, met=met, ending=ending)


class _OneRun:
    """One run in a thread of its own, so that it can be given up."""

    def __init__(
        self, body: Callable[[Faults], object], plan: FaultPlan, calls: tuple[str, ...]
    ) -> None:
        self._body = body
        self._plan = plan
        self._calls = calls
        self._faults: Faults | None = None
        self.error: BaseException | None = None
        self.refused: BaseException | None = None
        self.thread_errors: list[str] = []

    @property
    def log(self) -> Any:  # noqa: ANN401  # a tuple of Injected
        return () if self._faults is None else self._faults.log

    @property
    def met(self) -> Any:  # noqa: ANN401  # a mapping
        return {} if self._faults is None else self._faults.met

    def run(self) -> None:
        heard = threading.excepthook
        threading.excepthook = self._hear
        try:
            with self._plan.applied(calls=self._calls) as faults:
                self._faults = faults
                self._attempt(faults)
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            self.refused = error
        finally:
            threading.excepthook = heard

    def _attempt(self, faults: Faults) -> None:
        try:
            self._body(faults)
        except BaseException as error:  # noqa: BLE001  # what it is decides the caller
            self.error = error

    def _hear(self, args: Any) -> None:  # noqa: ANN401  # threading.ExceptHookArgs
        if args.exc_value is not None:
            self.thread_errors.append(first_line(args.exc_value))

    def stuck(self, runner: threading.Thread, limit_s: float) -> Outcome:
        """Say where the run stands, and let all its calls through from now on."""
        frame = sys._current_frames().get(runner.ident or 0)  # noqa: SLF001  # the way to a thread's stack
        stack = "".join(traceback.format_stack(frame)[-6:]) if frame is not None else ""
        log, met = self.log, self.met
        if self._faults is not None:
            self._faults.end()
        message = f"it did not end within {limit_s:g} s; it stands at\n{stack.rstrip()}"
        return Outcome(log=log, met=met, broken=Broken.HANG, message=message)
