"""What the engine meets and cannot control: it fails loudly, names the line and says what to do.

I/O that would not block is one step: a file, a socket with data. I/O that would block is refused:
nobody else would run while it waits.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.place import caller_site
from harness.errors import UncontrolledError
from harness.primitives.asyncio_loop import wake_selectors

if TYPE_CHECKING:
    from collections.abc import Callable

real_select: Final = select.select

PROCESS_REMEDY: Final = (
    "Start processes outside the body, or replace the call by a fake that the body is given."
)
IO_REMEDY: Final = (
    "Give the code an in-memory transport (queue.Queue), make the data ready before the call, or "
    "test this part with real threads: holdfast stress."
)


def refuse(what: str, remedy: str) -> None:
    """Refuse a call inside an execution; nothing outside."""
    execution = board.current()
    if execution is not None:
        execution.refuse(UncontrolledError(what, caller_site(None).text(), remedy))


def refusing(original: Callable[..., Any], what: str, remedy: str) -> Callable[..., Any]:
    """Return `original`, refused inside an execution."""

    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        refuse(what, remedy)
        return original(*args, **kwargs)

    call.__name__ = getattr(original, "__name__", "call")
    call.__doc__ = original.__doc__
    return call


def reading(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    """Return a call on a file descriptor that is refused where it would wait for data."""

    def call(descriptor: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        if board.current() is not None and would_wait(descriptor):
            refuse(f"{what} that would block", IO_REMEDY)
        return original(descriptor, *args, **kwargs)

    return call


def would_wait(descriptor: int) -> bool:
    """Say whether reading a descriptor would wait; a file never does."""
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        return not real_select([descriptor], [], [], 0)[0]
    except (OSError, TypeError, ValueError):
        return False  # the call itself will say what is wrong


def receiving(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a socket method that waits for the other side, refused where it would block."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        execution = board.current()
        if execution is not None and self.gettimeout() != 0 and would_wait(self.fileno()):
            refuse(f"socket.{name} that would block", IO_REMEDY)
        return original(self, *args, **kwargs)

    return call


def sending(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a socket method that sends: one step, and selectors look again after it."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        result = original(self, *args, **kwargs)
        wake_selectors()
        return result

    return call


def selecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return `select.select` that is refused where it would wait."""

    def call(rlist: Any, wlist: Any, xlist: Any, timeout: float | None = None) -> Any:  # noqa: ANN401  # the original's own
        if board.current() is None:
            return original(rlist, wlist, xlist, timeout)
        found = original(rlist, wlist, xlist, 0)
        if not any(found) and timeout != 0:
            refuse("select.select that would block", IO_REMEDY)
        return found

    return call


def breakpoint_hook(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
    """Stand in for `sys.breakpointhook` while exploring."""
    refuse(
        "breakpoint()",
        "Explore without it; then run `holdfast replay TARGET TOKEN`, where it opens the debugger.",
    )
    return sys.__breakpointhook__(*args, **kwargs)  # noqa: T100  # the hook itself
