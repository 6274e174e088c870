"""Puts the twins in the standard library's place for a campaign, and takes them out again.

Names are found by identity: every module that bound `threading.Lock` under any name sees the twin
(`from threading import Lock` long before the campaign included). Locks and locals that modules
hold are replaced by twins around them. Everything put in place works as the original outside an
execution, so other threads of the process notice nothing.
"""

from __future__ import annotations

import _thread
import builtins
import functools
import importlib._bootstrap as bootstrap
import logging
import os
import queue
import select
import socket
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.primitives import asyncio_loop, clock, real, simple_queue, thread, uncontrolled
from harness.primitives.condition import Condition
from harness.primitives.event import Event
from harness.primitives.local import Local, adopt_local
from harness.primitives.lock import Lock, RLock, adopt
from harness.primitives.semaphore import BoundedSemaphore, Semaphore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Their own locks must stay real: they run under every import, every switch, every report.
_UNTOUCHED: Final = (
    "harness",
    "greenlet",
    "_thread",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "faulthandler",
    "coverage",
    "pydevd",
    "_pydevd_bundle",
    "__holdfast__",
)
_SOCKET_RECEIVING: Final = ("accept", "recv", "recv_into", "recvfrom", "recvmsg", "connect")
_SOCKET_SENDING: Final = ("send", "sendall", "sendto", "sendmsg")
_ABSENT: Final = object()


def twin_table() -> dict[int, Any]:
    """Return what stands for what: the identity of an original to its twin."""
    pairs: list[tuple[Any, Any]] = [
        (threading.Lock, Lock),
        (_thread.allocate_lock, Lock),
        (threading.RLock, RLock),
        (threading.Condition, Condition),
        (threading.Event, Event),
        (threading.Semaphore, Semaphore),
        (threading.BoundedSemaphore, BoundedSemaphore),
        (threading.local, Local),
        (real.get_ident, thread.get_ident),
        (real.get_native_id, thread.get_native_id),
        (real.current_thread, thread.current_thread),
        (real.enumerate_threads, thread.enumerate_threads),
        (real.active_count, thread.active_count),
        (real.start_new_thread, thread.start_new_thread),
        (real.SimpleQueue, simple_queue.SimpleQueue),
        (real.sleep, clock.sleep),
        (real.monotonic, clock.monotonic),
        (real.monotonic_ns, clock.monotonic_ns),
        (real.perf_counter, clock.perf_counter),
        (real.perf_counter_ns, clock.perf_counter_ns),
        (real.process_time, clock.process_time),
        (real.process_time_ns, clock.process_time_ns),
        (real.thread_time, clock.thread_time),
        (real.thread_time_ns, clock.thread_time_ns),
        (real.wall_time, clock.wall_time),
        (real.wall_time_ns, clock.wall_time_ns),
        *_refused(),
    ]
    return {id(original): twin for original, twin in pairs}


def _refused() -> Iterator[tuple[Any, Any]]:
    """Yield what starts processes or waits outside the engine's sight."""
    starters = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "wait", "waitpid")
    for name in starters:
        original = getattr(os, name, None)
        if original is not None:
            yield (
                original,
                _REFUSALS.setdefault(
                    name, uncontrolled.refusing(original, f"os.{name}", uncontrolled.PROCESS_REMEDY)
                ),
            )
    fork_exec = getattr(sys.modules.get("_posixsubprocess"), "fork_exec", None)
    if fork_exec is not None:
        yield (
            fork_exec,
            _REFUSALS.setdefault(
                "fork_exec",
                uncontrolled.refusing(fork_exec, "starting a process", uncontrolled.PROCESS_REMEDY),
            ),
        )
    yield (
        builtins.input,
        _REFUSALS.setdefault(
            "input", uncontrolled.refusing(builtins.input, "input()", uncontrolled.IO_REMEDY)
        ),
    )
    yield os.read, _REFUSALS.setdefault("read", uncontrolled.reading(os.read, "os.read"))
    yield select.select, _REFUSALS.setdefault("select", uncontrolled.selecting(select.select))


_REFUSALS: Final[dict[str, Any]] = {}
_TABLE: Final = twin_table()  # made before anything is patched
_IMPORT_NAMES: Final = tuple(
    (module, name, _TABLE[id(value)])
    for module in (threading, queue, time)
    for name, value in list(vars(module).items())
    if id(value) in _TABLE and not name.startswith("_")
)
_TWIN_TYPES: Final = {real.LockType: adopt, real.RLockType: adopt, real.LocalType: adopt_local}


class Patches:
    """The changes of one campaign, undone in reverse. One at a time in a process."""

    __slots__ = ("_interactive", "_undo")

    def __init__(self, *, interactive: bool = False) -> None:
        self._interactive = interactive  # a replay, where breakpoint() opens the debugger
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Patches:  # noqa: PYI034  # final in effect
        try:
            self._patch_modules()
            self._patch_classes()
            self._patch_regions()
        except BaseException:
            self.undo()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.undo()

    def undo(self) -> None:
        """Put every original back."""
        while self._undo:
            self._undo.pop()()

    def _patch_modules(self) -> None:
        for name, module in list(sys.modules.items()):
            if type(module) is ModuleType and not name.startswith(_UNTOUCHED):
                self._patch_namespace(vars(module))

    def _patch_namespace(self, namespace: dict[str, Any]) -> None:
        table = _TABLE
        twins = _TWIN_TYPES
        for name, value in list(namespace.items()):
            twin = table.get(id(value), _ABSENT)
            if twin is _ABSENT:
                make = twins.get(type(value))
                if make is None:
                    continue
                twin = make(value)
            namespace[name] = twin
            self._undo.append(functools.partial(_restore_name, namespace, name, twin, value))

    def _set(self, owner: Any, name: str, value: Any) -> None:  # noqa: ANN401  # classes and modules
        before = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)
        self._undo.append(functools.partial(_restore_attribute, owner, name, before))

    def _patch_classes(self) -> None:
        cls = threading.Thread
        self._set(cls, "__init__", thread.init)
        self._set(cls, "start", thread.start)
        self._set(cls, "join", thread.join)
        self._set(cls, "is_alive", thread.is_alive)
        for name in _SOCKET_RECEIVING:
            original = getattr(socket.socket, name, None)
            if original is not None:
                self._set(socket.socket, name, uncontrolled.receiving(original, name))
        for name in _SOCKET_SENDING:
            original = getattr(socket.socket, name, None)
            if original is not None:
                self._set(socket.socket, name, uncontrolled.sending(original))
        for selector in asyncio_loop.selector_classes():
            original = vars(selector)["select"]
            self._set(selector, "select", asyncio_loop.controlled_select(original))
        events = sys.modules.get("asyncio.events")
        if events is not None:
            self._set(events, "_set_running_loop", asyncio_loop.set_running_loop)

    def _patch_regions(self) -> None:
        self._set(bootstrap, "_find_and_load", _as_region(_import_reason, bootstrap._find_and_load))  # type: ignore[attr-defined]  # noqa: SLF001  # every import ends there
        self._set(logging.Handler, "handle", _as_region(_log_reason, logging.Handler.handle))
        show = getattr(warnings, "_showwarnmsg", None)
        if show is not None:
            self._set(warnings, "_showwarnmsg", _as_region(_warning_reason, show))
        if sys.version_info < (3, 12):
            self._set(
                functools.cached_property, "__get__", _adopting(functools.cached_property.__get__)
            )
        if not self._interactive:
            self._set(sys, "breakpointhook", uncontrolled.breakpoint_hook)


def _restore_name(namespace: dict[str, Any], name: str, twin: object, value: object) -> None:
    if namespace.get(name) is twin:  # the user may have bound it anew
        namespace[name] = value


def _restore_attribute(owner: Any, name: str, before: object) -> None:  # noqa: ANN401  # classes and modules
    if before is _ABSENT:
        delattr(owner, name)
    else:
        setattr(owner, name, before)


def _as_region(reason: Callable[..., str], original: Callable[..., Any]) -> Callable[..., Any]:
    """Return `original` run as one step inside an execution."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        execution = board.current()
        if execution is None:
            return original(*args, **kwargs)
        with execution.region(reason(*args)):
            return original(*args, **kwargs)

    return call


def _import_reason(name: str, *_: object) -> str:
    return f"the import of {name}"


def _log_reason(handler: logging.Handler, *_: object) -> str:
    return f"logging through {type(handler).__name__}"


def _warning_reason(*_: object) -> str:
    return "the report of a warning"


def _adopting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return 3.11's `cached_property.__get__` whose lock excludes tasks, too."""

    def get(self: Any, instance: object, owner: type | None = None) -> Any:  # noqa: ANN401  # the original's own
        if type(self.lock) is real.RLockType:
            self.lock = adopt(self.lock)
        return original(self, instance, owner)

    return get


@contextmanager
def import_patches() -> Iterator[None]:
    """Let a module that is imported now bind twins: its locks then serve executions, too."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _IMPORT_NAMES]
    for module, name, twin in _IMPORT_NAMES:
        setattr(module, name, twin)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
