"""`.holdfast/accepted.toml`: what people accepted, with author and reason, in the repository.

    # Agreed on in the meeting of May.
    [[accepted]]
    alert = "0123456789ab"
    benchmark = "benchmarks/test_parse.py::test_large"
    metric = "time"
    environment = "5f0c..."
    commit = "8d3f2c1..."
    change = 0.153
    author = "Ada <ada@example.org>"
    date = 2026-05-04
    reason = "checks signatures now"

    [[reset]]
    benchmark = "benchmarks/test_io.py::*"
    commit = "91ab03f..."
    author = ...

Writing appends: whatever stands there, comments and order included, stays as it is. What would
come out is read back before it replaces the file, and the file is replaced whole.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tomllib
from typing import TYPE_CHECKING, Any, Final

from reports.errors import BadValueError, ReportsError
from reports.judging.accepted import Acceptances, Accepted, Reset
from reports.judging.accepted_entry import CHANGES, RESETS, accepted_from, reset_from, spelled
from reports.judging.errors import AcceptedFileError
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LARGEST_BYTES: Final = 4 * 1024 * 1024  # twenty thousand entries
_HEADER: Final = re.compile(r"\s*\[\[\s*(accepted|reset)\s*\]\]\s*(?:#.*)?")
_SYNTAX_LINE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_acceptances(path: Path) -> Acceptances:
    """Return the entries of the file; none where there is no file.

    Raises:
        AcceptedFileError: It is no TOML, or an entry is not what it should be; says which line.
    """
    return _parsed(_text(path), path)


def append_entries(path: Path, *entries: Accepted | Reset) -> None:
    """Add entries at the end of the file, which is made when absent.

    Raises:
        AcceptedFileError: What stands there is damaged; it was left as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        text = _text(path)
        before = _parsed(text, path)
        gap = "" if not text else ("\n" if text.endswith("\n") else "\n\n")
        after = text + gap + "\n".join(spelled(entry) for entry in entries)
        expected = Acceptances(
            changes=(*before.changes, *(one for one in entries if isinstance(one, Accepted))),
            resets=(*before.resets, *(one for one in entries if isinstance(one, Reset))),
        )
        _replace(path, after, expected)


def remove_accepted(path: Path, alerts: frozenset[str]) -> tuple[Accepted, ...]:
    """Take the accepted changes of these ids out, and return them.

    Raises:
        AcceptedFileError: The file is damaged, or spelled so that an entry has no lines of its own.
    """
    with _alone(path):
        text = _text(path)
        before = _parsed(text, path)
        gone = tuple(entry for entry in before.changes if entry.alert in alerts)
        if not gone:
            return ()
        kept = tuple(entry for entry in before.changes if entry.alert not in alerts)
        numbers = {at for at, one in enumerate(before.changes) if one.alert in alerts}
        after = _without(text, numbers)
        _replace(path, after, Acceptances(changes=kept, resets=before.resets))
        return gone


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise AcceptedFileError(path, None, f"it cannot be read ({error.strerror})") from error
    if len(data) > _LARGEST_BYTES:
        raise AcceptedFileError(path, None, f"it is larger than {_LARGEST_BYTES:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise AcceptedFileError(path, line, f"byte {error.start} is not UTF-8") from error


def _parsed(text: str, path: Path) -> Acceptances:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        match = _SYNTAX_LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1  # "(at end of document)"
        raise AcceptedFileError(path, line, f"no TOML: {error}") from error
    for name in data:
        if name not in {CHANGES, RESETS}:
            reason = f"{name!r} is no table here; there are [[accepted]] and [[reset]]"
            raise AcceptedFileError(path, _line_of(text, name), reason)
    return Acceptances(
        changes=_entries(data, CHANGES, accepted_from, text=text, path=path),
        resets=_entries(data, RESETS, reset_from, text=text, path=path),
    )


def _entries(
    data: dict[str, Any], name: str, read: Callable[[dict[str, Any]], Any], *, text: str, path: Path
) -> tuple[Any, ...]:
    listed: object = data.get(name, [])
    if not isinstance(listed, list):
        reason = f"{name!r} is one table; write [[{name}]] for each entry"
        raise AcceptedFileError(path, _line_of(text, name), reason)
    lines = [at for at, kind in _headers(text) if kind == name]
    found = []
    for at, values in enumerate(listed):
        line = lines[at] + 1 if len(lines) == len(listed) else None
        if not isinstance(values, dict):
            raise AcceptedFileError(path, line, f"entry {at + 1} of {name!r} is no table")
        try:
            found.append(read(values))
        except BadValueError as error:
            reason = f"entry {at + 1} of {name!r}: {str(error).rstrip('.')}"
            raise AcceptedFileError(path, line, reason) from error
    return tuple(found)


def _headers(text: str) -> Iterator[tuple[int, str]]:
    """Return the index of each line that opens an entry, and which kind it is of."""
    for at, line in enumerate(text.split("\n")):
        match = _HEADER.fullmatch(line.rstrip("\r"))
        if match:
            yield at, match[1]


def _without(text: str, numbers: set[int]) -> str:
    """Return the text less the accepted entries of these numbers; comments above others stay."""
    lines = text.split("\n")
    headers = list(_headers(text))
    kept = list(range(len(lines)))
    number = -1
    for place, (at, kind) in enumerate(headers):
        number += kind == CHANGES
        if kind != CHANGES or number not in numbers:
            continue
        end = headers[place + 1][0] if place + 1 < len(headers) else len(lines)
        while end > at + 1 and not lines[end - 1].strip().partition("#")[0]:
            end -= 1  # blank lines and comments before the next entry are the next entry's
        kept = [one for one in kept if not at <= one < end]
    return "\n".join(lines[one] for one in kept).lstrip("\n")


def _replace(path: Path, text: str, expected: Acceptances) -> None:
    try:
        result = _parsed(text, path)
    except ReportsError as error:
        raise AcceptedFileError(path, None, f"the new entries do not fit ({error})") from error
    if result != expected:
        reason = "its entries are not spelled as [[accepted]] tables; edit it by hand"
        raise AcceptedFileError(path, None, reason)
    write_atomically(path, text.encode("utf-8"))


def _line_of(text: str, name: str) -> int | None:
    opening = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}\b")
    lines = enumerate(text.split("\n"), 1)
    return next((at for at, line in lines if opening.match(line)), None)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the folder while the file is read and replaced: two commands at once lose no entry."""
    if sys.platform == "win32":
        yield  # folders cannot be opened there; the last writer wins
        return
    import fcntl  # noqa: PLC0415  # absent on Windows
    import os  # noqa: PLC0415

    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
