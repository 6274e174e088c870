"""A target that keeps a campaign busy for a night: many paths, a few ways to end a worker."""

from __future__ import annotations

import os

from fuzz import Target


def fails(data: bytes) -> bool:
    """Whether an input ends badly."""
    return (len(data) > 30 and data[3] == 7) or (len(data) > 20 and data[1] == 9)


def run(data: bytes) -> set[int]:
    """A path for every byte at every place, and every rise from one byte to the next."""
    told = {place << 8 | byte for place, byte in enumerate(data[:32])}
    told |= {1 << 20 | place for place in range(1, len(data[:32])) if data[place - 1] < data[place]}
    if len(data) > 30 and data[3] == 7:
        raise ValueError("a seven at the wrong place")
    if len(data) > 20 and data[1] == 9:
        os._exit(4)
    return told


NIGHT = Target(name="night", run=run, what="keeps busy", instrument=("tests.fuzz.night_targets",))
