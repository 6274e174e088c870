"""Puts the twins in the standard library's place for a campaign, and takes them out again.

Names are found by identity: every module that bound `threading.Lock` under any name sees the twin
(`from threading import Lock` long before the campaign included). Locks and locals that modules
hold are replaced by twins around them. Everything put in place works as the original outside an
execution, so other threads of the process notice nothing.
"""

from __future__ import annotations

import _thread
import functools
import importlib._bootstrap as bootstrap
import logging
import random
import socket
import sys
import threading
import warnings
import weakref
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.primitives import (
    asyncio_loop,
    chance,
    executor,
    local,
    real,
    thread,
    uncontrolled,
    uncontrolled_waits,
)
from harness.primitives.adoption import REPLACED, Adoption, meeting_places
from harness.primitives.reach import Walk, is_library, is_untouched
from harness.primitives.twin_table import IMPORT_NAMES, twin_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SOCKET_RECEIVING: Final = ("accept", "recv", "recv_into", "recvfrom", "recvmsg", "connect")
_SOCKET_SENDING: Final = ("send", "sendall", "sendto", "sendmsg")
_LOW_LEVEL: Final = ("start_new_thread", "start_new", "allocate_lock", "allocate", "get_ident")
_ABSENT: Final = object()
# Where a library's module binds what has a twin: names of the module and of its classes. Looked up
# again only when the module has got more or fewer names; the user's own modules always are.
_library_places: dict[int, tuple[ModuleType, int, list[tuple[Any, str]]]] = {}


class Patches:
    """The changes of one campaign, undone in reverse. One at a time in a process."""

    __slots__ = ("_interactive", "_undo", "adoption")

    def __init__(self, *, interactive: bool = False) -> None:
        self._interactive = interactive  # a replay, where breakpoint() opens the debugger
        self._undo: list[Callable[[], None]] = []
        self.adoption = Adoption(self._undo)

    def apply(self, body: Callable[[], object] | None = None) -> None:
        """Put everything in place; what `body` reaches included."""
        try:
            self._patch_modules(body)
            self._patch_classes()
            self._patch_regions()
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """Put every original back."""
        while self._undo:
            self._undo.pop()()
        self.adoption.forget()

    # -- names -----------------------------------------------------------------------------------

    def _patch_modules(self, body: Callable[[], object] | None) -> None:
        table = twin_table()
        if self._interactive:
            table = {key: twin for key, twin in table.items() if key != id(input)}  # the debugger's
        roots: list[Any] = [body]
        for name, module in list(sys.modules.items()):
            if not issubclass(type(module), ModuleType) or is_untouched(name):
                continue
            library = is_library(module)
            places = _places_of(module, table) if library else _find_places(module, table)
            for owner, key in places:
                self._put_twin(owner, key, table)
            if not library:
                roots += [value for value in list(vars(module).values()) if _is_root(value)]
        for key in _LOW_LEVEL:
            self._put_twin(_thread, key, table)
        Walk(self.adoption, self._undo).over(roots)

    def _put_twin(self, owner: Any, name: str, table: dict[int, Any]) -> None:  # noqa: ANN401  # a module or class
        value = vars(owner).get(name, _ABSENT)
        twin = table.get(id(value), _ABSENT)
        if twin is _ABSENT:
            if type(value) not in REPLACED:
                return  # bound anew since it was found
            twin = self.adoption.twin_of(value)
        if isinstance(owner, type):
            self._set(owner, name, twin)
            return
        namespace = vars(owner)
        namespace[name] = twin
        self._undo.append(functools.partial(_restore_name, namespace, name, twin, value))

    def _set(self, owner: Any, name: str, value: Any) -> None:  # noqa: ANN401  # classes and modules
        before = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)
        self._undo.append(functools.partial(_restore_attribute, owner, name, before))

    # -- classes ---------------------------------------------------------------------------------

    def _patch_classes(self) -> None:
        for name, stand_in in thread.METHODS.items():
            self._set(threading.Thread, name, stand_in)
        for cls, name, method in meeting_places(self.adoption):
            self._set(cls, name, method)
        for cls in local.local_classes():
            if not is_untouched(cls.__module__):
                self._set(cls, "__getattribute__", local.getattribute)
                self._set(cls, "__setattr__", local.setattribute)
                self._set(cls, "__delattr__", local.delattribute)
        for owner, name, stand_in in executor.stand_ins():
            self._set(owner, name, stand_in)
        self._set(random.Random, "seed", chance.seeding(random.Random.seed))
        self._patch_transport()

    def _patch_transport(self) -> None:
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
        connections = sys.modules.get("multiprocessing.connection")
        connection = getattr(connections, "Connection", None)
        if connection is not None and "_recv" in vars(connection):
            receive = uncontrolled_waits.receiving_connection(vars(connection)["_recv"])
            self._set(connection, "_recv", receive)
        events = sys.modules.get("asyncio.events")
        if events is not None:
            self._set(events, "_set_running_loop", asyncio_loop.set_running_loop)
            self._patch_event_loops()

    def _patch_event_loops(self) -> None:
        from asyncio import base_events  # noqa: PLC0415  # it is loaded already, or nobody needs it

        from harness.primitives import coroutine_turns  # noqa: PLC0415  # it needs asyncio

        loop: Any = base_events.BaseEventLoop
        run_once = coroutine_turns.controlled_run_once(loop._run_once)  # noqa: SLF001  # no other way
        self._set(loop, "_run_once", run_once)
        handler = coroutine_turns.controlled_exception_handler(loop.call_exception_handler)
        self._set(loop, "call_exception_handler", handler)
        create = coroutine_turns.controlled_create_task(loop.create_task)
        self._set(loop, "create_task", create)
        tasks: Any = sys.modules["asyncio.tasks"]
        ordered = coroutine_turns.ordered_tasks(tasks.all_tasks)
        for module in (tasks, sys.modules["asyncio"]):
            self._set(module, "all_tasks", ordered)

    # -- regions and hooks -----------------------------------------------------------------------

    def _patch_regions(self) -> None:
        # The import system keeps its real locks: every import is one step.
        self._set(bootstrap, "_thread", SimpleNamespace(**_low_level_originals()))
        find = bootstrap._find_and_load  # type: ignore[attr-defined]  # noqa: SLF001  # every import ends there
        self._set(bootstrap, "_find_and_load", _as_region(_import_reason, find))
        self._set(logging.Handler, "handle", _as_region(_log_reason, logging.Handler.handle))
        finalize: Any = weakref.finalize
        call = finalize.__call__
        self._set(finalize, "__call__", _as_region(_finalizer_reason, call))
        show = getattr(warnings, "_showwarnmsg", None)
        if show is not None:
            self._set(warnings, "_showwarnmsg", _as_region(_warning_reason, show))
        if sys.version_info < (3, 12):
            self._set(functools.cached_property, "__get__", self._adopting_cached_property())
        if not self._interactive:
            self._set(sys, "breakpointhook", uncontrolled.breakpoint_hook)
        self._set(sys, "unraisablehook", thread.quiet_hook(sys.unraisablehook))

    def _adopting_cached_property(self) -> Callable[..., Any]:
        """Return 3.11's `cached_property.__get__` whose lock excludes tasks, too."""
        original = functools.cached_property.__get__
        adoption = self.adoption

        def get(self: Any, instance: object, owner: type | None = None) -> Any:  # noqa: ANN401  # the original's own
            if type(self.lock) is real.RLockType and board.current() is not None:
                adoption.replace(vars(self), "lock", adoption.twin_of(self.lock))
            return original(self, instance, owner)

        return get


def _places_of(module: ModuleType, table: dict[int, Any]) -> list[tuple[Any, str]]:
    """Return the places of a library's module, from memory where it has not changed."""
    known = _library_places.get(id(module))
    size = len(vars(module))
    if known is None or known[0] is not module or known[1] != size:
        known = _library_places[id(module)] = (module, size, _find_places(module, table))
    return known[2]


def _find_places(module: ModuleType, table: dict[int, Any]) -> list[tuple[Any, str]]:
    """Return where a module and its classes bind what has a twin."""
    places: list[tuple[Any, str]] = []
    for name, value in list(vars(module).items()):
        if id(value) in table or type(value) in REPLACED:
            places.append((module, name))
        elif isinstance(value, type) and value.__module__ == module.__name__:
            places += [(value, key) for key, held in vars(value).items() if type(held) in REPLACED]
    return places


def _is_root(value: Any) -> bool:  # noqa: ANN401  # any value of a user's module
    """Say whether a walk starts at a module's value: functions count only with a closure."""
    closure = getattr(value, "__closure__", _ABSENT) if callable(value) else _ABSENT
    return closure is not None and not isinstance(value, type | ModuleType)


def _low_level_originals() -> dict[str, Any]:
    originals = dict(vars(_thread))
    originals["allocate_lock"] = originals["allocate"] = real.allocate_lock
    originals["get_ident"] = real.get_ident
    return originals


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


def _finalizer_reason(finalizer: Any, *_: object) -> str:  # noqa: ANN401  # a weakref.finalize
    info = type(finalizer)._registry.get(finalizer)  # noqa: SLF001  # peek() is None by now
    return f"the finaliser {getattr(getattr(info, 'func', None), '__qualname__', 'of an object')}"


def _warning_reason(*_: object) -> str:
    return "the report of a warning"


@contextmanager
def import_patches() -> Iterator[None]:
    """Let a module that is imported now bind twins: its locks then serve executions, too."""
    before = [(module, name, getattr(module, name)) for module, name, _ in IMPORT_NAMES]
    for module, name, twin in IMPORT_NAMES:
        setattr(module, name, twin)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
