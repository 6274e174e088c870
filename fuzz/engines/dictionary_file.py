r"""Dictionaries in the format of libFuzzer and AFL: pieces that inputs are likely to hold.

# a comment
keyword="SELECT"
magic="\x89PNG"
extra@2="in AFL's levels, all of which are taken"
"without a name"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fuzz.engines.errors import DictionaryError

if TYPE_CHECKING:
    from pathlib import Path

_LINE: Final = re.compile(rb'(?:[\w.@+-]+\s*=\s*)?"(?P<piece>(?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_NAMED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b'"': b'"'}


def read_dictionary(path: Path) -> tuple[bytes, ...]:
    """Return the pieces that a file lists, each once.

    Raises:
        DictionaryError: It cannot be read, or a line is not of the format; it names the line.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DictionaryError(path, 0, error.strerror or str(error)) from error
    pieces: dict[bytes, None] = {}
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(b"#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise DictionaryError(path, number, 'it is not NAME="PIECE" or "PIECE"')
        pieces[_unescaped(match["piece"], path, number)] = None
    pieces.pop(b"", None)
    return tuple(pieces)


def _unescaped(text: bytes, path: Path, number: int) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes.fromhex(match[1].decode("ascii"))
        if match[2] in _NAMED:
            return _NAMED[match[2]]
        raise DictionaryError(path, number, f"it has no escape {match[0].decode('latin-1')}")

    return _ESCAPE.sub(one, text)
