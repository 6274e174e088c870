"""What must hold for the memory of a process that used secrets, scanned from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.probes import Form, residue

if TYPE_CHECKING:
    import random

    from secmem.memory import SecretFactory

TARGETS: Final = "tests.planted.secret.residue_targets"


def making_leaves_nothing(make: type[SecretFactory], rng: random.Random) -> None:
    """Secrets are made of a key, and no page that can be read holds any of it."""
    _scan(f"{TARGETS}:makes_secrets", make, rng)


def transforming_leaves_nothing(make: type[SecretFactory], rng: random.Random) -> None:
    """Transforms return copies of a key, and no page that can be read holds any of it."""
    _scan(f"{TARGETS}:transforms_secrets", make, rng)


def _scan(target: str, make: type[SecretFactory], rng: random.Random) -> None:
    (seen,) = residue.examine(
        target,
        key=rng.randbytes(32),
        arguments={"maker": f"{make.__module__}:{make.__qualname__}"},
        forms=(Form.RAW,),  # nothing here writes a key in another form
    )
    assert seen.residue.clean, str(seen.residue)
