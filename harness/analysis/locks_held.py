"""Locks that a task holds while it waits for something else, or while it runs foreign callbacks.

Whoever waits with a lock held makes everybody wait who wants that lock, and who was to end the wait
may be among them. Waiting is: an event, a queue, a join, a semaphore, a notification (a condition
gives back its own lock, and no other), a sleep that takes time. Taking a second lock is ordinary
nesting, which `lock_order` judges. A wait inside a library's primitive, say `Queue.get`, counts
where it came to waiting.

Calling out is: code of a module that the lock's own module does not know runs while the lock is
held. So somebody handed it in, a callback, and it may take any lock, even this one.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.happens_before import LOCKS
from harness.analysis.held_locks import Attempts, Held, HeldLocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.place import Site
    from harness.engine.recorder import Event
    from harness.engine.stack import Frames

MAX_KEPT: Final = 20  # of one execution
_STDLIB: Final = str(Path(os.__file__).resolve().parent)
# Operations that may wait, by role; those that come back at once have other names.
_WAITS: Final = {
    "Event": ("wait", "blocks on"),
    "SimpleQueue": ("get", "blocks on"),
    "Semaphore": ("acquire", "blocks on"),
    "BoundedSemaphore": ("acquire", "blocks on"),
    "Task": ("join", "blocks on"),
    "Condition": ("blocks on",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTooLong:
    """A task waited or called out with locks held.

    Attributes:
        doing: What it did, in words: "waits for Event#1".
        held: The locks that it held.
    """

    task: int
    task_name: str
    doing: str
    site: Site
    held: tuple[Held, ...]

    def signature(self) -> tuple[object, ...]:
        """Return what makes two of them the same one: the line, and where the locks were taken."""
        lines = sorted((held.site.path, held.site.line) for held in self.held)
        return ("lock held", self.site.path, self.site.line, *lines)

    def message(self) -> str:
        """Return what happened, in a sentence."""
        locks = " and ".join(held.text() for held in self.held)
        return f"{self.task_name} {self.doing} at {self.site.text()} while it holds {locks}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "task": self.task_name,
            "doing": self.doing,
            "at": self.site.text(),
            "held": [held.text() for held in self.held],
        }


def find_held_too_long(events: Sequence[Event], stacks: Sequence[Frames]) -> list[HeldTooLong]:
    """Return where tasks of one recorded execution waited or called out with locks held.

    Args:
        stacks: The stack of each event.
    """
    held, known, attempts = HeldLocks(), _Acquaintance(), Attempts()
    found: dict[tuple[object, ...], HeldTooLong] = {}
    for event, stack in zip(events, stacks, strict=True):
        before = held.of(event.task)
        held.see(event)
        if attempts.succeeds(event) or not before or event.atomic:
            continue
        doing = _waits(event) or known.calls_out(event, before, stack)
        if doing and len(found) < MAX_KEPT:
            one = HeldTooLong(
                task=event.task,
                task_name=event.task_name,
                doing=doing,
                site=event.site,
                held=before,
            )
            found.setdefault(one.signature(), one)
    return list(found.values())


def _waits(event: Event) -> str:
    """Say what an event waits for; empty if it waits for nothing, or for a lock."""
    if event.role in LOCKS:
        return ""
    if event.kind == "blocks on" and event.target == "the time":
        return "sleeps"
    if event.site.through and event.kind != "blocks on":
        return ""
    if event.kind not in _WAITS.get(event.role, ()):
        return ""
    what = f"the end of {event.target}" if event.role == "Task" else event.target
    return f"{'waits' if event.kind == 'blocks on' else 'may wait'} for {what}"


class _Acquaintance:
    """Which modules know which: a module knows what it imported, and what it took from there."""

    __slots__ = ("_files", "_known")

    def __init__(self) -> None:
        self._files: dict[str, ModuleType] = {}
        self._known: dict[str, set[str]] = {}

    def calls_out(self, event: Event, held: Sequence[Held], stack: Frames) -> str:
        """Say if the code that an event belongs to was handed to the holder of a lock.

        Only where nothing stands between the two but code that the holder's module does not know
        either: what a module calls may call on as it likes.
        """
        paths = [code.co_filename for code, _ in stack]
        if event.site.path.startswith(_STDLIB):
            return ""  # a library's own ways are no callback of the user's
        for one in held:
            home = one.site.path
            if home not in paths:
                continue
            inner = [path for path in paths[: paths.index(home)] if not path.startswith(_STDLIB)]
            if inner and not any(path in self._of(home) for path in inner):
                return f"runs {event.site.function}, which {_short(home)} was handed,"
        return ""

    def _of(self, path: str) -> set[str]:
        """Return the files of all modules that the module of a file binds something of."""
        known = self._known.get(path)
        if known is None:
            if not self._files:
                self._files = _files()
            module = self._files.get(path)
            known = self._known[path] = set() if module is None else _bound(module)
        return known


def _files() -> dict[str, ModuleType]:
    modules = [value for value in list(sys.modules.values()) if type(value) is ModuleType]
    return {file: one for one in modules if isinstance(file := vars(one).get("__file__"), str)}


def _bound(module: ModuleType) -> set[str]:
    files: set[str] = set()
    for value in list(vars(module).values()):
        owner: Any = value if type(value) is ModuleType else None
        if owner is None:
            owner = sys.modules.get(_module_of(value))
        file = vars(owner).get("__file__") if type(owner) is ModuleType else None
        if isinstance(file, str):
            files.add(file)
    return files


def _module_of(value: Any) -> str:  # noqa: ANN401  # whatever a module binds
    """Return the module that defines a class or function; empty for other things."""
    name = getattr(value, "__module__", "") if isinstance(value, type) or _is_code(value) else ""
    return name if isinstance(name, str) else ""


def _is_code(value: object) -> bool:
    return type(value).__name__ == "function"


def _short(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
