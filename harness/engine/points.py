"""Where in a run something happens, in words that outlive an edit of the source.

A replay token says at which operation a task was interrupted. Line numbers, `id()` and the number
of steps so far change with any edit, so a point is named by what a programmer would call the same
place: which task, what it is about to do to which object, and the how-manieth time.

Objects have no names of their own. An object is told from others of its class by the order of
first use, or by the function that used it first, or not at all. An edit that brings another object
of the class shifts one of these and not the others; so a point is counted in all three ways, and
what the task did to this very object before is kept beside it, to tell a right guess from a wrong
one.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.place import is_ours

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import FrameType

MAX_TEXT: Final = 80  # characters of a name in a token; the rest of a longer one is a checksum
MAX_DEPTH: Final = 40  # tasks that start one another; a deeper one is named as if main started it
ENDS: Final = "ends"
BLOCKS: Final = "blocks on"
HANDS_ON: Final = "hands on"
_STDLIB: Final = str(Path(re.__file__).resolve().parent.parent)
_INSTALLED: Final = ("site-packages", "dist-packages")
_PASSING: Final = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")  # of 3.11 alone
_NUMBERED: Final = re.compile(r"(Thread|Task)-\d+(?: \((.*)\))?", re.DOTALL)


class Naming(IntEnum):
    """How an object is told from others of its class."""

    ORDER = 0
    FUNCTION = 1
    CLASS = 2


@dataclass(frozen=True, slots=True)
class TaskName:
    """A task, by who started it and how many of that name it had started before.

    Attributes:
        base: Its name without the number that the standard library counts up.
        number: From 1.
    """

    parent: TaskName | None
    base: str
    number: int

    def __str__(self) -> str:
        return self.base if self.number == 1 else f"{self.base} ({ordinal(self.number)})"

    def depth(self) -> int:
        """Return how many tasks started one another before this one."""
        depth, above = 0, self.parent
        while above is not None:
            depth, above = depth + 1, above.parent
        return depth

    def path(self) -> str:
        """Return the name with those of all who started it."""
        own = f"{self.base}.{self.number}"
        return own if self.parent is None else f"{self.parent.path()}/{own}"


MAIN: Final = TaskName(None, "main", 1)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that tasks do: an operation, and the object that it is done to.

    Attributes:
        kind: "write", "acquire", "blocks on".
        cls: The object's class; empty where there is no object.
        number: Which object of the class, in the order of first use; 0 where that says nothing.
        function: The function that used it first.
        part: The attribute or item, empty for the whole object.
    """

    kind: str
    cls: str = ""
    number: int = 0
    function: str = ""
    part: str = ""

    def key(self, naming: Naming) -> Hashable:
        """Return what makes two acts the same one."""
        told = (self.number, self.function, None)[naming]
        return (self.kind, self.cls, told, self.part)

    def __str__(self) -> str:
        number = f"#{self.number}" if self.number else ""
        dot = "" if not self.part or self.part.startswith("[") else "."
        return f"{self.kind} {self.cls}{number}{dot}{self.part}".strip()


@dataclass(frozen=True, slots=True)
class Point:
    """A place at which the strategy is asked.

    Attributes:
        task: Who came to it.
        act: What it is about to do, or why it cannot go on.
        counts: Which of the task's acts like this one, from 1, for each `Naming`.
        context: A byte of all that it did to the object's part before.
        ready: How many could be chosen.
        who: Two bytes of who these are.
        default: The id of the task that goes on where nobody is named.
        thing: The object and its part, for `Places.done_to`.
    """

    task: TaskName
    act: Act
    counts: tuple[int, int, int]
    context: int
    ready: int
    who: int
    default: int
    thing: tuple[int, str]


def base_name(name: str) -> str:
    """Return a task's name without the number that every thread more would change."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return cut_text(name)
    return cut_text(numbered[2] or numbered[1])


def part_name(key: object, *, indexed: bool) -> str:
    """Return an attribute's name, or an item's if it is the same in every run.

    The number that is the key of a dict may be an id(), a hash, or one that counts up for as long
    as the process lives.

    Args:
        key: As `plain_key` returns it.
        indexed: The object is a list or a tuple: its numbers are places.
    """
    if key is None or key == board.CONTENT:
        return ""
    if isinstance(key, str):
        return cut_text(key)
    item: Any = key[0] if isinstance(key, tuple) and key else None
    shown = type(item) is str or (indexed and type(item) is int)
    return cut_text(f"[{item!r}]") if shown else "[]"


def plain_key(key: object) -> object:
    """Return an access's key without what belongs to the program: a name, or an item in a tuple."""
    if isinstance(key, tuple) and key:
        return (key[-1],) if type(key[-1]) in (int, str) else ()
    return key if isinstance(key, str) else None


def user_function(frame: FrameType | None) -> str:
    """Return the function of the user's that is at work; not a constructor, but who called it."""
    last = ""
    while frame is not None:
        code = frame.f_code
        if not is_ours(code.co_filename) and not _is_library(code.co_filename):
            last = code.co_name
            if last not in _PASSING and not (last.startswith("__") and last.endswith("__")):
                return last
        frame = frame.f_back
    return last


def _is_library(path: str) -> bool:
    return path.startswith(_STDLIB) and not any(folder in path for folder in _INSTALLED)


def cut_text(text: str) -> str:
    """Return a text of bounded length that a terminal can show."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "?" for character in text)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - 9]}~{zlib.crc32(text.encode('utf-8', 'replace')):08x}"


def ordinal(number: int) -> str:
    """Return "1st", "2nd", "11th"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if 10 < number % 100 < 14 else endings.get(number % 10, "th")  # noqa: PLR2004  # 11th
    return f"{number}{ending}"
