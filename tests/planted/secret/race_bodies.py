"""What must hold when threads read and close one secret; tiny, so that few schedules suffice.

No body waits with a limit, and a read is one copy: what is wrong with it shows as wrong bytes, as
another error than `SecretClosed`, or as the end of the process.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from secmem.memory import MemoryProtection, SecretClosed, SecretError

if TYPE_CHECKING:
    from secmem.memory import Secret
    from tests.planted.secret.assembly import Make

PATTERN: Final = bytes(range(1, 33))  # no zero byte: a wiped page is told from a full one


def close_meets_a_reader(make: Make) -> None:
    """One reads, one closes: the read is whole or refused, and the close ends."""
    secret = make(PATTERN)
    reader = threading.Thread(target=_read, args=(secret,))
    reader.start()
    secret.close()
    reader.join()
    assert secret.closed, "close returned before the wipe was finished"


def close_meets_a_patient_reader(make: Make) -> None:
    """As above, but any typed refusal will do: what is sought is the read of an unmapped page.

    The pages know that they are given back, and mostly refuse before the secret would have.
    """
    secret = make(PATTERN)
    reader = threading.Thread(target=_read, args=(secret, SecretError))
    reader.start()
    secret.close()
    reader.join()


def two_read(make: Make) -> None:
    """Two read at the same time, and both reads are whole."""
    secret = make(PATTERN)
    other = threading.Thread(target=_read, args=(secret,))
    other.start()
    _read(secret)
    other.join()
    secret.close()


def two_find_the_page_open(make: Make) -> None:
    """Two are inside at the same time, and the page is readable for each of them."""
    secret = make(PATTERN)
    other = threading.Thread(target=_look, args=(secret,))
    other.start()
    _look(secret)
    other.join()
    secret.close()


def callbacks_meet(make: Make) -> None:
    """Two functions run inside at once and wait for each other there."""
    secret = make(PATTERN)
    both = threading.Barrier(2)
    other = threading.Thread(target=secret.with_bytes, args=(lambda _: both.wait(),))
    other.start()
    secret.with_bytes(lambda _: both.wait())
    other.join()
    secret.close()


def two_close(make: Make) -> None:
    """Two close at the same time; each finds the secret wiped when its close returns."""
    secret = make(PATTERN)
    other = threading.Thread(target=_close, args=(secret,))
    other.start()
    _close(secret)
    other.join()


def _read(secret: Secret, refusal: type[SecretError] = SecretClosed) -> None:
    try:
        with secret.access() as view:
            seen = bytes(view)
    except refusal:
        return
    assert seen == PATTERN, f"a reader saw {len(seen)} bytes, {seen.count(0)} of them zero"


def _look(secret: Secret) -> None:
    with secret.access():
        state = secret.protection
    assert state is MemoryProtection.READ_ONLY, f"inside an access the page has {state.name}"


def _close(secret: Secret) -> None:
    secret.close()
    assert secret.closed, "close returned before the wipe was finished"
