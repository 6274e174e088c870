"""What secrets, readers and streams do when calls come one after the other, for histories.

A close takes effect in one moment here: whoever reads before it gets the bytes, whoever reads after
it gets `SecretClosed`. `Secret.closed` is left out: it says that the bytes are wiped, which is
later than the moment from which accesses are refused, so it is not of one piece with them.

The bytes in a history are bytes of a test, never real ones.

Source: requirements R-SM-01 and the following, D-01 to D-06.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from harness.errors import ArgumentError
from harness.linearizability import REFUSED, Model, Raised
from secmem.memory import EmptySecret, SecretClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.linearizability import Operation, Refused
    from secmem.memory import Secret, SecretReader, SecretStream

CLOSED: Final = Raised(f"{SecretClosed.__module__}.{SecretClosed.__qualname__}")
_State = TypeVar("_State")
EMPTY: Final = Raised(f"{EmptySecret.__module__}.{EmptySecret.__qualname__}")


def _flush(stream: SecretStream) -> bytes:
    with stream.flush() as secret:
        return secret.with_bytes(bytes)


# What a thread calls, by the names that the specifications know. The bytes of an argument are
# copied, because a stream wipes what it was given.
SECRET_CALLS: Final[Mapping[str, Callable[..., object]]] = {
    "read": lambda secret: secret.with_bytes(bytes),
    "len": len,
    "close": lambda secret: secret.close(),
}
STREAM_CALLS: Final[Mapping[str, Callable[..., object]]] = {
    "write": lambda stream, data: stream.write(bytearray(data)),
    "read": lambda stream, size=-1: bytes(stream.read(size)),
    "flush": _flush,
    "size": lambda stream: stream.size,
    "close": lambda stream: stream.close(),
}


class SharedReader:
    """A secret with one reader that several threads share, as one object of a history."""

    def __init__(self, secret: Secret, reader: SecretReader | None = None) -> None:
        self._secret = secret
        self._reader = reader or secret.reader()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        return bytes(self._reader.read(size))

    def tell(self) -> int:
        """Return the position."""
        return self._reader.tell()

    def close(self) -> None:
        """Close the secret."""
        self._secret.close()


class SecretSpecification(Model[bool]):
    """A secret with some content. The state is whether it is open.

    Operations: `read()` returns all bytes, `len()` their number, `close()`.
    """

    name = "secret"

    def __init__(self, content: bytes) -> None:
        self._content = bytes(content)

    def initial(self) -> bool:
        """Return that it is open."""
        return True

    def step(self, state: bool, operation: Operation) -> bool | Refused:  # noqa: FBT001  # the state
        """Return whether it is open after one call."""
        match operation.name:
            case "close":
                return False
            case "read":
                return _answered(operation, self._content if state else CLOSED, state)
            case "len":
                return _answered(operation, len(self._content), state)
            case _:
                raise ArgumentError("operation", operation.name, "read, len or close")

    def observes(self, operation: Operation) -> bool:
        """Say whether it only looks."""
        return operation.name != "close"


class ReaderSpecification(Model[tuple[int, bool]]):
    """A reader of a secret. The state is its position, and whether the secret is open.

    Operations: `read(size)` returns the next bytes, `tell()` the position, `close()` closes the
    secret.
    """

    name = "secret reader"

    def __init__(self, content: bytes) -> None:
        self._content = bytes(content)

    def initial(self) -> tuple[int, bool]:
        """Return the start of an open secret."""
        return 0, True

    def step(self, state: tuple[int, bool], operation: Operation) -> tuple[int, bool] | Refused:
        """Return position and openness after one call."""
        position, is_open = state
        match operation.name:
            case "close":
                return position, False
            case "tell":
                return _answered(operation, position, state)
            case "read" if is_open:
                piece = self._content[position:][_first(operation)]
                return _answered(operation, piece, (position + len(piece), True))
            case "read":
                return _answered(operation, CLOSED, state)
            case _:
                raise ArgumentError("operation", operation.name, "read, tell or close")

    def observes(self, operation: Operation) -> bool:
        """Say whether it only looks."""
        return operation.name == "tell" or operation.output == CLOSED


class StreamSpecification(Model[bytes | None]):
    """A stream. The state is the bytes that wait to be read; None once it is closed.

    Operations: `write(data)` returns how many, `read(size)` takes the next bytes, `flush()` takes
    all as a secret, whose bytes are the output, `size` is how many wait, `close()`.
    """

    name = "secret stream"

    def initial(self) -> bytes:
        """Return an empty stream."""
        return b""

    def step(self, state: bytes | None, operation: Operation) -> bytes | Refused | None:
        """Return what waits to be read after one call."""
        name = operation.name
        if name == "close":
            return None
        if name == "size":
            return _answered(operation, len(state or b""), state)
        if name not in ("write", "read", "flush"):
            raise ArgumentError("operation", name, "write, read, flush, size or close")
        if state is None:
            return _answered(operation, CLOSED, state)
        if name == "write":
            data = bytes(operation.arguments[0])
            return _answered(operation, len(data), state + data)
        if name == "flush":
            return _answered(operation, state or EMPTY, b"")
        piece = state[_first(operation)]
        return _answered(operation, piece, state[len(piece) :])

    def observes(self, operation: Operation) -> bool:
        """Say whether it only looks."""
        return operation.name == "size" or operation.output in (CLOSED, EMPTY)


def _first(operation: Operation) -> slice:
    """Return which of the next bytes a read takes: `size` of them, all if that is negative."""
    size: int = operation.arguments[0] if operation.arguments else -1
    return slice(size if size >= 0 else None)


def _answered(operation: Operation, output: object, after: _State) -> _State | Refused:
    if operation.known and operation.output != output:
        return REFUSED
    return after
