"""Rules that an exploration can be told to fail on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis.races import find_races
from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.errors import ArgumentError
from harness.exploring import visible_body
from harness.finding import FindingKind, kind_of
from harness.opaque import OpaqueWatch
from harness.rules import RULE_NAMES, Judge, Rule, rules_from
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.ending import Ending


def endings(body: Callable[[], None], *rules: Rule, runs: int = 40) -> list[Ending]:
    strategy, watch = RandomWalk(0), OpaqueWatch()
    campaign = Campaign(model="free-threaded", max_steps=5_000, body=body, rules=rules)
    with visible_body(body) as (runnable, _), campaign:
        found = []
        for number in range(runs):
            strategy.begin(number)
            found.append(
                campaign.run(runnable, strategy, recorder=watch if number % 2 else None)[0]
            )
    return found


def kinds(found: list[Ending]) -> set[FindingKind | None]:
    return {kind_of(ending) for ending in found}


@pytest.mark.programs("race_programs", "SHOWN")
def test_a_race_fails_an_execution_that_survived_only_when_asked(body: Callable[[], None]) -> None:
    assert kinds(endings(body)) == {None}
    assert kinds(endings(body, Rule.LOCK_ORDER, Rule.LOCK_HELD)) == {None}
    assert kinds(endings(body, Rule.DATA_RACE)) == {FindingKind.DATA_RACE}


@pytest.mark.programs("lock_programs", "INVERTED")
def test_an_inversion_fails_an_execution_that_survived_only_when_asked(
    body: Callable[[], None],
) -> None:
    assert FindingKind.LOCK_ORDER not in kinds(endings(body, Rule.DATA_RACE, Rule.LOCK_HELD))
    assert FindingKind.LOCK_ORDER in kinds(endings(body, Rule.LOCK_ORDER))


@pytest.mark.programs("lock_programs", "KEPT")
def test_a_lock_kept_fails_an_execution_only_when_asked(body: Callable[[], None]) -> None:
    assert FindingKind.LOCK_HELD not in kinds(endings(body, Rule.DATA_RACE, Rule.LOCK_ORDER))
    assert FindingKind.LOCK_HELD in kinds(endings(body, Rule.LOCK_HELD))


@pytest.mark.programs("race_programs", "CORRECT")
def test_no_rule_of_races_and_orders_fails_a_correct_program(body: Callable[[], None]) -> None:
    assert kinds(endings(body, Rule.DATA_RACE, Rule.LOCK_ORDER, runs=20)) == {None}


@pytest.mark.programs("race_programs", "MANY")
def test_the_breach_seen_first_goes_on_being_told(record: Any, body: Callable[[], None]) -> None:
    judge, others, first = Judge([Rule.DATA_RACE]), 0, None
    for ending, one in record(body, runs=40):
        breach = judge.judge(ending, one).breach
        there = [race.signature() for race in find_races(one.events, one.stacks)]
        first = first or breach
        if first is not None and first.signature in there:
            assert breach is not None
            assert breach.signature == first.signature
            others += there[0] != first.signature
    assert others  # in some of them it was not the first one


def test_a_failure_of_another_kind_stays_what_it_is() -> None:
    def body() -> None:
        raise ValueError

    assert {ending.kind for ending in endings(body, *Rule, runs=2)} == {EndingKind.RAISED}


def test_rules_are_asked_for_by_name() -> None:
    assert rules_from(()) == ()
    assert rules_from("data-race") == (Rule.DATA_RACE,)
    assert rules_from(["lock-held", "data-race"]) == (Rule.DATA_RACE, Rule.LOCK_HELD)
    assert rules_from(Rule.LOCK_ORDER) == (Rule.LOCK_ORDER,)
    assert RULE_NAMES == ("data-race", "lock-order", "lock-held")


@pytest.mark.parametrize("wrong", ["race", ["data-race", "race"], None, 1, [1], [None]])
def test_another_name_is_refused_with_the_names_that_there_are(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="data-race, lock-order, lock-held"):
        rules_from(wrong)
