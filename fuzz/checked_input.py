"""Runs one input again for a test that keeps a bug from coming back.

The input runs in a child process: so a hang, a signal or an `os._exit` fails the test and not the
whole run, and a controlled target meets its schedule with its accesses made visible. A target's
child is kept for the tests that follow; each input has a fork of its own.
"""

from __future__ import annotations

import atexit
import base64
import binascii
import threading
from typing import Final

from fuzz.errors import InputTextError, StillFailsError, UndecidedError
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget

_children: Final[dict[str, ContainedTarget]] = {}
_lock: Final = threading.Lock()


def check_input(target: str, data: bytes | str) -> None:
    """Run one input of a target; return if it does not fail.

    `holdfast fuzz regress` writes tests that call this.

    Args:
        target: `module:NAME`, or a name that `holdfast fuzz list` shows.
        data: The input; a text is the Base64 of it.

    Raises:
        StillFailsError: It fails; an `AssertionError` that tells the whole story.
        UndecidedError: It met a bound before it could be judged.
        UnknownTargetError: There is no such target.
        BrokenTargetError: Its module cannot be imported.
        InputTextError: The text is no Base64.
        TypeError: An argument is neither.
    """
    __tracebackhide__ = True  # pytest shows the test's own line, then the story
    if not isinstance(target, str):
        raise TypeError(f"target takes a text such as 'module:NAME', got {target!r:.80}")
    raw = _bytes_of(data)
    with _lock:
        child = _child(target)
        judged = child.run(raw)
        if judged.crash is not None:
            story = child.story(raw) or judged.crash.story
            raise StillFailsError(target, judged.crash.message, story, len(raw))
    if judged.undecided:
        raise UndecidedError(
            f"{target} could not judge the input: it met a bound of its own before"
        )


def _bytes_of(data: object) -> bytes:
    if isinstance(data, bytes):
        return data
    if not isinstance(data, str):
        raise TypeError(f"data takes bytes, or their Base64 as a text, got {data!r:.80}")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise InputTextError(data, str(error)) from error


def _child(target: str) -> ContainedTarget:
    if target not in _children:
        _children[target] = ContainedTarget(ask(target))
    return _children[target]


@atexit.register
def _close() -> None:
    while _children:
        _, child = _children.popitem()
        child.close()
