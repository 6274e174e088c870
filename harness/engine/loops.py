"""Which loops of its code a frame stands in, read from the byte code."""

from __future__ import annotations

import dis
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.engine.place import is_ours

if TYPE_CHECKING:
    from types import CodeType, FrameType

_MAX_REMEMBERED = 1_024  # pieces of code
_loops: dict[CodeType, tuple[Loop, ...]] = {}


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of one piece of code: offsets of its first instruction and of its jump back.

    Attributes:
        counted: It walks over an iterator that nothing but the interpreter's stack holds, so two
            turns of it may look alike and be different.
    """

    start: int
    end: int
    counted: bool


def loops_around(frame: FrameType | None) -> tuple[tuple[int, CodeType, Loop], ...]:
    """Return the loops that a stack stands in, outermost first: depth, code and loop.

    Args:
        frame: The innermost frame; frames of ours are left out.
    """
    frames: list[FrameType] = []
    while frame is not None:
        if not is_ours(frame.f_code.co_filename):
            frames.append(frame)
        frame = frame.f_back
    return tuple(
        (depth, one.f_code, loop)
        for depth, one in enumerate(reversed(frames))
        for loop in _loops_of(one.f_code)
        if loop.start <= one.f_lasti <= loop.end
    )


def _loops_of(code: CodeType) -> tuple[Loop, ...]:
    """Return the loops of a piece of code, outer ones before those inside."""
    known = _loops.get(code)
    if known is None:
        if len(_loops) >= _MAX_REMEMBERED:
            _loops.clear()
        known = _loops[code] = tuple(_find_loops(code))
    return known


def _find_loops(code: CodeType) -> list[Loop]:
    ends: dict[int, int] = {}  # the last jump back to each offset
    counted: set[int] = set()
    for instruction in dis.get_instructions(code):
        target = instruction.argval
        if "JUMP_BACKWARD" in instruction.opname:
            ends[target] = max(instruction.offset, ends.get(target, 0))
        elif instruction.opname == "FOR_ITER":
            counted.add(instruction.offset)
    # The iterator of a generator expression or of a comprehension of its own is a local variable.
    visible = ".0" in code.co_varnames
    found = [Loop(start, end, start in counted and not visible) for start, end in ends.items()]
    return sorted(found, key=lambda loop: (loop.start, -loop.end))
