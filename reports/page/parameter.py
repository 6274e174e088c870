"""The number in a benchmark's name: "test_send[threads=8]" was measured with 8 threads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST: Final = 500  # a name of our documents; longer ones are not looked into
_INNER: Final = re.compile(r"(?P<stem>.*?)\[(?P<inside>[^\[\]]*)\]$", re.DOTALL)
_APART: Final = re.compile(r"(?<![0-9][eE])-")  # "8-64" are two, "1e-3" is one
_TOKEN: Final = re.compile(
    r"(?:(?P<key>[A-Za-z_][A-Za-z_ .]*?)\s*[=:_]?\s*)?"
    r"(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"(?P<multiple>[kKMG]i?)?[_ ]?(?P<noun>[A-Za-z_]*)"
)
_MULTIPLES: Final = {
    "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9,
    "ki": 1024.0, "Ki": 1024.0, "Mi": 1024.0**2, "Gi": 1024.0**3,
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_ ]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number in a name.

    Attributes:
        family: The name with a mark in the number's place: what all of one curve share.
        label: What the number counts, as far as the name says.
        text: The number as it stands there.
    """

    family: str
    label: str
    value: float
    text: str


def parameters_of(name: str) -> Iterator[Parameter]:
    """Yield each number that stands in the brackets at the end of a benchmark's name."""
    found = _INNER.fullmatch(name) if len(name) <= _LONGEST else None
    if found is None:
        return
    tokens = _APART.split(found["inside"])
    for place, token in enumerate(tokens):
        match = _TOKEN.fullmatch(token)
        if match is None:
            continue
        label = (match["key"] or match["noun"] or _neighbour(tokens, place)).strip(" _.:=")
        mark = f"{token[: match.start('number')]}*{token[match.end('number') :]}"
        marked = [*tokens[:place], mark, *tokens[place + 1 :]]
        yield Parameter(
            family=f"{found['stem']}[{'-'.join(marked)}]",
            label=label,
            value=float(match["number"]) * _MULTIPLES[match["multiple"] or ""],
            text=match["number"],
        )


def _neighbour(tokens: list[str], place: int) -> str:
    """Return the word beside a number that stands alone: "8-threads"."""
    after = tokens[place + 1] if place + 1 < len(tokens) else ""
    return after if len(tokens) == 2 and _WORD.fullmatch(after) else ""  # noqa: PLR2004
