"""What must hold when a system call fails, a callback raises or a slice stays; one example a call.

The nth call of the page layer fails (see _ledger.py). No wait has an end of its own but 0 seconds,
so a secret that would hang says so at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from secmem.memory import (
    AlignedMemory,
    CloseInsideAccess,
    MemoryProtection,
    ProtectionState,
    SystemCallFailed,
    ViewEscaped,
)
from tests.planted.secret._ledger import LedgerCalls, bytes_not_zero, write_through

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from secmem.memory import Secret
    from tests.planted.secret.assembly import Make

MOST_BYTES: Final = 9_000  # a little past two pages
# What a construction asks the system for, in its order; the second protect closes the full page.
CONSTRUCTION: Final = (
    ("map", 1),
    ("lock", 1),
    ("exclude_from_dump", 1),
    ("wipe_on_fork", 1),
    ("protect", 1),
    ("protect", 2),
)
STATES: Final = tuple(MemoryProtection)


def construction_fails(make: Make, rng: random.Random) -> None:
    """A construction that fails says so and leaves no page, no lock and no byte."""
    ledger = LedgerCalls()
    call, nth = rng.choice(CONSTRUCTION)
    ledger.fail(call, nth)
    try:
        make(_some_bytes(rng), calls=ledger)
    except SystemCallFailed:
        pass
    else:
        raise AssertionError(f"{call} number {nth} failed, and nobody was told")
    assert not ledger.mapped, f"after {call} failed {len(ledger.mapped)} mappings are left behind"
    _check_wiped(ledger)


def close_fails(make: Make, rng: random.Random) -> None:
    """A close in which a call fails says so, does the rest, and ends closed and wiped."""
    ledger = LedgerCalls()
    secret = make(_some_bytes(rng), calls=ledger)
    failing = rng.choice(("protect", "unlock", "unmap"))
    ledger.fail(failing)
    try:
        secret.close()
    except SystemCallFailed:
        pass
    else:
        raise AssertionError(f"{failing} failed in close, and nobody was told")
    assert secret.closed, "the secret is not closed"
    left = sum(bytes_not_zero(base, size) for base, size in ledger.mapped.items())
    assert not left, f"{failing} failed in close, and {left} bytes of the secret are still mapped"
    assert failing == "unmap" or not ledger.mapped, f"{failing} failed, and the pages stay mapped"
    _check_wiped(ledger)
    secret.close(timeout_s=0)


def leaving_fails(make: Make, rng: random.Random) -> None:
    """A page that cannot be closed on leaving is reported, and repaired by what comes next."""
    ledger = LedgerCalls()
    secret = make(_some_bytes(rng), calls=ledger)
    ledger.fail("protect", 2)  # the first opens the page
    try:
        secret.with_bytes(len)
    except SystemCallFailed:
        pass
    else:
        raise AssertionError("the page stays readable after the last access, and nobody was told")
    ledger.allow_all()
    if rng.random() < 0.5:  # the two ways to a repair
        secret.with_bytes(len)
        _check_shut(secret)
    secret.close(timeout_s=0)
    assert not ledger.mapped, "the closed secret is still mapped"
    _check_wiped(ledger)


def life_and_end(make: Make, rng: random.Random) -> None:
    """At the end every byte is wiped before it is unlocked, the slack behind the length too."""
    ledger = LedgerCalls()
    secret = make(_some_bytes(rng), calls=ledger)
    cell = secret._state.cell
    slack = cell.capacity - cell.length
    if slack:
        write_through(cell.address + cell.length, rng.randbytes(slack))
    for _ in range(rng.randrange(3)):
        secret.with_bytes(len)
    secret.close()
    assert not ledger.mapped, "the closed secret is still mapped"
    _check_wiped(ledger)


def functions_raise(make: Make, rng: random.Random) -> None:
    """However an access ends, the page is shut after it and a close need not wait."""
    secret = make(_some_bytes(rng))
    for _ in range(rng.randrange(1, 4)):
        _call(secret, raising=rng.random() < 0.5)  # both endings
        _check_shut(secret)
    secret.close(timeout_s=0)


def close_from_inside(make: Make, rng: random.Random) -> None:
    """A close inside the secret's own access is refused, at any depth."""
    secret = make(_some_bytes(rng))
    refused = _close_inside(secret, depth=rng.randrange(1, 4))
    assert refused, "a close inside the secret's own access was not refused"
    secret.close()


def slice_survives(make: Make, rng: random.Random) -> None:
    """What is kept of a view past its access is reported; without it, nothing is."""
    secret = make(_some_bytes(rng))
    keep = rng.choice((None, *WAYS_TO_KEEP))
    kept: list[object] = []
    told = False
    try:
        with secret.access() as view:
            if keep is not None:
                kept.append(keep(view))
    except ViewEscaped:
        told = True
    assert told == bool(kept), "a slice outlived its access unnoticed" if kept else "a false alarm"
    kept.clear()
    _check_shut(secret)
    secret.close(timeout_s=0)


def states_follow(make: Callable[[MemoryProtection], ProtectionState], rng: random.Random) -> None:
    """The state is what the last successful call set, and the state that holds costs no call."""
    ledger = LedgerCalls()
    memory = AlignedMemory(1, calls=ledger)
    state, expected = make(MemoryProtection.READ_WRITE), MemoryProtection.READ_WRITE
    for _ in range(6):
        target, fails = rng.choice(STATES), rng.random() < 0.3
        ledger.fail("protect", times=1 if fails else 0)
        before = ledger.count("protect")
        try:
            state.transition_to(memory, target)
        except SystemCallFailed:
            assert fails, "a call that was let through is reported as failed"
        else:
            assert target is expected or not fails, "a call that failed is not reported"
            expected, changed = target, target is not expected
            calls = ledger.count("protect") - before
            assert calls == changed, f"{calls} calls to reach the state that holds already"
        assert state.current is expected, (
            f"the pages have {expected.name}, not {state.current.name}"
        )
    ledger.allow_all()
    memory.release()


WAYS_TO_KEEP: Final[tuple[Callable[[memoryview], object], ...]] = (
    lambda view: view[:1],
    lambda view: view[::2],
    lambda view: view.cast("b"),
    memoryview,
    lambda view: iter(view[:2]),
)


def _some_bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(1, MOST_BYTES)) + b"\x01"


def _check_shut(secret: Secret) -> None:
    state = secret.protection
    assert state is MemoryProtection.NO_ACCESS, f"nobody is inside, and the page has {state.name}"
    readable = bytes_readable(secret._state.cell.address)
    assert not readable, "nobody is inside, and the page can be read"


def _check_wiped(ledger: LedgerCalls) -> None:
    for call in ("unlock", "unmap"):
        left = ledger.unwiped_at(call)
        assert not left, f"{left} bytes were not wiped before {call}"


def _call(secret: Secret, *, raising: bool) -> None:
    def use(view: memoryview) -> int:
        if raising:
            raise LookupError
        return len(view)

    try:
        secret.with_bytes(use)
    except LookupError:
        assert raising


def _close_inside(secret: Secret, *, depth: int) -> bool:
    with secret.access():
        if depth > 1:
            return _close_inside(secret, depth=depth - 1)
        try:
            secret.close()
        except CloseInsideAccess:
            return True
    return False


def bytes_readable(address: int) -> bool:
    """Return whether the page at `address` can be read now; never a crash."""
    from harness.probes import page_is_readable  # noqa: PLC0415  # it loads ctypes and selectors

    return page_is_readable(os.getpid(), address)
