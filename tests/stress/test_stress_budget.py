from typing import Any

import pytest

from stress import Budget, Ending, Growth, StressRun
from stress.leaks import MAPPINGS_SPARE, growth_of, leak_in
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
        "threads": threads,
        "descriptors": descriptors,
        "mappings": mappings,
        "resident_bytes": MIB,
    }


def test_threads_are_compared_with_the_small_round_and_the_rest_with_the_first_full_one() -> None:
    warm = figures(threads=3, descriptors=5)
    rounds = [figures(threads=4, descriptors=8), figures(threads=4, descriptors=9)]
    assert growth_of(warm, rounds) == Growth(threads=1, descriptors=1)
    assert growth_of(warm, rounds[:1]) == Growth(threads=1, descriptors=3)


def test_nothing_has_grown_where_no_round_was_completed() -> None:
    assert growth_of(None, []) == growth_of(figures(), []) == Growth()


@pytest.mark.parametrize(
    ("growth", "says"),
    [
        (Growth(), ""),
        (Growth(threads=-1, descriptors=-1, mappings=-500), ""),
        (Growth(resident_bytes=MIB), ""),
        (Growth(threads=2), "2 threads more than before the first round"),
        (Growth(descriptors=1), "1 more descriptors"),
        (Growth(mappings=MAPPINGS_SPARE), ""),
        (Growth(mappings=MAPPINGS_SPARE + 1), "65 more memory mappings"),
    ],
)
def test_a_leak_is_what_is_more_than_the_spare(growth: Growth, says: str) -> None:
    found = leak_in(growth)
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
