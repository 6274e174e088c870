"""What a dying interpreter wrote through faulthandler, as lines of the user's code."""

from __future__ import annotations

import re
from typing import Final

from harness.engine.place import Site, is_ours

MAX_LINES: Final = 12  # as many as the story of an exception shows
_HEADS: Final = ("Current thread 0x", "Stack (most recent call first)")
_FRAME: Final = re.compile(r'  File "(?P<path>.*)", line (?P<line>\d+) in (?P<function>.*)')


def read_stack(words: str) -> tuple[str, ...]:
    """Return the stack of the thread that died, innermost last; empty where there is none."""
    lines: list[str] = []
    inside = False
    for text in words.splitlines():
        if text.startswith(_HEADS):
            lines, inside = [], True  # of several reports the last is the end
        elif inside:
            frame = _FRAME.fullmatch(text)
            if frame is None:
                inside = False
            elif not is_ours(frame["path"]):
                site = Site(frame["path"], int(frame["line"]), frame["function"])
                lines.append(f"{site.text()}: {site.source()}".rstrip(": "))
    return tuple(reversed(lines[:MAX_LINES]))
