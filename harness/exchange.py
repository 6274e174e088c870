"""What a parent and its child exchange: files of one folder, which outlive what kills the child.

Messages that the child appends, the journal of the running execution, and the last words of the
interpreter.
"""

from __future__ import annotations

import pickle
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.errors import HarnessError
from harness.headway import Headway
from harness.journal import Journal

_LENGTH: Final = struct.Struct("<I")


class ChildFailedError(HarnessError):
    """An isolated child could not do its job; `report` is what it said."""

    def __init__(self, report: str) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return f"the isolated child failed: {self.report}"


@dataclass(slots=True)
class Outcome:
    """What came back from a child.

    Attributes:
        result: What the job returned; None if it did not get so far.
        notes: The messages that it sent on the way.
        headway: How far it was when it last said so.
        death: What killed it, in words; empty if it left by itself.
        stack: The lines that it was in when it was killed, innermost last.
        status: Its exit status, if it left by itself.
    """

    result: Any = None
    error: BaseException | None = None
    notes: list[Any] = field(default_factory=list)
    headway: Headway | None = None
    death: str = ""
    stack: tuple[str, ...] = ()
    status: int = 0
    done: bool = False
    interrupted: bool = False


class Exchange:
    """The folder through which a parent and its child talk; its journal is open."""

    __slots__ = ("_own", "_read", "folder", "journal")

    def __init__(self, folder: Path | None = None) -> None:
        """Open a child's folder; None makes a new one, which `close` removes."""
        self._own = None
        if folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="holdfast-", ignore_cleanup_errors=True)
            folder = Path(self._own.name)
        self.folder = folder
        self.journal = Journal(folder / "journal")
        self._read = 0

    @property
    def messages(self) -> Path:
        """The file that the child appends to."""
        return self.folder / "messages"

    @property
    def words(self) -> Path:
        """The file that the interpreter's last words go to."""
        return self.folder / "words"

    def clear(self) -> None:
        """Forget what the last child left here."""
        self.messages.write_bytes(b"")
        self.words.write_bytes(b"")
        self.journal.clear()
        self._read = 0

    def take(self, outcome: Outcome) -> bool:
        """Read what the child has said since; say if there was anything."""
        with self.messages.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        start = 0
        while len(data) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, start)
            end = start + _LENGTH.size + length
            if end > len(data):
                break  # still being written, or cut off by what killed the child
            _file_message(data[start + _LENGTH.size : end], outcome)
            start = end
        self._read += start
        return start > 0

    def close(self) -> None:
        """Remove what was made here."""
        self.journal.close()
        if self._own is not None:
            self._own.cleanup()


def _file_message(message: bytes, outcome: Outcome) -> None:
    kind, value = pickle.loads(message)  # noqa: S301  # from our own child, in our own folder
    if isinstance(value, Headway):
        outcome.headway = value
    elif kind == "note":
        outcome.notes.append(value)
    elif kind == "result":
        outcome.result, outcome.done = value, True
    else:
        outcome.error, outcome.done = value, True


def packed(kind: str, value: object) -> bytes:
    """Return a message as the file holds it: its length, its kind, its value."""
    data = pickle.dumps((kind, value))
    return _LENGTH.pack(len(data)) + data
