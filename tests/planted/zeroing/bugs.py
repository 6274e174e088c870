"""The planted bug of overwriting in place, B-28."""

from __future__ import annotations

from secmem.memory.wiping import wipe_buffer
from tests.planted.catalogue import Method, PlantedBug
from tests.planted.secret import residue_bodies, residue_makers

BUGS: tuple[PlantedBug, ...] = (
    PlantedBug(
        number="B-28",
        component="zeroing",
        what="wiping has no effect: the zeros go into a copy",
        method=Method.MEMORY_SCAN,
        body=residue_bodies.wiping_leaves_nothing,
        good=wipe_buffer,
        bad=residue_makers.wipes_a_copy,
        executions=1,
    ),
)
