"""The constants of the watched code: an automatic dictionary.

What a program compares with stands in its source more often than not: keywords, magic numbers,
names of fields. Source of the idea: the dictionaries of M. Zalewski's afl-fuzz, and their automatic
harvest from object files in libFuzzer and Go.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 64
MOST_WORDS: Final = 2_000
_SMALL: Final = 256  # an integer of one byte is met by chance
_WIDTHS: Final = (2, 4, 8)


def harvest(tree: ast.AST) -> tuple[bytes, ...]:
    """Return the constants of a module as pieces of an input, in the order of the source."""
    skipped = set(_prose(tree))
    words: dict[bytes, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in skipped:
            words.update(dict.fromkeys(encodings(node.value)))
        if len(words) >= MOST_WORDS:
            break
    return tuple(words)


def encodings(value: object) -> Iterator[bytes]:
    """Yield the ways in which a constant may stand in an input."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        if 0 < len(value) <= LONGEST:
            yield value
    elif type(value) is int and abs(value) >= _SMALL:
        yield str(value).encode()
        signed = value < 0
        for width in _WIDTHS:
            if value.bit_length() + signed <= 8 * width:
                yield value.to_bytes(width, "little", signed=signed)
                yield value.to_bytes(width, "big", signed=signed)
                return
    elif type(value) is float:
        yield repr(value).encode()


def _prose(tree: ast.AST) -> Iterator[int]:
    """Yield the nodes that are for people: documentation and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        for field in ("annotation", "returns"):
            annotation = getattr(node, field, None)
            if isinstance(annotation, ast.AST):
                yield from map(id, ast.walk(annotation))
