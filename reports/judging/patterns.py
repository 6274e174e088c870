"""Patterns over names of benchmarks: `*` and `?` alone mean something.

The brackets of `test_parse[100]` stand in every second name, so that `fnmatch`, which takes them
for a set of characters, would match the wrong benchmarks.
"""

from __future__ import annotations

import functools
import re

_WILD = {"*": ".*", "?": "."}


def matches(pattern: str, name: str) -> bool:
    """Return whether the whole of `name` is what `pattern` describes."""
    return pattern == name or _compiled(pattern).fullmatch(name) is not None


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Runs of stars mean what one means, and would make the search for a match exponential.
    single = re.sub(r"\*+", "*", pattern)
    return re.compile("".join(_WILD.get(char) or re.escape(char) for char in single), re.DOTALL)
