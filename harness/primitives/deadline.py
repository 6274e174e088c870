"""Timeouts as the standard library takes them, on the virtual clock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.engine.execution import Execution


def deadline_ns(execution: Execution, timeout_s: float | None) -> int | None:
    """Return when a wait of `timeout_s` from now ends; None waits for ever."""
    if timeout_s is None:
        return None
    return execution.now_ns + max(int(timeout_s * 1e9), 0)


def check_lock_timeout(timeout_s: float, *, blocking: bool) -> float | None:
    """Check the arguments of `acquire` as a real lock does; None waits for ever.

    Raises:
        ValueError: A timeout for a call that does not block, or a negative one.
        OverflowError: A timeout beyond `threading.TIMEOUT_MAX`.
    """
    if not isinstance(timeout_s, int | float):
        raise TypeError(f"timeout must be a number of seconds, not {type(timeout_s).__name__}")
    if timeout_s == -1:
        return None
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout_s < 0:
        raise ValueError("timeout value must be a non-negative number")
    if timeout_s > threading.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    return timeout_s
