"""Hooks for exceptions that nobody catches: what a test may not leave behind.

The engine takes a `threading.excepthook` for the program's own, which has dealt with the exception:
one that a test forgets makes the findings of later tests of the process vanish.
"""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any

Hooks = tuple[Any, Any]


def present() -> Hooks:
    """Return the hooks of threads and of finalisers."""
    return threading.excepthook, sys.unraisablehook


def put_back(hooks: Hooks) -> None:
    """Set both hooks."""
    threading.excepthook, sys.unraisablehook = hooks


def left_behind(before: Hooks, after: Hooks) -> list[str]:
    """Name each hook that is another one now, but for pytest's: some versions renew theirs."""
    return [
        f"{old!r} became {new!r}"
        for old, new in zip(before, after, strict=True)
        if new is not old and not (_is_pytests(old) and _is_pytests(new))
    ]


def _is_pytests(hook: Any) -> bool:
    plain = hook.func if isinstance(hook, functools.partial) else hook
    return str(getattr(plain, "__module__", "")).startswith("_pytest")
