"""Files whose reads and writes can fail: the usual buffers and texts over a raw file of ours.

What a program sees of a full disk is not that `write` of its file object fails, but that a flush or
a close does, later and elsewhere, when the buffer goes down. So the fault sits below the buffers,
where the system call is.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, WriteableBuffer

    from harness.faults.injection import Faults

_LETTERS: Final = frozenset("rwxabt+")


class FaultyFile(io.FileIO):
    """A raw file each of whose system calls meets the plan first."""

    faults: Faults

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer."""
        self.faults.meet("file.read")
        return super().readinto(buffer)

    def readall(self) -> bytes:
        """Read to the end."""
        self.faults.meet("file.read")
        return super().readall()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most `size` bytes."""
        self.faults.meet("file.read")
        return super().read(-1 if size is None else size)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some or all of the data."""
        self.faults.meet("file.write")
        return super().write(data)

    def truncate(self, size: int | None = None, /) -> int:
        """Change the size of the file."""
        self.faults.meet("file.truncate")
        return super().truncate(size)

    def close(self) -> None:
        """Close; a fault is reported afterwards, as the system does it."""
        was_open = not self.closed
        super().close()
        if was_open:
            self.faults.meet("file.close")


def open_faulty(  # noqa: PLR0913, PLR0917  # as `open` has them
    faults: Faults,
    original: Callable[..., Any],
    file: Any,  # noqa: ANN401  # a path or a number
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,  # noqa: FBT001, FBT002  # as `open` has it
    opener: Any = None,  # noqa: ANN401  # as `open` has it
) -> Any:  # noqa: ANN401  # one of the classes of files
    """Do what `open` does, over a `FaultyFile`."""
    if not _is_usual(mode, buffering, encoding, errors, newline):
        # The original has the words for what is wrong with that.
        return original(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = FaultyFile(file, mode.replace("b", "").replace("t", ""), closefd, opener)
    raw.faults = faults
    try:
        return _dressed(raw, mode, buffering, encoding, errors, newline)
    except BaseException:
        raw.close()
        raise


def _is_usual(mode: object, buffering: int, *of_text: str | None) -> bool:
    if not isinstance(mode, str):
        return False
    letters = set(mode)
    if not letters <= _LETTERS or len(letters & set("rwxa")) != 1 or len(letters) != len(mode):
        return False
    if "b" in letters:
        return "t" not in letters and buffering != 1 and not any(of_text)
    return buffering != 0


def _dressed(  # noqa: PLR0913, PLR0917  # as `open` has them
    raw: FaultyFile,
    mode: str,
    buffering: int,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
) -> Any:  # noqa: ANN401  # one of the classes of files
    if buffering == 0:
        return raw
    size = io.DEFAULT_BUFFER_SIZE if buffering in {-1, 1} else buffering
    buffer: io.BufferedRandom | io.BufferedWriter | io.BufferedReader
    if "+" in mode:
        buffer = io.BufferedRandom(raw, size)
    elif set(mode) & set("wxa"):
        buffer = io.BufferedWriter(raw, size)
    else:
        buffer = io.BufferedReader(raw, size)
    if "b" in mode:
        return buffer
    text = io.TextIOWrapper(
        buffer, io.text_encoding(encoding), errors, newline, line_buffering=buffering == 1
    )
    text.mode = mode  # type: ignore[misc]  # read-only to the types; `open` sets it, too
    return text
