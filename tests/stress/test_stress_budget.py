from typing import Any

import pytest

from stress import Budget, Ending, Growth, StressRun
from stress.leaks import MAPPINGS_SPARE, first_leak, growth_of
from stress.records import record_of
from stress.run import MIB


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"rounds": None}, "rounds, or seconds, or both; it got neither"),
        ({"rounds": 0}, "rounds takes 1 or more, got 0"),
        ({"seconds": 0.0}, "seconds takes a number of seconds above 0, got 0.0"),
        ({"seconds": float("nan")}, "got nan"),
        ({"hang_s": -1.0}, "hang_s takes"),
        ({"memory_bytes": 5}, "memory_bytes takes at least 1048576, got 5"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(how: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Budget(**how)


def figures(threads: int = 1, descriptors: int = 5, mappings: int = 100) -> dict[str, int]:
    return {
        "number": 1,
        "threads": threads,
        "descriptors": descriptors,
        "mappings": mappings,
        "resident_bytes": MIB,
    }


def test_growth_is_the_last_round_less_the_first() -> None:
    assert growth_of([figures(), figures(descriptors=9), figures(descriptors=8)]) == Growth(
        descriptors=3
    )
    assert growth_of([]) == Growth()


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (figures(), ""),
        (figures(threads=3), "2 threads still ran"),
        (figures(descriptors=6), "1 more descriptors"),
        (figures(mappings=100 + MAPPINGS_SPARE), ""),
        (figures(mappings=101 + MAPPINGS_SPARE), "65 more memory mappings"),
    ],
)
def test_a_leak_is_what_is_more_than_the_spare(last: dict[str, int], says: str) -> None:
    found = first_leak([figures(), last])
    assert found.startswith(says)
    assert bool(found) == bool(says)


def run(**how: Any) -> StressRun:
    return StressRun(**{"name": "x", "budget": Budget(seed=3), "ending": Ending.PASSED, **how})


def test_the_replay_line_carries_all_that_differs_from_the_defaults() -> None:
    assert run().replay == "holdfast stress run x --seed 3 --rounds 3"
    budget = Budget(rounds=None, seconds=1.5, memory_bytes=64 * MIB, hang_s=2.0)
    assert run(budget=budget).replay == (
        "holdfast stress run x --seed 0 --seconds 1.5 --memory-mib 64 --hang 2"
    )


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (ending, {"PASSED": "PASSED", "INTERRUPTED": "UNDECIDED"}.get(ending.name, "FAILED"))
        for ending in Ending
    ],
)
def test_a_record_says_passed_only_of_what_passed(ending: Ending, outcome: str) -> None:
    record = record_of(run(ending=ending, message="why", stacks="where"))
    assert record.outcome.name == outcome
    assert record.params["ending"] == ending.name.lower()
    assert (record.message, record.replay) == ("why\nwhere", run().replay)
