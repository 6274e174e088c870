"""Where in a JSON text something stands: looked for only once it is refused.

Reading is done by the C parser, which keeps no places. Whoever refuses a value walks the text a
second time, along the value's path; what does not lie on the path is skipped by the C parser again.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

from reports import limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Step = str | int

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)
_NO_NUMBERS: Final = json.JSONDecoder(parse_int=lambda _: 0, parse_float=lambda _: 0.0)
_LONGEST_INTEGER: Final = 4_300  # digits that Python turns into an int; more take quadratic time


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Return the line and the column, both from 1, of the character at `at`."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def offset_of(text: str, path: Sequence[Step]) -> int:
    """Return where the value at `path` begins, or, where it is absent, what should hold it."""
    at = _skip_space(text, 0)
    for step in path:
        inner = _member(text, at, step) if isinstance(step, str) else _entry(text, at, step)
        if inner is None:
            return at
        at = inner
    return at


def repeated_key(text: str) -> int | None:
    """Return where a key stands for the second time in one object."""
    seen: list[set[str] | None] = []  # of each object around, None for a list
    for mark, at, before in _tokens(text):
        if mark in "{[":
            seen.append(set() if mark == "{" else None)
        elif mark in "}]":
            seen.pop()
        elif mark[0] == '"' and before in "{," and seen and (keys := seen[-1]) is not None:
            if (key := json.loads(mark)) in keys:
                return at
            keys.add(key)
    return None


def constant(text: str, names: frozenset[str]) -> int | None:
    """Return where one of the words stands that Python takes for numbers, such as NaN."""
    return next((at for mark, at, _ in _tokens(text) if mark in names), None)


def endless_number(text: str) -> int | None:
    """Return where a number stands that a float cannot hold or that has too many digits."""
    return next((at for mark, at, _ in _tokens(text) if _is_endless(mark)), None)


def too_deep(text: str) -> int | None:
    """Return where the bracket stands that opens one level more than is taken."""
    depth = 0
    for mark, at, _ in _tokens(text):
        depth += (mark in "[{") - (mark in "]}")
        if depth > limits.DEPTH:
            return at
    return None


def _tokens(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield each token, its place, and the token before it."""
    before = " "
    for match in _TOKEN.finditer(text):
        yield match.group(), match.start(), before
        before = match.group()


def _is_endless(token: str) -> bool:
    if token[0] not in "-0123456789":
        return False
    if token.lstrip("-").isdecimal():
        return len(token) > _LONGEST_INTEGER
    try:
        return not math.isfinite(float(token))
    except ValueError:
        return False


def _member(text: str, at: int, name: str) -> int | None:
    """Return where the value of a member begins, of the object that begins at `at`."""
    if text[at] != "{":
        return None
    at = _skip_space(text, at + 1)
    while text[at] != "}":
        key, at = _NO_NUMBERS.raw_decode(text, at)
        at = _skip_space(text, _skip_space(text, at) + 1)  # past the colon
        if key == name:
            return at
        at = _past_value(text, at)
    return None


def _entry(text: str, at: int, index: int) -> int | None:
    """Return where an entry begins, of the list that begins at `at`."""
    if text[at] != "[":
        return None
    at = _skip_space(text, at + 1)
    while text[at] != "]":
        if index == 0:
            return at
        at = _past_value(text, at)
        index -= 1
    return None


def _past_value(text: str, at: int) -> int:
    """Return the place after a value, and after its comma where one follows."""
    at = _skip_space(text, _NO_NUMBERS.raw_decode(text, at)[1])
    return _skip_space(text, at + 1) if text[at] == "," else at


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None, "the pattern matches nothing, too"
    return match.end()
