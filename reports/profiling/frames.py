"""Frames as three plain values, and whose they are: the user's, the standard library's, ours."""

from __future__ import annotations

import os
import sysconfig
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from types import FrameType

MOST_FRAMES: Final = 64  # deeper ones are the roots of recursion; the leaf is what counts
_OURS: Final = str(Path(__file__).resolve().parent)
_SITE: Final = ("site-packages", "dist-packages")
# Asked once: asked while memory is traced, the answer itself would be the largest allocation.
_LIBRARY: Final = tuple({sysconfig.get_path(one) + os.sep for one in ("stdlib", "platstdlib")})


class Frame(NamedTuple):
    """Where a thread was: no values of what it had there. An empty name is not known."""

    file: str
    line: int
    name: str


def frames_of(frame: FrameType | None, *, most: int = MOST_FRAMES) -> tuple[Frame, ...]:
    """Return a thread's stack, the innermost frame first."""
    found: list[Frame] = []
    while frame is not None and len(found) < most:
        code = frame.f_code
        found.append(Frame(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_name))
        frame = frame.f_back
    return tuple(found)


@cache
def is_ours(file: str) -> bool:
    """Return whether a file is part of the profiler."""
    return file.startswith(_OURS)


@cache
def is_library(file: str) -> bool:
    """Return whether a file is the standard library's; an installed distribution's is not."""
    if file.startswith("<frozen "):
        return True
    return file.startswith(_LIBRARY) and not any(part in Path(file).parts for part in _SITE)


def without_leading_ours(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Return the frames from the first on that the profiler did not put there."""
    for at, frame in enumerate(frames):
        if not is_ours(frame.file):
            return frames[at:]
    return ()


def nearest_user(frames: tuple[Frame, ...]) -> Frame | None:
    """Return the innermost frame that is neither ours nor the standard library's."""
    for frame in frames:
        if not is_ours(frame.file) and not is_library(frame.file):
            return frame
    return None
