"""The user's lines that lead to an event, kept cheaply and told later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.engine.place import Site, is_ours

if TYPE_CHECKING:
    from types import CodeType, FrameType

MAX_FRAMES: Final = 8  # lines of one stack that are kept, the innermost ones

Frames = tuple[tuple["CodeType", int], ...]


def frames_of(frame: FrameType | None) -> Frames:
    """Return code and line of the user's frames, innermost first, without making text of them."""
    found: list[tuple[CodeType, int]] = []
    while frame is not None and len(found) < MAX_FRAMES:
        if not is_ours(frame.f_code.co_filename):
            found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


def sites_of(frames: Frames) -> tuple[Site, ...]:
    """Return the lines of a kept stack, innermost first."""
    return tuple(Site(code.co_filename, line, code.co_qualname) for code, line in frames)
