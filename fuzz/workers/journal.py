"""The journal: what a worker reports, a line of JSON each, appended to a file.

The file outlives both processes. A reader keeps the place up to which it has read, so whoever
stores that place with what was read takes every report once, even after `kill -9` of either side.
A line that a death cut short is never half a report: a reader waits for its end, and a later writer
ends it first.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from fuzz.workers.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

Report = dict[str, Any]

# Taken at one look, so that a look stays short; the rest comes at the next. A report has an input
# of 64 KiB in hex and a story of 20,000 characters at most.
_MOST_BYTES: Final = 1 << 22


class Journal:
    """Appends reports. For the process that made it: a forked copy of it writes nothing.

    The file is opened anew for each report. Reports are few, and a target that closes descriptors
    that are not its own would otherwise have us write into a file of the target's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._owner = os.getpid()

    def send(self, kind: str, **fields: Any) -> None:  # noqa: ANN401  # plain values
        """Append one report at once.

        Raises:
            JournalError: The file cannot be written, so what is found would be lost.
        """
        if os.getpid() != self._owner:
            return
        line = json.dumps({"report": kind, **fields}).encode() + b"\n"
        try:
            with self._path.open("ab+", buffering=0) as file:
                if _is_torn(file.fileno()):
                    line = b"\n" + line
                if file.write(line) != len(line):
                    raise JournalError(self._path, "only a part of a report could be written")
        except OSError as error:
            raise JournalError(self._path, error.strerror or str(error)) from error


def _is_torn(descriptor: int) -> bool:
    """Tell whether the last line has no end: its writer died."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return False
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) != b"\n"


class JournalReader:
    """Reads what has come since the last time.

    Attributes:
        offset: Bytes that were read; give it to the next reader of the same file.
        damaged: Lines that were whole and no report: cut short by a death, or of something else.
    """

    def __init__(self, path: Path, *, offset: int = 0) -> None:
        self._path = path
        self.offset = offset
        self.damaged = 0

    def read(self) -> list[Report]:
        """Return the reports whose lines are complete; none while there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and len(data) == _MOST_BYTES:
            whole = data  # longer than any report: not ours, and no reason to stand still
        self.offset += len(whole)
        return [report for line in whole.splitlines() for report in self._parsed(line)]

    def rest(self) -> list[Report]:
        """Return all reports there are, for a journal whose writer is dead: nothing comes after.

        `read` takes a part of a long journal, and leaves the rest to a next time that the dead's
        files may not live to see.
        """
        found, before = [], -1
        while self.offset != before:
            before = self.offset
            found += self.read()
        return found

    def _parsed(self, line: bytes) -> list[Report]:
        try:
            report = json.loads(line)
        except ValueError:
            report = None
        if isinstance(report, dict) and "report" in report:
            return [report]
        self.damaged += 1
        return []
