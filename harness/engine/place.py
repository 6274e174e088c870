"""Where in the user's code something happened."""

from __future__ import annotations

import linecache
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_HARNESS: Final = str(Path(__file__).resolve().parent.parent) + os.sep
_STDLIB: Final = str(Path(threading.__file__).resolve().parent)
# Frames of these show what a primitive does inside; a reader wants the line that called it.
_THROUGH: Final = (
    "<frozen os>",
    *(str(Path(_STDLIB, name)) for name in (
        "threading.py", "queue.py", "_weakrefset.py", "asyncio", "concurrent", "selectors",
        # What starts processes or waits for a network, and what is built on that.
        "subprocess.py", "os.py", "pty.py", "platform.py", "multiprocessing", "socket.py",
        "socketserver.py", "ssl.py", "http", "urllib", "ftplib.py", "smtplib.py", "xmlrpc",
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """A line of code."""

    path: str
    line: int
    function: str
    through: str = ""  # the library call that led there: "Queue.get"

    def text(self) -> str:
        """Return `name.py:12 in function`."""
        return f"{Path(self.path).name}:{self.line} in {self.function}"

    def source(self) -> str:
        """Return the line's text, stripped; empty where the file cannot be read."""
        return linecache.getline(self.path, self.line).strip()


def is_ours(path: str) -> bool:
    """Say whether a file belongs to the harness."""
    return path.startswith(_HARNESS)


def is_through(path: str) -> bool:
    """Say whether a file is a primitive's own: a reader wants the line that called it."""
    return path.startswith(_THROUGH)


def caller_site(frame: FrameType | None) -> Site:
    """Return the innermost line that is neither ours nor a primitive's own.

    Args:
        frame: Where to start; None starts at the caller.
    """
    if frame is None:
        frame = sys._getframe(1)  # noqa: SLF001  # the one way to see the caller
    through = ""
    last = frame
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_HARNESS):
            if not path.startswith(_THROUGH):
                return Site(path, frame.f_lineno, frame.f_code.co_qualname, through)
            through = frame.f_code.co_qualname
            last = frame  # a thread of the library's own has no line of the user's
        frame = frame.f_back
    return Site(last.f_code.co_filename, last.f_lineno, last.f_code.co_qualname, through)
