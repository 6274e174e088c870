"""Timeouts as the standard library takes them, on the virtual clock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from harness.primitives import real

if TYPE_CHECKING:
    from harness.engine.execution import Execution


def deadline_ns(execution: Execution, timeout_s: float | None) -> int | None:
    """Return when a wait of `timeout_s` from now ends; None waits for ever.

    Raises:
        OverflowError: A timeout beyond `threading.TIMEOUT_MAX`.
    """
    if timeout_s is None:
        return None
    if timeout_s > 0:  # a text raises here, as it does in the standard library
        if not timeout_s <= threading.TIMEOUT_MAX:
            real.allocate_lock().acquire(True, timeout_s)  # noqa: FBT003  # raises in real words
        return execution.now_ns + int(timeout_s * 1e9)
    return execution.now_ns


def check_lock_timeout(blocking: bool, timeout_s: float) -> float | None:  # noqa: FBT001  # as `acquire`
    """Check the arguments of `acquire` as a real lock does; None waits for ever.

    Raises:
        ValueError: A timeout for a call that does not block, or a negative one.
        OverflowError: A timeout beyond `threading.TIMEOUT_MAX`.
        TypeError: Not a number.
    """
    real.allocate_lock().acquire(blocking, timeout_s)  # free: it returns at once, or raises
    return None if timeout_s == -1 or not blocking else timeout_s
