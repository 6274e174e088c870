"""What must hold when real threads read and close one secret; a few more of them than exploration.

Exploration wants a body as small as its bug, for it tries all orders. Real threads want more of
them than that: the more come by, the more often one stands where it hurts. A body takes a few
milliseconds, with noise too, and nothing in it waits with a limit.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from secmem.memory import MemoryProtection, SecretClosed, SecretError

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory import Secret
    from tests.planted.secret.assembly import Make

PATTERN: Final = bytes(range(1, 33))  # no zero byte: a wiped page is told from a full one
READERS: Final = 4
READS: Final = 3


def a_close_meets_readers(make: Make) -> None:
    """Each read is whole or refused because of the close, and the close ends."""
    _close_under_readers(make, SecretClosed)


def a_close_meets_patient_readers(make: Make) -> None:
    """As above, but any typed refusal will do: what is sought is the read of an unmapped page."""
    _close_under_readers(make, SecretError)


def readers_meet(make: Make) -> None:
    """All are inside at the same time, each finds the page readable and its read whole."""
    secret = make(PATTERN)
    _together(lambda: _look_and_read(secret))
    secret.close()


def _close_under_readers(make: Make, refusal: type[SecretError]) -> None:
    secret = make(PATTERN)
    _together(lambda: _read_until_refused(secret, refusal), meanwhile=secret.close)
    assert secret.closed, "close returned before the wipe was finished"


def _together(work: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
    threads = [threading.Thread(target=work) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()


def _read_until_refused(secret: Secret, refusal: type[SecretError]) -> None:
    try:
        for _ in range(READS):
            _read(secret)
    except refusal:
        return


def _read(secret: Secret) -> None:
    with secret.access() as view:
        seen = bytes(view)
    assert seen == PATTERN, f"a reader saw {len(seen)} bytes, {seen.count(0)} of them zero"


def _look_and_read(secret: Secret) -> None:
    for _ in range(READS):
        with secret.access() as view:
            state = secret.protection
            assert state is MemoryProtection.READ_ONLY, f"the page of an access has {state.name}"
            assert bytes(view) == PATTERN, "a reader saw other bytes"
