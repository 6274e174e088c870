"""Runs of a sweep on real threads: one after the other, each with a limit."""

from __future__ import annotations

import dataclasses
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
        one = _OneRun(self._body, plan, self._calls, self._allow)
        runner = threading.Thread(target=one.run, name="fault sweep", daemon=True)
        heard = threading.excepthook
        threading.excepthook = one.hear
        try:
            runner.start()
            runner.join(self._limit_s)
        finally:
            threading.excepthook = heard  # here: a run that hangs would never put it back
        if runner.is_alive():
            return one.stuck(runner, self._limit_s)
        if one.refused is not None:
            raise one.refused
        return self._judged(one)

    def _judged(self, one: _OneRun) -> Outcome:
        ended = one.outcome
        if ended.broken is not None or self._check is None:
            return ended
        try:
            self._check()
        except Exception as wrong:  # noqa: BLE001  # whatever it raises says that it does not hold
            return dataclasses.replace(
                ended, broken=Broken.INVARIANT, message=first_line(wrong), ending=""
            )
        return ended


class _OneRun:
    """One run in a thread of its own, so that it can be given up."""

    def __init__(
        self,
        body: Callable[[Faults], object],
        plan: FaultPlan,
        calls: tuple[str, ...],
        allow: tuple[type[BaseException], ...],
    ) -> None:
        self._body = body
        self._plan = plan
        self._calls = calls
        self._allow = allow
        self._faults: Faults | None = None
        self._ending = ""
        self._broken: Broken | None = None
        self._message = ""
        self.refused: BaseException | None = None

    @property
    def outcome(self) -> Outcome:
        """What came of it, as words: the error itself would keep its frames, and all they hold."""
        return Outcome(
            log=() if self._faults is None else self._faults.log,
            met={} if self._faults is None else self._faults.met,
            ending=self._ending,
            broken=self._broken,
            message=self._message,
        )

    def run(self) -> None:
        try:
            with self._plan.applied(calls=self._calls) as faults:
                self._faults = faults
                self._attempt(faults)
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            self.refused = error

    def _attempt(self, faults: Faults) -> None:
        try:
            self._body(faults)
        except self._allow as error:
            self._ending = type(error).__name__
        except AssertionError as error:
            self._break(Broken.INVARIANT, first_line(error))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the finding
            self._break(Broken.WRONG_ERROR, first_line(error))

    def _break(self, broken: Broken, message: str) -> None:
        if self._broken is None:  # the first explains; the others mostly follow from it
            self._broken, self._message = broken, message

    def hear(self, args: Any) -> None:  # noqa: ANN401  # threading.ExceptHookArgs
        if args.exc_value is not None:
            words = first_line(args.exc_value)
            self._break(Broken.WRONG_ERROR, f"in one of its threads: {words}")

    def stuck(self, runner: threading.Thread, limit_s: float) -> Outcome:
        """Say where the run stands, and let all its calls through from now on."""
        frame = sys._current_frames().get(runner.ident or 0)  # noqa: SLF001  # the way to a thread's stack
        stack = "".join(traceback.format_stack(frame)[-6:]) if frame is not None else ""
        if self._faults is not None:
            self._faults.end()
        message = f"it did not end within {limit_s:g} s; it stands at\n{stack.rstrip()}"
        return dataclasses.replace(self.outcome, broken=Broken.HANG, message=message, ending="")
