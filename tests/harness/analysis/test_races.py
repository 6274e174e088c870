"""Data races: planted ones are found in runs that got away with them, and no twin is accused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis.races import find_races

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.analysis.races import Race


@pytest.fixture
def races(record: Any) -> Callable[..., list[Race]]:
    def find(body: Callable[[], object], runs: int = 1) -> list[Race]:
        made = record(body, runs=runs)
        return [race for _, one in made for race in find_races(one.events, one.stacks)]

    return find


@pytest.mark.programs("race_programs", "RACY")
def test_a_planted_race_is_found(races: Any, body: Callable[[], None]) -> None:
    # Which side comes first, and whether both get as far, is the schedule's: any of 30 will do.
    assert races(body, 30)


@pytest.mark.programs("race_programs", "CORRECT")
def test_no_correct_twin_is_accused(races: Any, body: Callable[[], None]) -> None:
    assert races(body, 60) == []


@pytest.mark.programs("race_programs", "SHOWN")
def test_a_race_shows_both_stacks_tasks_and_locks(races: Any, body: Callable[[], None]) -> None:
    (race,) = races(body)
    assert race.target == "Box#1.value"
    by_name = {access.task_name: access for access in (race.first, race.second)}
    locked, bare = by_name["Thread-1 (locked)"], by_name["Thread-2 (bare)"]
    assert [site.function.rpartition(".")[2] for site in locked.stack[:2]] == ["store", "locked"]
    assert locked.stack[0].source() == "box.value = value"
    assert [held.name for held in locked.held] == ["Lock#1"]
    assert locked.held[0].site.source() == "with lock:"
    assert bare.held == ()
    assert bare.stack[0].source() == "box.value = 2"


@pytest.mark.programs("race_programs", "MANY")
def test_each_pair_of_lines_is_told_once(races: Any, body: Callable[[], None]) -> None:
    found = races(body)
    assert len(found) == len({race.signature() for race in found}) > 1


@pytest.mark.programs("race_programs", "SECRETS")
def test_no_value_or_key_of_bytes_is_shown(races: Any, body: Callable[[], None]) -> None:
    found = races(body)
    assert found
    assert "hunter2" not in f"{found!r}{[race.to_json() for race in found]}"
