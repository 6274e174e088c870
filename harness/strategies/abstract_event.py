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
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.engine.place import is_ours

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from harness.engine.task import Operation, Task

INITIAL: Final = 0  # the event that wrote whatever nobody has written yet
_LIBRARY: Final = frozenset(
    {"threading", "queue", "concurrent", "asyncio", "selectors", "_weakrefset"}
)  # what they do inside has no place of the user's
STRATEGY_FRAMES: Final = 3  # at least so many are between a strategy's own and `Places`
MAX_SITES: Final = 20_000  # in tables that keep code alive, which a body may make anew each time


class _Whose(Enum):
    """Whose code a frame runs."""

    ENGINE = "the engine's"
    INNER = "another part of ours, or the standard library's"
    USERS = "the user's"


class Places:
    """Places in the user's code as small numbers, the same in every execution of a process."""

    __slots__ = ("_by_site", "_kept", "_numbers", "_texts", "_whose")

    def __init__(self) -> None:
        self._whose: dict[int, _Whose] = {}  # by the id of code, which is slow to hash
        self._kept: list[CodeType] = []  # so that the ids stay taken
        self._by_site: dict[tuple[int, int], int] = {}
        self._numbers: dict[tuple[str, str, int, int], int] = {}  # code made anew is the same place
        self._texts = [""]  # by number; 0 is no place

    def of_task(self, task: Task) -> int:
        """Return where a task stands: at its next operation, which it has not begun."""
        if not task.started:
            return 0
        frame = task.worker.gr_frame  # None for the task that asks
        if frame is None:
            frame = sys._getframe(STRATEGY_FRAMES)  # noqa: SLF001  # the one way to see the caller
        return self._below_engine(frame)

    def _below_engine(self, frame: FrameType | None) -> int:
        """Return the innermost place of the user's that called the engine.

        What is above the engine is a strategy, and that may be the user's, too.
        """
        whose, engine, users = self._whose, _Whose.ENGINE, _Whose.USERS
        met_engine = False
        while frame is not None:
            code = frame.f_code
            owner = whose.get(id(code)) or self._note_code(frame)
            if owner is users:
                if met_engine:
                    site = (id(code), frame.f_lasti)
                    return self._by_site.get(site) or self._number(code, site)
            elif owner is engine:
                met_engine = True
            frame = frame.f_back
        return 0

    def _note_code(self, frame: FrameType) -> _Whose:
        """Keep a code object, so that its id stays taken, and say whose it is."""
        if len(self._whose) >= MAX_SITES:
            self._whose.clear()
            self._by_site.clear()
            self._kept.clear()
        self._kept.append(frame.f_code)
        owner = self._whose[id(frame.f_code)] = _whose(frame)
        return owner

    def _number(self, code: CodeType, site: tuple[int, int]) -> int:
        name = (code.co_filename, code.co_qualname, code.co_firstlineno, site[1])
        number = self._numbers.setdefault(name, len(self._numbers) + 1)
        if number == len(self._texts):
            self._texts.append(_text_of(code, site[1]))
        self._by_site[site] = number
        return number

    def text(self, place: int) -> str:
        """Return a place in words that are the same in every process.

        The file's name, the function and the line within it: what stands above it may change.
        """
        return self._texts[place]


def _text_of(code: CodeType, instruction: int) -> str:
    line = next((line for start, end, line in code.co_lines() if start <= instruction < end), None)
    offset = (line or code.co_firstlineno) - code.co_firstlineno
    return f"{Path(code.co_filename).name}:{code.co_qualname}+{offset}"


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
