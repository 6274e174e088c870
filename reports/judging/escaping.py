"""Names from outside, made harmless for where they are shown.

A benchmark's name comes from a file that anybody may have written: it can hold markup, table
borders, mentions of people, characters that turn the direction of text, and control characters
that no XML may hold.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

MOST_CHARS: Final = 160
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_PATH: Final = re.compile(r"(?P<path>[^:*?\"<>|]+\.py)(?:::.*)?", re.DOTALL)


def one_line(text: str, *, most: int = MOST_CHARS) -> str:
    """Return the text on one line, with what cannot be seen spelled out, cut at `most`."""
    seen = "".join(
        char if unicodedata.category(char) not in _UNSEEN else _spelled(char) for char in text
    )
    return seen if len(seen) <= most else seen[: most - 1] + "\u2026"


def many_lines(text: str) -> str:
    """Return the text with its line breaks, and all else that cannot be seen spelled out."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(one_line(line.replace("\t", "    "), most=10_000) for line in lines)


def code_span(text: str, *, most: int = MOST_CHARS) -> str:
    """Return the text as Markdown code that stays in its table cell; markup in it means nothing."""
    shown = one_line(text, most=most)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    # GitHub splits a row at every bar, in code as well, unless a backslash stands before it.
    return fence + pad + shown.replace("|", "\\|") + pad + fence


def file_of(benchmark: str) -> str | None:
    """Return the file that a test's id begins with, as a relative URI; None where it is none."""
    match = _PATH.fullmatch(benchmark)
    if match is None:
        return None
    parts = match["path"].replace("\\", "/").split("/")
    if any(part in {"", ".", ".."} for part in parts) or one_line(match["path"]) != match["path"]:
        return None  # outside the project, or made to look like something else
    return quote("/".join(parts), safe="/")


def _spelled(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004  # two digits
