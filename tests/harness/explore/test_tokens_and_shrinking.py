"""Tokens replay and are refused with a reason; schedules shrink; arguments are checked."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

import harness
from harness.replay_token import decode_token

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Counter:
    def __init__(self) -> None:
        self.n = 0


def lost_update() -> None:
    counter = Counter()

    def add() -> None:
        counter.n += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.n == 2


def safe_update() -> None:
    counter, lock = Counter(), threading.Lock()

    def add() -> None:
        with lock:
            counter.n += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.n == 2


@pytest.fixture(scope="module")
def token() -> str:
    finding = harness.explore(lost_update, executions=500).finding
    assert finding is not None
    return finding.token


def test_a_token_replays_20_times_of_20(token: str) -> None:
    first = harness.replay(lost_update, token)
    assert first is not None
    for _ in range(20):
        again = harness.replay(lost_update, f"  {token}\n")
        assert again is not None
        assert (again.kind, again.message, str(again)) == (first.kind, first.message, str(first))


def test_a_token_with_any_character_changed_is_refused(token: str) -> None:
    draw = random.Random(0)
    for index in range(len(token)):
        other = draw.choice([c for c in ALPHABET + "." if c != token[index]])
        damaged = token[:index] + other + token[index + 1 :]
        try:
            same = decode_token(damaged) == decode_token(token)
        except harness.TokenError as error:
            assert str(error).startswith("this token cannot be replayed")  # noqa: PT017
        else:
            assert same  # bits of the last character that base64 does not use


def test_a_token_cut_off_anywhere_is_refused(token: str) -> None:
    for length in range(len(token)):
        with pytest.raises(harness.TokenError):
            decode_token(token[:length])


def test_a_repair_passes_where_the_schedule_still_fits(token: str) -> None:
    assert harness.replay(safe_update, token) is None


def test_a_token_of_other_code_is_drift(token: str) -> None:
    def changed() -> None:
        lock = threading.Lock()

        def add() -> None:
            with lock:
                pass

        threads = [threading.Thread(target=add) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with pytest.raises(harness.DriftError):
        harness.replay(changed, token)


def test_a_long_failing_schedule_shrinks_to_its_core() -> None:
    def body() -> None:
        counter = Counter()

        def add() -> None:
            for _ in range(200):
                counter.n += 1

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counter.n == 400, "lost"

    result = harness.explore(body, "random", executions=20)
    assert result.finding is not None
    assert len(decode_token(result.finding.token).switches) <= 2
    assert len(result.finding.token) < 200
    again = harness.replay(body, result.finding.token)
    assert again is not None
    assert "lost" in again.message


def test_a_body_that_keeps_state_is_nondeterminism() -> None:
    runs = []

    def body() -> None:
        runs.append(1)
        assert len(runs) != 7, "only the seventh time"

    result = harness.explore(body, executions=50)
    assert result.finding is not None
    assert result.finding.kind is harness.FindingKind.NONDETERMINISM
    assert "only the seventh time" in result.finding.message


def test_the_gil_note_tells_the_two_models_apart() -> None:
    finding = harness.explore(lost_update, executions=500).finding
    assert finding is not None
    assert finding.gil_reachable.startswith("not shown under the GIL model of CPython 3.")
    gil = harness.explore(lost_update, executions=500, model="gil")
    assert gil.verdict is harness.Verdict.PASSED, str(gil)


@pytest.mark.parametrize(
    "options",
    [
        {"executions": 0},
        {"executions": 1.5},
        {"executions": True},
        {"seed": "x"},
        {"max_steps": 0},
        {"model": "none"},
        {"workers": 0},
        {"budget_s": 0},
        {"budget_s": float("nan")},
        {"strategy": "nonsense"},
    ],
    ids=str,
)
def test_arguments_are_checked_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(harness.ArgumentError, match=f"^{next(iter(options))} is "):
        harness.explore(lost_update, **options)


@pytest.mark.parametrize(
    "body", [None, 5, "name", lambda x: x], ids=lambda body: type(body).__name__
)
def test_a_body_that_takes_arguments_or_is_none_is_refused(body: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^body is "):
        harness.explore(body)
