"""Which secrets of this process live, held weakly, so that they can be counted and purged.

No lock: entries are removed by weak-reference callbacks, and those must not wait.
"""

from __future__ import annotations

import itertools
import os
import weakref
from typing import TYPE_CHECKING, Final

from secmem.memory.errors import PurgeFailed, SecretError

if TYPE_CHECKING:
    from secmem.memory.state import SecretState

__all__ = ["enroll", "live_secret_count", "live_states", "purge_all", "strike_off"]

_serials: Final = itertools.count(1)
_live: Final[dict[int, weakref.ref[SecretState]]] = {}


def enroll(state: SecretState) -> int:
    """Count a secret as live until it is struck off or dropped; return its serial."""
    serial = next(_serials)

    def forget(_: weakref.ref[SecretState]) -> None:
        _live.pop(serial, None)

    _live[serial] = weakref.ref(state, forget)
    return serial


def strike_off(serial: int) -> None:
    """Count a secret as gone."""
    _live.pop(serial, None)


def live_secret_count() -> int:
    """Return how many secrets of this process are not closed yet; clones count once."""
    return len(_live)


def live_states() -> list[SecretState]:
    """Return the live secrets of this process; they stay alive as long as the list does."""
    states = (reference() for reference in tuple(_live.values()))
    return [state for state in states if state is not None]


def purge_all(timeout_s: float | None = None) -> int:
    """Close every live secret of this process and return how many were closed.

    Args:
        timeout_s: How long to wait for the accesses of each secret, in seconds; None waits.

    Raises:
        PurgeFailed: Some could not be closed (an access of this thread, a surviving slice, the
            time ran out, a failing system call); the others are closed all the same.
    """
    closed = 0
    errors: list[Exception] = []
    for state in live_states():
        try:
            state.close(timeout_s)
        except SecretError as error:
            errors.append(error)
        else:
            closed += 1
    if errors:
        raise PurgeFailed(closed, tuple(errors))
    return closed


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_live.clear)
