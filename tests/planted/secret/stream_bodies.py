"""What must hold for readers and streams: every byte comes out once, and in its order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from secmem.memory import SecretFactory, SecretReader, SecretStream, SystemCallFailed
from tests.planted.secret._ledger import LedgerCalls

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


def two_share_a_reader(make: type[SecretReader]) -> None:
    """Two threads read halves through one reader; together they have the whole."""
    secret = SecretFactory().new(bytearray(b"abcd"))
    seen = _by_two(make(secret))
    assert sorted(seen) == [b"ab", b"cd"], f"of abcd the two readers got {seen}"
    secret.close()


def two_share_a_stream(make: type[SecretStream]) -> None:
    """Two threads read halves of the first chunk; the second chunk is still to come, whole."""
    stream = make()
    for chunk in (b"abcd", b"efgh"):
        stream.write(bytearray(chunk))
    seen = _by_two(stream)
    assert sorted(seen) == [b"ab", b"cd"], f"of abcd the two readers got {seen}"
    rest = bytes(stream.read(4))
    assert rest == b"efgh", f"instead of efgh there came {rest!r}"
    stream.close()


def a_read_fails(make: Callable[[SecretFactory], SecretStream], rng: random.Random) -> None:
    """Reads that fail lose nothing: what comes out in the end is what went in."""
    ledger = LedgerCalls()
    stream = make(SecretFactory(calls=ledger))
    written = b""
    for _ in range(rng.randrange(1, 4)):
        chunk = rng.randbytes(rng.randrange(1, 9))
        written += chunk
        stream.write(bytearray(chunk))
    came = b""
    for _ in written:  # each turn reads at least one byte
        ledger.fail("READ_ONLY", rng.randrange(1, 4))
        came += _try_to_read(stream, rng.randrange(1, len(written) + 1), ledger)
        came += bytes(stream.read(1))
    assert came == written, f"of {len(written)} bytes {len(came)} came, not all in their order"
    stream.close()


def _by_two(source: SecretReader | SecretStream) -> list[bytes]:
    seen: list[bytes] = []

    def take() -> None:
        seen.append(bytes(source.read(2)))

    other = threading.Thread(target=take)
    other.start()
    take()
    other.join()
    return seen


def _try_to_read(stream: SecretStream, size: int, ledger: LedgerCalls) -> bytes:
    try:
        return bytes(stream.read(size))
    except SystemCallFailed:
        return b""
    finally:
        ledger.allow_all()  # before the error goes, and with it what it alone keeps alive
