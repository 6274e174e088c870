"""What traces and tokens call the kind of an object."""

from __future__ import annotations

import functools
from typing import Final

CACHED: Final[type] = functools._lru_cache_wrapper  # noqa: SLF001  # it has no other name


def class_name(obj: object) -> tuple[str, bool]:
    """Return the name of an object's kind, and whether it was made for traces."""
    described = getattr(type(obj), "record_name", None)
    if described is not None:
        return described(obj), True
    if type(obj) is CACHED:
        return f"cache of {getattr(obj, '__name__', '?')}()", False
    return type(obj).__name__, False
