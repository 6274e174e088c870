"""The child's side of the protocol, spoken over two pipes inside this process."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harness.probes import known_residue
from harness.probes.child_main import CONTROL_BYTES, GO_ON, Probe

pytestmark = pytest.mark.skipif(not hasattr(os, "readv"), reason="the child reads with readv")

KEY = bytes(range(1, 33))


@dataclass
class Parent:
    """The other ends: answers are written in advance, reports are read afterwards."""

    probe: Probe
    answer_end: int
    report_end: int

    def answer(self, *answers: bytes) -> None:
        os.write(self.answer_end, b"".join(answers))

    def reports(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in os.read(self.report_end, 65_536).splitlines()]


@pytest.fixture
def parent() -> Iterator[Parent]:
    answers, answer_end = os.pipe()
    report_end, reports = os.pipe()
    yield Parent(Probe(answers, reports), answer_end, report_end)
    for end in (answers, answer_end, report_end, reports):
        os.close(end)


def test_a_key_goes_straight_into_the_buffer_that_asked(parent: Parent) -> None:
    parent.answer(KEY)
    buffer = bytearray(32)
    parent.probe.key_into(buffer)
    assert buffer == KEY
    assert parent.reports() == [{"kind": "key", "size": 32}]


def test_the_control_value_is_asked_for_and_kept(parent: Parent) -> None:
    parent.answer(b"c" * CONTROL_BYTES)
    parent.probe.keep_control()
    assert parent.probe._control == b"c" * CONTROL_BYTES
    assert parent.reports() == [{"kind": "control"}]


def test_a_checkpoint_reports_and_waits_for_the_word_to_go_on(parent: Parent) -> None:
    parent.answer(GO_ON)
    parent.probe.checkpoint("here", number=3)
    assert parent.reports() == [{"kind": "checkpoint", "name": "here", "data": {"number": 3}}]


def test_a_worker_is_joined_and_its_failure_raised(parent: Parent) -> None:
    def fail() -> None:
        raise LookupError("out of the worker")

    done: list[int] = []
    parent.probe.in_worker(lambda: done.append(1))
    assert done == [1]
    with pytest.raises(LookupError, match="out of the worker"):
        parent.probe.in_worker(fail)


def test_the_known_residue_is_kept_or_wiped_as_it_says(parent: Parent) -> None:
    parent.answer(KEY, KEY, GO_ON, KEY, GO_ON)
    known_residue.keep(parent.probe)
    known_residue.wipe(parent.probe)
    names = [report["name"] for report in parent.reports() if report["kind"] == "checkpoint"]
    assert names == ["kept", "wiped"]
