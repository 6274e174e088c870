"""Who starts threads: noted while a test runs by itself, with real ones."""

from __future__ import annotations

import _thread
import functools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from harness.engine.place import caller_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_LOW_LEVEL: Final = ("start_new_thread", "start_new")


@dataclass(frozen=True, slots=True)
class Start:
    """A thread that was started.

    Attributes:
        where: The line that did it; the innermost one that is not the standard library's.
        fixture: The fixture of a wider scope that was being made; empty where there was none.
    """

    name: str
    where: str
    fixture: str = ""
    thread: threading.Thread | None = field(default=None, repr=False, compare=False)

    def runs(self) -> bool:
        """Say whether it still runs; one that was started at the low level does not tell."""
        return self.thread is not None and self.thread.is_alive()


class StartWatch:
    """Notes threads, and errors that left them. Use as a context manager, in the main thread.

    Attributes:
        starts: In order; of all times that it was on.
        errors: Types of the exceptions that left a thread, as `threading.excepthook` got them.
        fixture: What `Start.fixture` is set to.
    """

    def __init__(self) -> None:
        self.starts: list[Start] = []
        self.errors: list[type[BaseException]] = []
        self.fixture = ""
        self._undo: list[Callable[[], None]] = []

    def clear(self) -> None:
        """Forget what was noted."""
        self.starts, self.errors = [], []

    def __enter__(self) -> StartWatch:  # noqa: PYI034  # final in effect
        self._put(threading.Thread, "start", self._noting_thread(threading.Thread.start))
        for name in _LOW_LEVEL:
            self._put(_thread, name, self._noting_function(getattr(_thread, name)))
        self._put(threading, "excepthook", self._noting_error(threading.excepthook))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._undo:
            self._undo.pop()()

    def _put(self, owner: Any, name: str, stand_in: Any) -> None:  # noqa: ANN401  # class or module
        before = getattr(owner, name)

        def put_back() -> None:
            if getattr(owner, name) is stand_in:  # a test may have set another one, to stay
                setattr(owner, name, before)

        setattr(owner, name, stand_in)
        self._undo.append(put_back)

    def _noting_thread(self, original: Any) -> Any:  # noqa: ANN401  # Thread.start
        @functools.wraps(original)
        def start(thread: threading.Thread) -> None:
            where = caller_site(None).text()
            original(thread)
            self.starts.append(Start(thread.name, where, self.fixture, thread))

        return start

    def _noting_function(self, original: Any) -> Any:  # noqa: ANN401  # start_new_thread
        @functools.wraps(original)
        def start(function: Any, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401  # the original's own
            name = getattr(function, "__name__", "a function")
            self.starts.append(Start(name, caller_site(None).text(), self.fixture))
            return int(original(function, *args, **kwargs))

        return start

    def _noting_error(self, original: Any) -> Any:  # noqa: ANN401  # a hook
        @functools.wraps(original)
        def hook(args: threading.ExceptHookArgs) -> Any:  # noqa: ANN401  # the original's own
            self.errors.append(args.exc_type)
            return original(args)

        return hook
