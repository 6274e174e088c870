"""Controlled threads.

`threading.Thread` is subclassed everywhere, long before an execution starts, so there is no twin
class: during a campaign the methods below stand in the real class. Outside an execution each of
them calls the original.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.place import caller_site
from harness.engine.task import TaskKilled
from harness.errors import HarnessError, UncontrolledError
from harness.primitives import real
from harness.primitives.deadline import deadline_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.engine.execution import Execution
    from harness.engine.task import Task

real_init = threading.Thread.__init__
real_start = threading.Thread.start
real_join = threading.Thread.join
real_is_alive = threading.Thread.is_alive
real_repr = threading.Thread.__repr__


class Started:
    """The flag behind `Thread._started`, which the class's own properties read."""

    __slots__ = ("flag",)

    def __init__(self) -> None:
        self.flag = False

    def is_set(self) -> bool:
        """Say whether the thread was started."""
        return self.flag

    def set(self) -> None:
        """Note that the thread was started."""
        self.flag = True


class _Over:
    """The handle (3.13) of a thread that is a task: after the campaign it has ended."""

    __slots__ = ()

    def is_done(self) -> bool:
        """Say that the thread has ended."""
        return True

    def join(self, timeout: float | None = None) -> None:
        """Return at once."""


_OVER: Final = _Over()


def init(  # noqa: PLR0913, PLR0917  # the standard library's own signature
    self: Any,  # noqa: ANN401  # a Thread with private attributes
    group: None = None,
    target: Callable[..., object] | None = None,
    name: str | None = None,
    args: Any = (),  # noqa: ANN401  # any iterable
    kwargs: Mapping[str, Any] | None = None,
    *,
    daemon: bool | None = None,
    **more: Any,  # noqa: ANN401  # `context` from 3.14 on
) -> None:
    """Stand in for `Thread.__init__`: the same attributes, without real locks."""
    execution = board.current()
    if execution is None or more:
        real_init(self, group, target, name, args, kwargs, daemon=daemon, **more)
        return
    if group is not None:
        raise AssertionError("group argument must be None for now")
    self._target = target
    self._name = str(name) if name else _default_name(execution, target)
    self._args = args
    self._kwargs = {} if kwargs is None else kwargs
    self._daemonic = execution.current.carrier.daemon if daemon is None else daemon
    self._ident = None
    self._native_id = None
    self._tstate_lock = None
    self._handle = _OVER
    self._started = Started()
    self._is_stopped = True  # what the original methods see after the campaign
    self._initialized = True
    self._stderr = None
    self._task = None


def _default_name(execution: Execution, target: Callable[..., object] | None) -> str:
    """Name a thread as the standard library does, but the same in every execution."""
    execution.threads_made += 1
    number = execution.threads_made
    if target is None:
        return f"Thread-{number}"
    return f"Thread-{number} ({getattr(target, '__name__', 'target')})"


def start(self: Any) -> None:  # noqa: ANN401  # a Thread with private attributes
    """Stand in for `Thread.start`."""
    execution = board.current()
    if execution is None:
        real_start(self)
        return
    if not getattr(self, "_initialized", False):
        raise RuntimeError("thread.__init__() not called")
    if self._started.is_set() or self.__dict__.get("_task") is not None:
        raise RuntimeError("threads can only be started once")
    task = execution.spawn(self.run, self._name)
    if self._daemonic:
        execution.make_daemon(task)
    task.thread = self
    self._task = task
    self._ident = task.ident
    self._native_id = task.ident
    if not isinstance(self._started, Started):  # made before the campaign
        self._started = Started()
    self._started.flag = True
    if execution.recorder is not None:  # it has started now, whoever goes on after the point
        execution.recorder.note(execution.current, "start", task)
    execution.step("started", task)


def join(self: Any, timeout: float | None = None) -> None:  # noqa: ANN401  # as above
    """Stand in for `Thread.join`."""
    execution = board.current()
    task: Task | None = self.__dict__.get("_task")
    if execution is None:
        if task is None:
            real_join(self, timeout)
        return  # a task of an execution that is over
    if task is None or execution.tasks[task.id : task.id + 1] != [task]:
        _join_uncontrolled(execution, self, timeout)
        return
    if task is execution.current.carrier:
        raise RuntimeError("cannot join current thread")
    if task.finished:
        execution.step("join", task)
        return
    if timeout is not None and timeout <= 0:
        execution.step("is_alive", task)
        return
    if task.joiners is None:
        task.joiners = []
    me = execution.current
    task.joiners.append(me)
    in_time = execution.block(task, deadline_ns(execution, timeout), label="join")
    if not in_time and me in task.joiners:
        task.joiners.remove(me)


def _join_uncontrolled(execution: Execution, thread: Any, timeout: float | None) -> None:  # noqa: ANN401  # as above
    if not getattr(thread, "_initialized", False):
        raise RuntimeError("Thread.__init__() not called")
    if not thread._started.is_set():  # noqa: SLF001  # as the original does
        raise RuntimeError("cannot join thread before it is started")
    if thread is current_thread():
        raise RuntimeError("cannot join current thread")
    if not real_is_alive(thread) or (timeout is not None and timeout <= 0):
        return
    execution.refuse(
        UncontrolledError(
            f"join of the real thread {thread.name!r}, started outside the body",
            caller_site(None).text(),
            "Start the thread inside the body, so that the engine runs it.",
        )
    )


def is_alive(self: Any) -> bool:  # noqa: ANN401  # as above
    """Stand in for `Thread.is_alive`."""
    task: Task | None = self.__dict__.get("_task")
    execution = board.current()
    if execution is None:
        return False if task is not None else real_is_alive(self)
    if task is None:
        if self._started.is_set() and not isinstance(self._started, Started):
            return real_is_alive(self)
        return False
    execution.step("is_alive", task)
    return not task.finished


def represent(self: Any) -> str:  # noqa: ANN401  # as above
    """Stand in for `Thread.__repr__`, which asks a real thread how it is."""
    if not isinstance(self.__dict__.get("_started"), Started):
        return real_repr(self)
    task: Task | None = self.__dict__.get("_task")
    status = "initial" if task is None else "stopped" if task.finished else "started"
    daemon = " daemon" if self._daemonic else ""
    ident = "" if self._ident is None else f" {self._ident}"
    return f"<{type(self).__name__}({self._name}, {status}{daemon}{ident})>"


METHODS: Final = {
    "__init__": init,
    "start": start,
    "join": join,
    "is_alive": is_alive,
    "__repr__": represent,
}


def quiet_hook(original: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return `sys.unraisablehook` that keeps quiet about what explore raises itself.

    In a finaliser nobody else would see it: a task that is told to end, a wait that is refused.
    """

    def hook(unraisable: Any) -> None:  # noqa: ANN401  # sys.UnraisableHookArgs
        if not isinstance(unraisable.exc_value, TaskKilled | HarnessError):
            original(unraisable)

    return hook


def call_user_excepthook(task: Task, error: BaseException) -> bool:
    """Hand an error to the user's `threading.excepthook`; False if there is none."""
    hook = threading.excepthook
    plain = inspect.unwrap(hook)  # who only takes notes around another one is not the user's
    if plain is threading.__excepthook__:
        return False
    plain = getattr(plain, "func", plain)  # pytest's is a functools.partial
    if getattr(plain, "__module__", "").startswith("_pytest"):
        return False  # pytest's collector of unhandled thread exceptions, not the user's
    arguments = (type(error), error, error.__traceback__, task.thread)
    hook(threading.ExceptHookArgs(arguments))
    return True


def start_new_thread(
    function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
) -> int:
    """Stand in for `_thread.start_new_thread`."""
    execution = board.current()
    if execution is None:
        return real.start_new_thread(function, args, dict(kwargs or {}))
    if not callable(function):
        raise TypeError("first arg must be callable")

    def entry() -> None:
        with contextlib.suppress(SystemExit):
            function(*args, **(kwargs or {}))

    task = execution.spawn(entry, f"Thread-{len(execution.tasks)} (low level)")
    execution.make_daemon(task)
    if execution.recorder is not None:  # before it can begin, as in `start`
        execution.recorder.note(execution.current, "start", task)
    execution.step("started", task)
    return task.ident


def get_ident() -> int:
    """Stand in for `threading.get_ident`."""
    execution = board.current()
    if execution is None or not execution.current.carrier.id:
        return real.get_ident()
    return execution.current.ident


def get_native_id() -> int:
    """Stand in for `threading.get_native_id`."""
    execution = board.current()
    if execution is None or not execution.current.carrier.id:
        return real.get_native_id()
    return execution.current.ident


def current_thread() -> threading.Thread:
    """Stand in for `threading.current_thread`."""
    execution = board.current()
    if execution is None:
        return real.current_thread()
    task = execution.current.carrier
    if task.thread is None:
        task.thread = real.current_thread() if not task.id else _dummy_thread(task)
    return task.thread


def _dummy_thread(task: Task) -> threading.Thread:
    """Make the object that `current_thread` shows in a thread of `start_new_thread`."""
    thread: Any = threading.Thread.__new__(threading.Thread)
    init(thread, name=f"Dummy-{task.id}", daemon=True)
    thread._task = task  # noqa: SLF001  # the attribute is ours
    thread._ident = task.ident  # noqa: SLF001  # as the original does
    thread._started.set()  # noqa: SLF001  # as the original does
    made: threading.Thread = thread
    return made


def enumerate_threads() -> list[threading.Thread]:
    """Stand in for `threading.enumerate`: the threads of the execution."""
    execution = board.current()
    if execution is None:
        return real.enumerate_threads()
    execution.step("enumerate", None)
    alive = [task for task in execution.tasks if not task.finished]
    named = [task.thread for task in alive if task.thread is not None and task.id]
    return [real.current_thread(), *named]


def active_count() -> int:
    """Stand in for `threading.active_count`."""
    return real.active_count() if board.current() is None else len(enumerate_threads())
