"""Operations that are the same in every execution: what is done, to which kind of thing, and where.

A strategy that learns from one execution to the next needs names for operations that survive: ids,
addresses and the order of threads do not. An *abstract event* is an operation, the class and the
attribute it touches, and the place in the user's code (Wolff et al., ASPLOS 2024, section 3). Tasks
and objects are left out on purpose: a hundred threads that run one line make one event, so what is
learned from two of them holds for all. Which objects two events share is seen in each execution.
"""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Final

from harness.engine.place import is_ours

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from harness.engine.task import Operation, Task

INITIAL: Final = 0  # the event that wrote whatever nobody has written yet
_LIBRARY: Final = frozenset(
    {"threading", "queue", "concurrent", "asyncio", "selectors", "_weakrefset"}
)  # what they do inside has no place of the user's
MAX_SITES: Final = 20_000  # in tables that keep code alive, which a body may make anew each time


class _Whose(Enum):
    """Whose code a frame runs."""

    ENGINE = "the engine's"
    INNER = "another part of ours, or the standard library's"
    USERS = "the user's"


class Places:
    """Places in the user's code as small numbers, the same in every execution of a process."""

    __slots__ = ("_by_site", "_numbers", "_whose")

    def __init__(self) -> None:
        self._whose: dict[int, tuple[_Whose, CodeType]] = {}  # by id: code is slow to hash
        self._by_site: dict[tuple[int, int], int] = {}
        self._numbers: dict[tuple[str, str, int, int], int] = {}  # code made anew is the same place

    def of_task(self, task: Task) -> int:
        """Return where a task stands: at its next operation, which it has not begun."""
        if not task.started:
            return 0
        frame = task.worker.gr_frame  # None for the task that asks
        return self._below_engine(sys._getframe(1) if frame is None else frame)  # noqa: SLF001

    def _below_engine(self, frame: FrameType | None) -> int:
        """Return the innermost place of the user's that called the engine.

        What is above the engine is a strategy, and that may be the user's, too.
        """
        whose = self._whose
        met_engine = False
        while frame is not None:
            code = frame.f_code
            known = whose.get(id(code))
            owner = self._note_code(frame) if known is None else known[0]
            if owner is _Whose.ENGINE:
                met_engine = True
            elif met_engine and owner is _Whose.USERS:
                site = (id(code), frame.f_lasti)
                number = self._by_site.get(site)
                return self._number(code, site) if number is None else number
            frame = frame.f_back
        return 0

    def _note_code(self, frame: FrameType) -> _Whose:
        """Keep a code object, so that its id stays taken, and say whose it is."""
        if len(self._whose) >= MAX_SITES:
            self._whose.clear()
            self._by_site.clear()
        owner = _whose(frame)
        self._whose[id(frame.f_code)] = (owner, frame.f_code)
        return owner

    def _number(self, code: CodeType, site: tuple[int, int]) -> int:
        name = (code.co_filename, code.co_qualname, code.co_firstlineno, site[1])
        number = self._numbers.setdefault(name, len(self._numbers) + 1)
        self._by_site[site] = number
        return number


def _whose(frame: FrameType) -> _Whose:
    module = str(frame.f_globals.get("__name__"))
    if is_ours(frame.f_code.co_filename):
        return _Whose.ENGINE if module.startswith("harness.engine.") else _Whose.INNER
    return _Whose.INNER if module.partition(".")[0] in _LIBRARY else _Whose.USERS


class EventTable:
    """Abstract events as small numbers, by their first appearance; 0 is `INITIAL`."""

    __slots__ = ("_names", "_numbers", "places")

    def __init__(self) -> None:
        self.places = Places()
        self._names: list[tuple[int | str, str, str, int]] = [("", "", "", 0)]
        self._numbers: dict[tuple[int | str, str, str, int], int] = {}

    def __len__(self) -> int:
        return len(self._names)

    def of(self, operation: Operation, task: Task) -> int:
        """Return the event that an operation is; `task` is about to do it."""
        kind, obj, key = operation
        where = key if type(key) is str else "" if key is None else "[]"
        name = (kind, type(obj).__name__, where, self.places.of_task(task))
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    def kind(self, event: int) -> int | str:
        """Return what is done: a kind of the board, or the label of a primitive's operation."""
        return self._names[event][0]

    def owner(self, event: int) -> str:
        """Return the class of what it is done to."""
        return self._names[event][1]
