"""JSON from outside, read as if somebody hostile had written it.

Python's parser takes NaN, infinities, duplicate keys and any size, and lets deep nesting end in a
RecursionError. Each of these is a refusal here, with the reason and the line.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

from reports import json_places, limits
from reports.errors import DamagedDocumentError
from reports.fields import Fields, Source

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Fields", "Source", "parse", "parse_list", "read_bytes"]

_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
_ALL_BUT_STRUCTURE: Final = bytes(sorted(set(range(256)) - set(b'"[]{}')))
_WORDS: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def read_bytes(path: Path) -> bytes:
    """Return a regular file's bytes, unpacked if it is gzip; at most `limits.DOCUMENT_BYTES`.

    Raises:
        DamagedDocumentError: It cannot be read, is no regular file, or is larger.
    """
    try:
        if not path.is_file():  # a named pipe or device would block or never end
            raise DamagedDocumentError(str(path), "it is not a regular file")
        with path.open("rb") as file:
            data = _read(file)
    except OSError as error:
        raise DamagedDocumentError(str(path), f"it cannot be read ({error.strerror})") from error
    if data.startswith(_GZIP):
        data = _unpacked(data, str(path))
    if len(data) > limits.DOCUMENT_BYTES:
        raise DamagedDocumentError(str(path), f"it is larger than {limits.DOCUMENT_BYTES:,} bytes")
    return data


def _read(file: BinaryIO) -> bytes:
    # As much as there is: asked for all it may be, Python takes that much memory for every file.
    size = min(os.fstat(file.fileno()).st_size, limits.DOCUMENT_BYTES)
    data = file.read(size + 1)
    if len(data) > size:  # it grew, or the system does not tell sizes
        data += file.read(limits.DOCUMENT_BYTES + 1 - len(data))
    return data


def parse(data: bytes, *, document: str, nan: bool = False) -> Fields:
    """Return the fields of the one JSON object in `data`.

    Args:
        nan: Take NaN, which a field of numbers still refuses; whether there was one is
            `Fields.source.nan`.

    Raises:
        DamagedDocumentError: It is not UTF-8, not JSON, not an object, nested too deep, has a
            duplicate key or a number that is not finite.
    """
    value, source = _value(data, document, nan=nan)
    if not isinstance(value, dict):
        source.refuse((), f"it holds a {type(value).__name__} where an object belongs")
    return Fields(value, document=document, source=source)


def parse_list(data: bytes, *, document: str) -> Fields:
    """Return the one JSON list in `data`, as a field without a name; raises as `parse` does."""
    value, source = _value(data, document, nan=False)
    if not isinstance(value, list):
        source.refuse((), f"it holds a {type(value).__name__} where a list belongs")
    return Fields({"": value}, document=document, source=source, path=None)


def _value(data: bytes, document: str, *, nan: bool) -> tuple[Any, Source]:
    text = _text(data, document)
    source = Source(document, text)
    if _nests_too_deep(data):
        source.refuse_at(json_places.too_deep(text), f"it nests deeper than {limits.DEPTH} levels")
    return _decoded(text, source, nan=nan), source


def _text(data: bytes, document: str) -> str:
    if not data.strip():
        raise DamagedDocumentError(document, "it is empty")
    if data.startswith(_BYTE_ORDER_MARK):
        reason = "it begins with a byte order mark, not part of JSON; save it as plain UTF-8"
        raise DamagedDocumentError(document, reason, 1, 1)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in data[:4]:
        raise DamagedDocumentError(document, "it is UTF-16 or UTF-32, not UTF-8; save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DamagedDocumentError(document, f"byte {error.start} is not UTF-8", line) from error


def _decoded(text: str, source: Source, *, nan: bool) -> Any:  # noqa: ANN401  # any JSON
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            source.refuse_at(json_places.repeated_key(text), "a key stands twice in one object")
        return fields

    def finite(number: str) -> float:
        value = float(number)
        if not math.isfinite(value):
            where = json_places.endless_number(text)
            source.refuse_at(where, f"the number {number[:40]} is too large")
        return value

    def constant(name: str) -> float:
        if not nan or name != "NaN":
            where = json_places.constant(text, _WORDS)
            source.refuse_at(where, f"it holds {name}, which is no number")
        source.nan = True
        return math.nan

    try:
        return json.loads(
            text, object_pairs_hook=unique, parse_float=finite, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        _refuse_syntax(error, source)
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        source.refuse_at(json_places.endless_number(text), str(error)[:200])


def _refuse_syntax(error: json.JSONDecodeError, source: Source) -> NoReturn:
    if error.pos >= len(source.text.rstrip()) or error.msg.startswith("Unterminated string"):
        reason = f"no JSON: it ends in the middle of a value, as if cut short ({error.msg})"
    else:
        reason = f"no JSON: {error.msg}"
    source.refuse_at(error.pos, reason)


def _nests_too_deep(data: bytes) -> bool:
    # Counted before parsing: a recursion limit hit inside the C parser differs by Python version.
    # Only what brackets there are outside strings is looked at, one level at a time from within.
    if b"\\" in data:
        data = _ESCAPED.sub(b"", data)  # an escaped quote ends no string
    outside = data.translate(None, _ALL_BUT_STRUCTURE).split(b'"')[::2]
    rest = brackets = b"".join(outside)
    for _ in range(limits.DEPTH // 2):  # a round takes two levels where both kinds alternate
        if not rest:
            return False
        rest = rest.replace(b"[]", b"").replace(b"{}", b"")
    return bool(rest) and _deepens_too_far(brackets)


def _deepens_too_far(brackets: bytes) -> bool:
    """Return whether they really nest so deep; unbalanced ones are the parser's to refuse."""
    depth = 0
    for mark in brackets:
        depth += 1 if mark in b"[{" else -1
        if depth > limits.DEPTH:
            return True
    return False


def _unpacked(data: bytes, document: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            return file.read(limits.DOCUMENT_BYTES + 1)  # a bomb is not unpacked further
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedDocumentError(document, f"it is damaged gzip ({error})") from error
