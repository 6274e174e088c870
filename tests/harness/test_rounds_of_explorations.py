"""Several explorations told as one: no more is claimed than all of them together have shown."""

import dataclasses
import threading

import pytest

import harness
from harness.place import join_places


class Cell:
    value = 0


def safe() -> None:
    cell, lock = Cell(), threading.Lock()

    def add() -> None:
        with lock:
            cell.value += 1

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cell.value == 3


def searched(resume: str | None = None, executions: int = 100_000) -> harness.Exploration:
    return harness.explore(safe, "dfs", executions=executions, resume=resume)


def begun() -> harness.Exploration:
    """Two workers leave what they do not finish in parts."""
    return harness.explore_isolated(safe, "dfs", executions=60, workers=2)


def test_the_parts_of_a_tree_run_together_what_one_search_runs() -> None:
    whole = searched()
    first = begun()

    rest = [searched(place) for place in harness.divide_place(first.resume, 3)]

    assert len(rest) == 3
    together = harness.merge_rounds([first, *rest])
    assert together.exhausted
    assert together.executions == whole.executions
    assert together.verdict is harness.Verdict.PASSED


def test_what_is_left_keeps_the_whole_from_being_exhausted() -> None:
    first = begun()
    places = harness.divide_place(first.resume, 3)

    together = harness.merge_rounds(
        [first, searched(places[0])], left=places[1:], stopped="the budget ended"
    )

    assert not together.exhausted
    assert together.verdict is harness.Verdict.UNDECIDED
    rest = searched(together.resume)
    assert together.executions + rest.executions == searched().executions


def test_one_round_that_could_not_see_everything_keeps_all_from_being_exhausted() -> None:
    first = searched(executions=20)
    assert first.coverage is not None
    blind = dataclasses.replace(
        first, coverage=dataclasses.replace(first.coverage, opaque="met something opaque")
    )

    together = harness.merge_rounds([blind, searched(first.resume)])

    assert not together.exhausted
    assert "met something opaque" in together.evidence


def test_places_that_were_divided_join_to_the_same_parts() -> None:
    place = begun().resume

    assert sorted(harness.divide_place(place, 100)) == sorted(
        harness.divide_place(join_places(harness.divide_place(place, 4)), 100)
    )


def test_the_place_of_a_strategy_that_draws_is_not_divided() -> None:
    assert harness.divide_place("1234", 5) == ("1234",)


@pytest.mark.parametrize(("text", "into"), [("none", 2), ("12", 0), ("12", 1.5)])
def test_a_place_that_is_none_is_refused(text: str, into: object) -> None:
    with pytest.raises(harness.ArgumentError):
        harness.divide_place(text, into)  # type: ignore[arg-type]  # what is refused


def test_no_rounds_are_refused() -> None:
    with pytest.raises(harness.ArgumentError, match="at least one"):
        harness.merge_rounds([])
