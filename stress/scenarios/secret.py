"""Secrets under many threads: a reader sees the true bytes or `SecretClosed`, never a crash."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from secmem.memory import Secret, SecretClosed, SecretFactory, live_secret_count
from stress.scenarios.scenario import Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

PATTERN: Final = bytes(range(1, 33))  # no zero byte, so that a wiped page is told from a full one


def make_secret(pattern: bytes) -> Secret:
    """Return a secret of `pattern`, as a user would make one."""
    return SecretFactory().new(bytearray(pattern))


def close_while_reading(scale: Scale, *, make: Callable[[bytes], Secret] = make_secret) -> None:
    """Readers read while somebody closes; all reads are whole, and close waits for them."""
    for _ in range(scale.repeats):
        _close_one_while_reading(scale, make)


def _close_one_while_reading(scale: Scale, make: Callable[[bytes], Secret]) -> None:
    secret = make(PATTERN)
    start = threading.Barrier(scale.threads + 1)
    failures: list[str] = []
    readers = [
        threading.Thread(target=_read_many, args=(secret, scale, start, failures), daemon=True)
        for _ in range(scale.threads)
    ]
    closer = threading.Thread(target=_close, args=(secret, scale, start, failures), daemon=True)
    _run([*readers, closer])
    assert not failures, failures[0]
    assert secret.closed, "close returned, and the secret does not say that it is closed"


def create_close_churn(scale: Scale, *, make: Callable[[bytes], Secret] = make_secret) -> None:
    """Threads make, read and close secrets of their own; as many live afterwards as before."""
    live_before = live_secret_count()
    failures: list[str] = []
    _run(
        [
            threading.Thread(target=_churn, args=(make, scale.operations, failures), daemon=True)
            for _ in range(scale.threads)
        ]
    )
    assert not failures, failures[0]
    left = live_secret_count() - live_before
    assert left == 0, f"{left} secrets still live after each was closed"


def access_after_close(scale: Scale, *, make: Callable[[bytes], Secret] = make_secret) -> None:
    """Once close has returned no access succeeds, whichever thread asks."""
    for _ in range(scale.repeats):
        _access_one_after_close(scale, make)


def _access_one_after_close(scale: Scale, make: Callable[[bytes], Secret]) -> None:
    secret = make(PATTERN)
    closed = threading.Event()
    failures: list[str] = []
    readers = [
        threading.Thread(target=_read_late, args=(secret, closed, scale, failures), daemon=True)
        for _ in range(scale.threads)
    ]
    closer = threading.Thread(target=_close_and_tell, args=(secret, closed), daemon=True)
    _run([*readers, closer])
    assert not failures, failures[0]


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _read_many(secret: Secret, scale: Scale, start: threading.Barrier, failures: list[str]) -> None:
    if scale.gather:
        start.wait()
    for _ in range(scale.operations):
        if not _read(secret, failures):
            return


def _read(secret: Secret, failures: list[str]) -> bool:
    """Read once; False if the secret is closed."""
    try:
        with secret.access() as view:
            seen = bytes(view)
    except SecretClosed:
        return False
    if seen != PATTERN:
        failures.append(f"a reader saw {_describe(seen)} instead of the {len(PATTERN)} bytes")
    return True


def _describe(seen: bytes) -> str:
    """Say what is wrong with the bytes without showing them."""
    wrong = sum(a != b for a, b in zip(seen, PATTERN, strict=False))
    return f"{len(seen)} bytes of which {wrong} differ and {seen.count(0)} are zero"


def _close(secret: Secret, scale: Scale, start: threading.Barrier, failures: list[str]) -> None:
    if scale.gather:
        start.wait()
    for _ in range(scale.operations // 2):  # so that the close falls among the others' reads
        _read(secret, failures)
    secret.close()


def _churn(make: Callable[[bytes], Secret], operations: int, failures: list[str]) -> None:
    for _ in range(operations):
        secret = make(PATTERN)
        if not _read(secret, failures):
            failures.append("a secret that nobody closed refused its reader")
        secret.close()
        if _read(secret, failures):
            failures.append("a closed secret let its own maker read")


def _read_late(secret: Secret, closed: threading.Event, scale: Scale, failures: list[str]) -> None:
    for _ in range(scale.operations):
        was_closed = closed.is_set()
        if _read(secret, failures) and was_closed:
            failures.append("an access that began after close had returned was let in")
    if scale.gather:
        closed.wait()
        if _read(secret, failures):
            failures.append("an access that began after close had returned was let in")


def _close_and_tell(secret: Secret, closed: threading.Event) -> None:
    secret.close()
    closed.set()


CLOSE_WHILE_READING: Final = Scenario(
    name="close_while_reading",
    body=close_while_reading,
    exploration_scale=Scale(threads=2, operations=1),
    stress_scale=Scale(threads=20, operations=100, repeats=20, gather=True),
    what="a secret is closed while threads read it: whole reads or SecretClosed, and close waits",
)
CREATE_CLOSE_CHURN: Final = Scenario(
    name="create_close_churn",
    body=create_close_churn,
    exploration_scale=Scale(threads=2, operations=1),
    stress_scale=Scale(threads=3, operations=1_000, gather=True),
    what="threads make, read and close secrets: afterwards none lives and nothing is left behind",
)
ACCESS_AFTER_CLOSE: Final = Scenario(
    name="access_after_close",
    body=access_after_close,
    exploration_scale=Scale(threads=2, operations=1),
    stress_scale=Scale(threads=20, operations=100, repeats=20, gather=True),
    what="once close has returned every access raises SecretClosed, in every thread",
)
