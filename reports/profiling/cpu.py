"""CPU by function, exact for threads: each one's own clock is read at each Python call.

Goal: of several threads that take turns, each function gets the processor time that it used, and a
thread that waits gets none.

What does not work. Looking at all stacks from a thread of one's own: it gets its turn where another
thread gives the GIL up, which is where that one begins to wait, so a worker that computes for 2 ms
between two waits is seen waiting. Ticks of processor time (`ITIMER_PROF`): Python runs the handler
in the main thread alone, which may sleep in a `join`; and writing the stack inside the handler, as
`faulthandler` can, crashed within a minute on 3.11, 3.12 and 3.13, when a tick came while a frame
was half made. Wall time: it counts whoever waits.

What does. At each beginning and end of a Python function the thread's processor clock tells what
was spent since its last such event, and the frame tells by whom: by the caller, if a function
begins, else by the function that ends. No stack of our own is kept, so that greenlets, generators
and exceptions cannot confuse one. What reading the clock costs is measured first and taken off.
C functions count as part of the Python function that calls them.

`sys.monitoring` brings the events on 3.12 and later, `sys.setprofile` on 3.11.
"""

from __future__ import annotations

import sys
import threading
import time
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from reports.profiling.frames import is_library, is_ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_CALIBRATION_CALLS: Final = 20_000  # 20 ms; the cost of an event is then known to some percent
_CLOCK: Final = time.thread_time_ns
_TOOL_NAME: Final = "holdfast profile"
_Key = tuple[CodeType, CodeType | None]  # who is charged, and the library function it had called


class _Account:
    """What one thread has spent. Belongs to that thread."""

    __slots__ = ("calls", "last_ns", "small_events", "spent_ns")

    def __init__(self, last_ns: int) -> None:
        self.last_ns = last_ns
        self.small_events = 0  # calls of C functions since, which 3.11 tells of, too
        self.spent_ns: dict[_Key, float] = {}
        self.calls: dict[CodeType, int] = {}


class CpuMeter:
    """Charges processor time to functions while it runs. Start and stop it in one thread."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._accounts: list[_Account] = []
        self._whose: dict[CodeType, int] = {}
        self._before: frozenset[int] = frozenset()
        self._hook = _hook(self)
        self._event_ns = 0.0
        self._small_event_ns = 0.0
        self._calibrate()

    def start(self) -> None:
        """Charge from now on, in this thread and in those that it starts."""
        self._before = frozenset(sys._current_frames())  # noqa: SLF001  # documented
        self._hook.install()
        self._account().last_ns = _CLOCK()

    def stop(self) -> None:
        """Charge no more; what was spent since the last event belongs to nobody."""
        self._hook.remove()

    def charges(self) -> dict[_Key, float]:
        """Return the seconds of each function, and of the library functions that it called."""
        total: dict[_Key, float] = {}
        for account in tuple(self._accounts):
            for key, spent_ns in tuple(account.spent_ns.items()):
                total[key] = total.get(key, 0.0) + spent_ns / 1e9
        return total

    def calls(self) -> dict[CodeType, int]:
        """Return how often each function began."""
        total: dict[CodeType, int] = {}
        for account in tuple(self._accounts):
            for code, times in tuple(account.calls.items()):
                total[code] = total.get(code, 0) + times
        return total

    # events

    def began(self, frame: FrameType) -> None:
        """Charge the caller of a function that begins, or goes on after a yield."""
        now = _CLOCK()
        account = self._account()
        if frame.f_back is not None:
            self._charge(account, frame.f_back, now)
        code = frame.f_code
        account.calls[code] = account.calls.get(code, 0) + 1
        account.last_ns = _CLOCK()

    def ended(self, frame: FrameType) -> None:
        """Charge a function that returns, yields or raises."""
        now = _CLOCK()
        account = self._account()
        self._charge(account, frame, now)
        account.last_ns = _CLOCK()

    def met_c_function(self) -> None:
        """Count an event that charges nobody, so that its cost can be taken off."""
        self._account().small_events += 1

    def _account(self) -> _Account:
        try:
            account: _Account = self._local.account
        except AttributeError:
            # The clock of a new thread began at 0; what an older one did before is not ours.
            old = threading.get_ident() in self._before
            account = self._local.account = _Account(_CLOCK() if old else 0)
            self._accounts.append(account)
        return account

    def _charge(self, account: _Account, frame: FrameType, now_ns: int) -> None:
        spent = now_ns - account.last_ns - self._event_ns
        if account.small_events:
            spent -= account.small_events * self._small_event_ns
            account.small_events = 0
        if spent > 0:
            key = self._key(frame)
            account.spent_ns[key] = account.spent_ns.get(key, 0.0) + spent

    def _key(self, frame: FrameType) -> _Key:
        """Return the nearest function of the user's, and the library function it had called."""
        code, called = frame.f_code, None
        first = code
        at: FrameType | None = frame
        while at is not None:
            code = at.f_code
            whose = self._whose.get(code)
            if whose is None:
                whose = self._whose[code] = _whose(code.co_filename)
            if whose == _USER:
                return (code, called)
            if whose == _OURS and called is not None:
                break
            if whose == _OURS:
                return (code, None)
            called = code
            at = at.f_back
        return (first if called is None else called, None)  # a thread of the library's own

    # what an event costs

    def _calibrate(self) -> None:
        """Measure what an event adds to the time between two clocks, and a C function's event."""
        for work, attribute in ((_empty_calls, "_event_ns"), (_c_calls, "_small_event_ns")):
            costs = [self._cost_of(work) for _ in range(3)]
            setattr(self, attribute, max(0.0, sorted(costs)[1]))
        self._forget()

    def _cost_of(self, work: Callable[[], int]) -> float:
        start = _CLOCK()
        work()
        plain_ns = _CLOCK() - start
        self._forget()
        self.start()
        events = work()
        self.stop()
        charged_ns = 1e9 * sum(self.charges().values())
        return (charged_ns - plain_ns) / events

    def _forget(self) -> None:
        self._accounts.clear()
        self._local = threading.local()


def _empty() -> None:
    pass


def _empty_calls() -> int:
    for _ in range(_CALIBRATION_CALLS):
        _empty()
    return 2 * _CALIBRATION_CALLS


def _c_calls() -> int:
    values: list[int] = []
    for _ in range(_CALIBRATION_CALLS):
        values.count(0)
    return 2 * _CALIBRATION_CALLS


_USER, _LIBRARY, _OURS = range(3)


def _whose(file: str) -> int:
    if is_ours(file):
        return _OURS
    return _LIBRARY if is_library(file) else _USER


class _ProfileHook:
    """Events of `sys.setprofile`: this thread's, and those of threads that begin later."""

    def __init__(self, meter: CpuMeter) -> None:
        self._meter = meter

    def install(self) -> None:
        threading.setprofile(self._event)
        sys.setprofile(self._event)

    def remove(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)  # None is what takes it away

    def _event(self, frame: FrameType, event: str, argument: object) -> None:
        del argument  # a returned value, which may be a secret
        if event == "call":
            self._meter.began(frame)
        elif event == "return":
            self._meter.ended(frame)
        else:
            self._meter.met_c_function()


class _MonitoringHook:
    """Events of `sys.monitoring`: of all threads, and of Python functions alone."""

    def __init__(self, meter: CpuMeter) -> None:
        self._meter = meter
        self._tool = -1

    def install(self) -> None:
        monitoring = _monitoring()
        self._tool = _free_tool(monitoring)
        monitoring.use_tool_id(self._tool, _TOOL_NAME)
        events = monitoring.events
        began, ended = self._began, self._ended
        hooks = {
            events.PY_START: began,
            events.PY_RESUME: began,
            events.PY_THROW: began,
            events.PY_RETURN: ended,
            events.PY_YIELD: ended,
            events.PY_UNWIND: ended,
        }
        wanted = 0
        for event, hook in hooks.items():
            monitoring.register_callback(self._tool, event, hook)
            wanted |= event
        monitoring.set_events(self._tool, wanted)

    def remove(self) -> None:
        monitoring = _monitoring()
        monitoring.set_events(self._tool, 0)
        monitoring.free_tool_id(self._tool)

    def _began(self, *_: object) -> None:
        self._meter.began(sys._getframe(1))  # noqa: SLF001  # documented

    def _ended(self, *_: object) -> None:
        self._meter.ended(sys._getframe(1))  # noqa: SLF001  # documented


def _monitoring() -> Any:  # noqa: ANN401  # not in the oldest Python's types
    return sys.monitoring  # type: ignore[attr-defined, unused-ignore]  # since 3.12


def _free_tool(monitoring: Any) -> int:  # noqa: ANN401  # as above
    for tool in (monitoring.PROFILER_ID, 3, 4):
        if monitoring.get_tool(tool) is None:
            return int(tool)
    raise RuntimeError("every tool of sys.monitoring is taken, so CPU cannot be profiled")


def _hook(meter: CpuMeter) -> _ProfileHook | _MonitoringHook:
    return _MonitoringHook(meter) if hasattr(sys, "monitoring") else _ProfileHook(meter)
