"""Watches an exhaustive search for accesses that the engine cannot see into.

A call of code that is not instrumented, on an object that two tasks share, is one step here and
several in reality. A search that met one is never called exhausted.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.engine.numbering import hold
from harness.engine.place import caller_site
from harness.engine.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.execution import Execution
    from harness.engine.task import Task

ANY = -1
MAX_SHOWN = 3  # places that one line of evidence names


class OpaqueWatch(Recorder):
    """A recorder that keeps no events: only who touched what, and the opaque calls."""

    keeps_events = False
    __slots__ = ("_calls", "_seen", "met")

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[int, tuple[int, Callable[[], object]]] = {}
        self._calls: list[tuple[int, str]] = []
        self.met: set[str] = set()

    def attach(self, execution: Execution) -> None:
        """Start with the next execution."""
        super().attach(execution)
        self.finish()
        self._seen.clear()

    def reach(
        self, task: Task | None, kind: int | str = "", obj: object = None, key: object = None
    ) -> None:
        """Keep nothing."""

    def decision(self, task: Task | None, label: object) -> None:
        """Keep nothing."""

    def passed(self, task: Task) -> None:
        """Keep nothing."""

    def operation(self, task: Task, label: str, obj: object) -> None:
        """Keep nothing."""

    def note(self, task: Task, label: str, obj: object) -> None:  # noqa: ARG002  # as the base
        """Note a task that begins in code whose accesses nobody sees."""
        if label == "begin":
            self._note_plain(_function_of(task), f"runs in {task.name}")

    def submitted(self, function: object) -> None:
        """Note a function given to an executor whose accesses nobody sees."""
        self._note_plain(function, "runs in an executor")

    def _note_plain(self, function: object, words: str) -> None:
        plain = _plain(function)
        if plain is not None:
            code = plain.__code__
            site = f"{Path(code.co_filename).name}:{code.co_firstlineno}"
            self.met.add(f"{words} ({plain.__qualname__} at {site})")

    def settle(self) -> None:
        """Keep nothing."""

    def end(self, tasks: Sequence[Task]) -> None:
        """Keep nothing."""

    def access(self, task: Task, kind: int, obj: object, key: object) -> None:  # noqa: ARG002  # as the base
        """Note who touches the object, and where it is touched out of sight."""
        owner = self._seen.get(id(obj))
        if owner is None or owner[1]() is not obj:
            self._seen[id(obj)] = (task.id, hold(obj))
        elif owner[0] not in (task.id, ANY):
            self._seen[id(obj)] = (ANY, owner[1])
        if kind == board.OPAQUE:
            site = caller_site(sys._getframe(1))  # noqa: SLF001  # the one way to see the caller
            self._calls.append((id(obj), f"{_kind(obj)} at {site.text()}"))

    def finish(self) -> None:
        """Keep the opaque calls of the last execution whose object was shared."""
        for key, text in self._calls:
            owner = self._seen.get(key)
            if owner is not None and owner[0] == ANY:
                self.met.add(f"touches a shared {text}")
        self._calls.clear()

    def words(self) -> str:
        """Say what was met; empty if nothing was."""
        if not self.met:
            return ""
        shown = sorted(self.met)
        more = f" and {len(shown) - MAX_SHOWN} more" if len(shown) > MAX_SHOWN else ""
        return f"code that is not instrumented {', '.join(shown[:MAX_SHOWN])}{more}"


def _function_of(task: Task) -> object:
    """Return what a task's thread runs; None for the body."""
    thread: Any = task.thread
    run: Any = getattr(type(thread), "run", None)
    if thread is None or run is None:
        return None
    if run.__module__ == "threading":
        return getattr(thread, "_target", None) or getattr(thread, "function", None)
    return run


def _plain(run: Any) -> FunctionType | None:  # noqa: ANN401  # any callable
    """Return the function behind a callable, if it is the user's and was not rewritten."""
    from harness.instrument.type_facts import is_instrumented  # noqa: PLC0415  # keeps the import light

    while isinstance(run, partial | MethodType):
        run = run.func if isinstance(run, partial) else run.__func__
    if not isinstance(run, FunctionType) or is_instrumented(run):
        return None
    ours = run.__module__.partition(".")[0] in {*sys.stdlib_module_names, "harness"}
    return None if ours else run


def _kind(obj: object) -> str:
    """Name what is touched; a module by its own name."""
    return f"module {obj.__name__}" if isinstance(obj, ModuleType) else type(obj).__name__
