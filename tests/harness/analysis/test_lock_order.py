"""Lock orders: an inversion is told in runs that got away with it, and no safe order is accused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis.lock_order import find_inversions
from harness.engine.ending import EndingKind

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.programs("lock_programs", "INVERTED")
def test_a_run_that_survived_an_inversion_tells_it(record: Any, body: Callable[[], None]) -> None:
    survived = [one for ending, one in record(body, runs=40) if ending.kind is EndingKind.FINISHED]
    assert any(find_inversions(one.events) for one in survived)


@pytest.mark.programs("lock_programs", "STRAIGHT")
def test_no_safe_order_is_accused(record: Any, body: Callable[[], None]) -> None:
    for ending, one in record(body, runs=60):
        assert find_inversions(one.events) == []
        assert ending.kind is EndingKind.FINISHED


@pytest.mark.programs("lock_programs", "DINING")
def test_a_cycle_of_three_names_every_task_and_line(record: Any, body: Callable[[], None]) -> None:
    (inversion,) = next(
        found for _, one in record(body, runs=40) if (found := find_inversions(one.events))
    )
    assert inversion.text() == "Lock#1 → Lock#2 → Lock#3 → Lock#1"
    assert len({nesting.task for nesting in inversion.nestings}) == 3
    for nesting in inversion.nestings:
        assert nesting.outer.site.source().startswith("with first:")
        assert nesting.inner.site.source() == "with second:"
