"""sqlite3's check that a connection stays in its thread, for tasks.

The C code asks for the OS thread, which all tasks share, so the check would pass where real
threads fail.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.primitives.thread import get_ident

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECKED: Final = (
    "backup",
    "blobopen",
    "close",
    "commit",
    "create_function",
    "cursor",
    "execute",
    "executemany",
    "executescript",
    "iterdump",
    "rollback",
)


def twins() -> Iterator[tuple[Any, Any]]:
    """Yield `sqlite3.connect` and its twin, if sqlite3 has been imported."""
    module: Any = sys.modules.get("sqlite3")
    if module is not None:
        yield module.connect, _checked_connect(module)


def _checked_connect(module: Any) -> Any:  # noqa: ANN401  # the module
    original = module.connect
    checked = _checked_class(module)

    @functools.wraps(original)
    def connect(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        if board.current() is None or len(args) > 4 or "factory" in kwargs:  # noqa: PLR2004  # positional ones
            return original(*args, **kwargs)
        if kwargs.get("check_same_thread", True):
            kwargs["factory"] = checked
        return original(*args, **kwargs)

    return connect


def _checked_class(module: Any) -> Any:  # noqa: ANN401  # a class over the module's
    def check(connection: Any) -> None:  # noqa: ANN401  # a connection
        made, now = connection.holdfast_ident, get_ident()
        if made != now:
            raise module.ProgrammingError(
                "SQLite objects created in a thread can only be used in that same thread. The "
                f"object was created in thread id {made} and this is thread id {now}."
            )

    def init(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # a connection
        self.holdfast_ident = get_ident()
        module.Connection.__init__(self, *args, **kwargs)

    def checking(name: str) -> Any:  # noqa: ANN401  # a method
        original = getattr(module.Connection, name)

        @functools.wraps(original)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as the original
            check(self)
            return original(self, *args, **kwargs)

        return call

    methods = {name: checking(name) for name in _CHECKED if hasattr(module.Connection, name)}
    return type("Connection", (module.Connection,), {"__init__": init, **methods})
