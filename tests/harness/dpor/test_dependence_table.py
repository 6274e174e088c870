"""The relation in the code, the one in the proof and the table in the docs are the same."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.dependence import CHANGES, NOWHERE, dependent
from harness.engine.board import CONTENT, OPAQUE, ORDER, READ, WRITE
from tests.harness.dpor.trace_oracle import ON_AN_OBJECT, ON_NOTHING, depends

DOCS = Path(__file__).parents[3] / "docs" / "dependence.md"
LABELS = [*ON_AN_OBJECT["changes"], *ON_AN_OBJECT["looks"], *ON_NOTHING]
ONE, OTHER = "one", "other"
KEYS = ("value", "size", ("item", 0), ("item", 1), ORDER, CONTENT)
PLAIN = list(itertools.product((READ, WRITE, OPAQUE), (ONE, OTHER), KEYS))
SYNC = list(itertools.product(LABELS, (ONE, OTHER), (None,)))
OPERATIONS: list[Any] = [*PLAIN, *SYNC]
# A primitive has operations, and anything else has accesses: no pair is mixed.
PAIRS: list[Any] = [*itertools.product(PLAIN, repeat=2), *itertools.product(SYNC, repeat=2)]


@pytest.mark.parametrize("clock", [False, True])
def test_the_code_and_the_proof_agree_on_every_pair(clock: bool) -> None:  # noqa: FBT001  # a case
    different = [
        (a, b)
        for a, b in PAIRS
        if dependent(a, "task 1", b, "task 2", clock=clock) != depends(a, b, clock)
    ]
    assert different == []


def test_the_relation_is_symmetric() -> None:
    for a, b in itertools.combinations(OPERATIONS, 2):
        assert dependent(a, "task 1", b, "task 2") == dependent(b, "task 2", a, "task 1")


def test_operations_of_one_task_are_dependent() -> None:
    for a, b in itertools.combinations(OPERATIONS, 2):
        assert dependent(a, "task", b, "task")


def test_every_operation_is_in_the_page() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert [label for label in CHANGES if label not in page] == []


def test_the_code_and_the_proof_know_the_same_operations() -> None:
    assert {*CHANGES, *NOWHERE} == {*LABELS, ""}


def test_an_operation_that_nobody_knows_changes_its_object() -> None:
    assert dependent(("hum", ONE, None), 1, ("qsize", ONE, None), 2)
