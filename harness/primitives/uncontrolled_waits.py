"""Waits of the operating system's that no twin stands for: refused where they would wait.

What would return at once is one step, like any I/O. A wait with a timeout would pass real time, in
which no other task runs; so it is refused like one without.
"""

from __future__ import annotations

import errno
import select
from typing import TYPE_CHECKING, Any, Final, Self

from harness.engine import board
from harness.primitives.uncontrolled import IO_REMEDY, refuse, would_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNAL_REMEDY: Final = (
    "Let the signal handler set a threading.Event, and wait for that; or test this part with real "
    "threads: holdfast stress."
)
LOCK_REMEDY: Final = (
    "Ask with LOCK_NB and retry later, use a threading.Lock between threads, or test this part "
    "with real threads: holdfast stress."
)


class Poll:
    """Twin of what `select.poll()` returns."""

    __slots__ = ("_poll",)

    def __init__(self, poll: Any) -> None:  # noqa: ANN401  # its class has no name
        self._poll = poll

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as above
        return getattr(self._poll, name)

    def poll(self, timeout: float | None = None, /) -> Any:  # noqa: ANN401  # a list of pairs
        """Look at once; refused where there is nothing and a wait was wanted."""
        if board.current() is None:
            return self._poll.poll(timeout)
        found = self._poll.poll(0)
        if not found and timeout != 0:
            refuse("select.poll().poll that would block", IO_REMEDY)
        return found


class Epoll(Poll):
    """Twin of what `select.epoll()` returns."""

    __slots__ = ()

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> Any:  # noqa: ANN401  # a list of pairs
        """Look at once; refused where there is nothing and a wait was wanted."""
        if board.current() is None:
            return self._poll.poll(timeout, maxevents)
        found = self._poll.poll(0, maxevents)
        if not found and timeout != 0:
            refuse("select.epoll().poll that would block", IO_REMEDY)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._poll.close()


def _making(real: Any, twin: Callable[[Any], Any]) -> Callable[..., Any]:  # noqa: ANN401  # a class or function
    """Return what makes a twin inside an execution, and the real thing outside."""

    def make(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        made = real(*args, **kwargs)
        return made if board.current() is None else twin(made)

    fromfd = getattr(real, "fromfd", None)
    if fromfd is not None:
        make.fromfd = fromfd  # type: ignore[attr-defined]  # as the class has it
    return make


def pairs() -> Iterator[tuple[Any, Any]]:
    """Yield each original that this system has with its twin."""
    for name, twin in (("poll", Poll), ("epoll", Epoll)):
        real = getattr(select, name, None)
        if real is not None:
            yield real, _making(real, twin)


def signal_pairs(module: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # signal
    """Yield the waits for a signal."""
    for name in ("pause", "sigwait", "sigwaitinfo", "sigtimedwait"):
        original = getattr(module, name, None)
        if original is not None:
            yield original, _refused(original, f"signal.{name}")


def _refused(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the original's own
        refuse(what, SIGNAL_REMEDY)
        return original(*args, **kwargs)

    return call


def fcntl_pairs(module: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # fcntl
    """Yield the calls that lock files."""
    for name in ("flock", "lockf"):
        original = getattr(module, name, None)
        if original is not None:
            yield original, _locking(original, name, module.LOCK_NB)


def _locking(original: Callable[..., Any], name: str, at_once: int) -> Callable[..., Any]:
    """Return a call that locks a file, refused where another holds the lock."""

    def call(file: Any, operation: int, *args: Any) -> Any:  # noqa: ANN401  # the original's own
        if board.current() is None or operation & at_once:
            return original(file, operation, *args)
        try:
            return original(file, operation | at_once, *args)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        refuse(f"fcntl.{name} that would block", LOCK_REMEDY)
        return original(file, operation, *args)

    return call


def receiving_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return `multiprocessing.connection.Connection._recv`, refused where it would wait."""

    def receive(self: Any, size: int, *args: Any) -> Any:  # noqa: ANN401  # the original's own
        if board.current() is not None and would_wait(self.fileno()):
            refuse("multiprocessing.Connection.recv that would block", IO_REMEDY)
        return original(self, size, *args)

    return receive
