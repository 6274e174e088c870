"""Names by which a fuzzer's child imports a check as a `fuzz.Target`: `B_21_fuzz_bad`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fuzz import Target
from tests.planted.byte_draws import ByteDraws
from tests.planted.catalogue import Method, PlantedBug, load_bugs
from tests.planted.methods import make_of, target_name

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 64  # an example draws a few numbers


@cache
def _checks() -> dict[str, tuple[PlantedBug, str]]:
    return {
        target_name(bug, twin): (bug, twin)
        for bug in load_bugs()
        if bug.method is Method.FUZZ
        for twin in ("good", "bad")
    }


def _run(bug: PlantedBug, twin: str) -> Callable[[bytes], None]:
    make = make_of(bug, twin)
    return lambda data: bug.body(make, ByteDraws(data))


def __getattr__(name: str) -> Target:
    if name not in _checks():
        raise AttributeError(f"no planted bug answers to {name}; a name looks like B_21_fuzz_bad")
    bug, twin = _checks()[name]
    return Target(name=name, run=_run(bug, twin), what=bug.what, max_bytes=MOST_BYTES)
