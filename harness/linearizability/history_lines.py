"""Reads a file line by line in bounded memory, and each line as one JSON object.

Nothing is taken on trust: lines, nesting, numbers and the whole have limits, what JSON leaves open
(a field that comes twice, NaN, numbers without end) is an error, and so is what is no UTF-8.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from harness.errors import ArgumentError
from harness.linearizability.errors import HistoryFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DIGITS: Final = 1_000  # of one whole number: to read and print longer ones takes quadratic time
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_SHOWN_BYTES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """What a file may hold, so that reading it takes a bounded amount of memory.

    Attributes:
        operations: Records.
        line_bytes: Of one line; what is in a line is in memory a few dozen times as large.
        file_bytes: Of the whole.
        values: Values inside of arrays and objects of the whole, each some 200 bytes in memory.
        nesting: Arrays and objects in one another.
    """

    operations: int = 1_000_000
    line_bytes: int = 1 << 20
    file_bytes: int = 1 << 28
    values: int = 4_000_000
    nesting: int = 50

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value: object = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ArgumentError(name, value, "a whole number from 1 on")


class ObjectLines:
    """The JSON objects of a file, one a line. Of one thread; can be read once.

    Attributes:
        line: The number of the last line that was read, from 1.
    """

    def __init__(self, stream: IO[bytes], *, source: str, limits: FileLimits) -> None:
        self.line = 0
        self._stream = stream
        self._source = source
        self._limits = limits
        self._read_bytes = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while raw := self._next():
            text = self._text(raw)
            if text and not text.isspace():
                yield self._object(text, ended=raw.endswith(b"\n"))

    def fail(self, problem: str, takes: str, *, column: int | None = None) -> NoReturn:
        """Raise the error that says what is wrong in the last line.

        Raises:
            HistoryFileError: Always.
        """
        raise HistoryFileError(self._source, self.line, column, problem, takes)

    def _next(self) -> bytes:
        limit = self._limits.line_bytes
        raw = self._stream.readline(limit + 2)
        self.line += 1
        self._read_bytes += len(raw)
        if len(raw.rstrip(b"\r\n")) > limit:
            self.fail(f"the line is longer than {limit} bytes", "one record a line")
        if self._read_bytes > self._limits.file_bytes:
            self.fail(f"more than {self._limits.file_bytes} bytes", "a shorter history")
        return raw

    def _text(self, raw: bytes) -> str:
        if self.line == 1:
            if raw.startswith(_UTF16):
                self.fail("the file is UTF-16", "UTF-8")
            raw = raw.removeprefix(_BOM)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.start + 1].hex()
            self.fail(f"the byte 0x{bad} is no UTF-8", "UTF-8", column=error.start + 1)

    def _object(self, text: str, *, ended: bool) -> dict[str, Any]:
        try:
            value = _DECODER.decode(text)
        except json.JSONDecodeError as error:
            problem = (
                f"no JSON: {error.msg[:1].lower()}{error.msg[1:]}, at {_shown(text, error.pos)}"
            )
            if not ended:
                problem = f"the file ends in the middle of a record ({problem})"
            self.fail(problem, "a JSON object a line", column=error.colno)
        except RecursionError:
            self._too_deep()
        except _RefusedError as refused:
            self.fail(refused.problem, refused.takes)
        if not isinstance(value, dict):
            self.fail(f"{_kind(value)} where a record should be", "a JSON object a line")
        self._check_depth(value)
        return value

    def _check_depth(self, value: object) -> None:
        """Refuse what nests too deep; without recursion, for it may be deep."""
        level, depth = [value], 0
        while level:
            depth += 1
            if depth > self._limits.nesting + 1:
                self._too_deep()
            inner: list[object] = []
            for one in level:
                if isinstance(one, dict):
                    inner.extend(one.values())
                elif isinstance(one, list):
                    inner.extend(one)
            level = [one for one in inner if isinstance(one, dict | list)]

    def _too_deep(self) -> NoReturn:
        nesting = self._limits.nesting
        self.fail(f"more than {nesting} arrays and objects in one another", "flatter values")


class _RefusedError(Exception):
    """JSON that this file may not hold."""

    def __init__(self, problem: str, takes: str) -> None:
        super().__init__(problem, takes)
        self.problem = problem
        self.takes = takes


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        count = Counter(name for name, _ in pairs)
        double = next(name for name in count if count[name] > 1)
        raise _RefusedError(f"the field {_cut(double)} comes twice", "each field once")
    return found


def _no_constant(text: str) -> NoReturn:
    raise _RefusedError(
        f"{text} is no JSON number", 'finite numbers, or {"float": "nan"} as a value'
    )


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _RefusedError(f"a number of {len(text)} digits", f"at most {MAX_DIGITS} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"{_cut(text)} is too large for a float", "finite numbers")
    return value


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(text: str, place: int) -> str:
    rest = text[place : place + _SHOWN_BYTES].rstrip()
    return repr(rest) if rest else "the end of the line"


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_BYTES else text[:_SHOWN_BYTES] + "...")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_without_doubles,
    parse_constant=_no_constant,
    parse_int=_whole,
    parse_float=_finite,
)
