"""What must hold for the memory of a process that used secrets, scanned from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.probes import Form, residue

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from secmem.memory import Secret, SecretFactory

TARGETS: Final = "tests.planted.secret.residue_targets"


def making_leaves_nothing(make: type[SecretFactory], rng: random.Random) -> None:
    """Secrets are made of a key, and no page that can be read holds any of it."""
    _scan(f"{TARGETS}:makes_secrets", make, rng)


def transforming_leaves_nothing(make: type[SecretFactory], rng: random.Random) -> None:
    """Transforms return copies of a key, and no page that can be read holds any of it."""
    _scan(f"{TARGETS}:transforms_secrets", make, rng)


def failing_to_conceal_leaves_nothing(make: Callable[..., Secret], rng: random.Random) -> None:
    """A page cannot be closed after an access; who is told repairs it, and nothing is left."""
    _scan(f"{TARGETS}:fails_to_conceal", make, rng)


def failing_to_make_leaves_nothing(make: Callable[..., Secret], rng: random.Random) -> None:
    """Constructions fail after the bytes were written, and no page holds any of them."""
    _scan(f"{TARGETS}:fails_to_make", make, rng)


def unlocked_pages_hold_nothing(make: Callable[..., Secret], rng: random.Random) -> None:
    """When the pages of a closed secret may go to swap, nothing is in them: slack included."""
    _scan(f"{TARGETS}:stops_at_unlock", make, rng)


def wiping_leaves_nothing(make: Callable[..., None], rng: random.Random) -> None:
    """Buffers of a key are wiped, and no page that can be read holds any of it."""
    _scan(f"{TARGETS}:wipes_buffers", make, rng)


def _scan(target: str, make: Callable[..., object], rng: random.Random) -> None:
    (seen,) = residue.examine(
        target,
        key=rng.randbytes(32),
        arguments={"maker": f"{make.__module__}:{make.__qualname__}"},
        forms=(Form.RAW,),  # nothing here writes a key in another form
    )
    assert seen.residue.clean, str(seen.residue)
