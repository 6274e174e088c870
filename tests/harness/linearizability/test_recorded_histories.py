"""The checker on histories of real systems, whose verdicts three other checkers agreed on."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from harness.linearizability import Criterion, History, Operation, Verdict, check
from tests.harness.linearizability.brute_force import faults
from tests.harness.linearizability.recorded_histories import FILES, needed, recorded

pytestmark = needed
NAMES = [file.stem for file in FILES] or ["none"]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_history_is_judged_as_it_should_be(name: str) -> None:
    history, model, expected = recorded(name)
    judgement = check(history, model)
    assert judgement.holds is expected
    if len(history) < 100:  # the definition of the criterion, pair by pair, takes its time
        assert not faults(history, model, judgement)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kv_c01-ok", "kv_c01-bad", "kv_c10-ok"])
def test_a_store_judged_in_one_piece_has_the_same_verdict(name: str) -> None:
    history, model, expected = recorded(name)
    assert check(history, model, partition=False).holds is expected


@pytest.mark.slow
def test_a_wrong_store_judged_in_one_piece_is_found() -> None:
    history, model, _ = recorded("kv_c10-ok")
    stale = _with_a_stale_get(history, random.Random(4))
    assert check(stale, model).holds is False
    assert check(stale, model, partition=False).holds is False  # a second or two


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_neighbours_of_a_hard_history_are_not_hard(seed: int) -> None:
    history, model, _ = recorded("kv_c50-ok")
    wrong = _with_a_stale_get(history, random.Random(seed))
    judgement = check(wrong, model, budget_s=20)  # 20 times what it takes
    assert judgement.verdict is Verdict.NOT_LINEARIZABLE
    assert judgement.failure is not None
    (key,) = {one.key for one in judgement.failure.history}
    assert judgement.failure.partition in {key, (key, key)}


@pytest.mark.slow
@pytest.mark.parametrize("criterion", list(Criterion))
def test_real_time_is_the_strongest_criterion(criterion: Criterion) -> None:
    for name in NAMES:
        history, model, expected = recorded(name)
        if expected:
            assert check(history, model, criterion=criterion).holds is True


def _with_a_stale_get(history: History, rng: random.Random) -> History:
    """Return the history with a get that saw what another had seen well before."""
    gets = [one for one in history if one.name == "get" and len(one.output) > 20]
    while True:
        late = rng.choice(gets)
        early = [one for one in gets if one.key == late.key and _is_stale(one, late)]
        if early:
            stale = replace(late, output=rng.choice(early).output)
            return History.of(stale if one is late else one for one in history)


def _is_stale(early: Operation, late: Operation) -> bool:
    assert early.ret is not None
    return early.ret + 200 < late.call and early.output != late.output
