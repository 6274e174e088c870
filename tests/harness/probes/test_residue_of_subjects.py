"""Every subject that holds key bytes is scanned from outside, from its opening to its end.

Opened, left and closed: no page that can be read holds any stretch of the key, in any form. Inside
an access the key can be read, and the scan sees it: so it looks in the right place. Closed: not
even a page that cannot be read holds it.
"""

from __future__ import annotations

import os
import sys

import pytest

from harness.probes import Form, Needles, Reach, Residue, residue
from harness.probes.probed_child import ProbedChild
from harness.probes.residue import checkpoints
from tests.harness.probes.residue_subjects import SUBJECTS, TWINS

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="another process's memory is read on Linux only"
)
# What hands out a part, or a copy in a buffer of the caller's, while it is read.
LENDS_COPIES = {"reader", "stream", "transform"}
SHIELDED = "secret in a secret file"  # the kernel lends its page to nobody, not even to a debugger
FORCED_AT = {"opened", "closed"}
LIVES = "tests.harness.probes.residue_subjects:lives"


def seen_by_stage(name: str) -> dict[tuple[str, Reach], Residue]:
    key = os.urandom(32)
    needles = Needles.of(key)
    with ProbedChild(LIVES, key=key, arguments={"name": name}) as child:
        return {
            (checkpoint.name, reach): residue.scan(child, needles, reach=reach)
            for checkpoint in checkpoints(child)
            for reach in Reach
            if reach is Reach.READABLE or checkpoint.name in FORCED_AT
        }


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_lets_the_key_be_read_inside_an_access_only_and_wipes_it(name: str) -> None:
    seen = seen_by_stage(name)
    assert {stage for stage, _ in seen} == {"opened", "inside", "left", "closed"}
    for stage in ("opened", "left", "closed"):
        outside = seen[stage, Reach.READABLE]
        assert outside.clean, f"{name}, {stage}: {outside}"
    closed = seen["closed", Reach.FORCED]
    assert closed.clean, f"{name}, closed, in pages that cannot be read: {closed}"
    if name == SHIELDED:
        assert seen["inside", Reach.READABLE].clean
        return
    assert not seen["opened", Reach.FORCED].clean, "the scan does not see the page of the key"
    inside = seen["inside", Reach.READABLE]
    assert any(hit.form is Form.RAW for hit in inside.hits), f"{name}: nothing is seen inside"
    if name not in LENDS_COPIES:
        assert len({hit.address for hit in inside.hits}) == 1, f"{name}: a second copy: {inside}"


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_that_keeps_a_copy_is_found_at_every_stage(name: str) -> None:
    seen = seen_by_stage(name)
    for stage in ("opened", "left", "closed"):
        hits = seen[stage, Reach.READABLE].hits
        assert any(hit.part == "whole" for hit in hits), stage
        assert {hit.place for hit in hits} <= {"the heap", "anonymous memory"}


def test_every_class_of_the_face_that_holds_bytes_is_among_the_subjects() -> None:
    import secmem.memory as face  # noqa: PLC0415  # the whole face is what is looked at

    holders = {
        name
        for name in face.__all__
        if isinstance(getattr(face, name), type)
        and {"access", "read", "read_view", "with_data", "new"} & set(dir(getattr(face, name)))
    }
    assert holders == {
        "AlignedMemory",
        "ProtectedMemorySecret",
        "ProtectedMemorySecretFactory",
        "ProtectedMemorySecretSimple",
        "Secret",
        "SecretFactory",
        "SecretReader",
        "SecretStream",
    }, "a class that holds key bytes has come or gone: give it its place in residue_subjects.py"
