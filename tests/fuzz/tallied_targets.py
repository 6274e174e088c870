"""A target that counts for itself what is run, in files that nobody else writes."""

from __future__ import annotations

import os

from fuzz import Target

TALLY = os.environ.get("HOLDFAST_TEST_TALLY", "")
DESCRIPTORS: dict[str, int] = {}


def note(name: str, words: bytes) -> None:
    """Append to a file of ours, in one system call: a kill leaves all of it or nothing."""
    if name not in DESCRIPTORS:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        DESCRIPTORS[name] = os.open(f"{TALLY}.{name}", flags)
    os.write(DESCRIPTORS[name], words)


def fails_first(number: int) -> None:
    raise ValueError(number)


def fails_second(number: int) -> None:
    raise LookupError(number)


def fails_third(number: int) -> None:
    raise RuntimeError(number)


def run(data: bytes) -> list[int]:
    """A path for every pair of a length and a first byte, and three bugs behind some of them."""
    note("runs", b".")
    first = data[0] if data else 0
    if len(data) > 20 and first % 16 == 3:
        fails_first(first)
    if len(data) > 40 and first % 16 == 5:
        fails_second(first)
    if len(data) > 60 and first % 16 == 7:
        fails_third(first)
    return [len(data) << 8 | first]


TALLIED = Target(
    name="tallied", run=run, what="counts for itself", instrument=("tests.fuzz.tallied_targets",)
)
