"""What a test leaves in the process is seen, and named."""

from __future__ import annotations

import sys
import threading

from tests import thread_hooks


def test_a_hook_that_stays_is_named() -> None:
    before = thread_hooks.present()
    threading.excepthook = print
    try:
        changed = thread_hooks.left_behind(before, thread_hooks.present())
    finally:
        thread_hooks.put_back(before)
    assert len(changed) == 1
    assert "became <built-in function print>" in changed[0]
    assert thread_hooks.left_behind(before, thread_hooks.present()) == []


def test_the_hook_of_finalisers_counts_too() -> None:
    before = thread_hooks.present()
    sys.unraisablehook = print
    try:
        assert thread_hooks.left_behind(before, thread_hooks.present())
    finally:
        thread_hooks.put_back(before)
