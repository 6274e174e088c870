"""The decorators by themselves, where no plugin helps."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import pytest

import harness
from harness.marks import PLAN
from harness.trial import RunOptions, run_options


class Counter:
    """Something that two threads share."""

    value = 0


def lose_an_update() -> None:
    counter = Counter()

    def add() -> None:
        counter.value += 1

    other = threading.Thread(target=add)
    other.start()
    add()
    other.join()
    assert counter.value == 2


# A quarter of the schedules lose an update at least: (3/4)**200 < 1e-24 that none does.
racy = harness.interleaved(executions=200)(lose_an_update)


def found() -> harness.InterleavingError:
    with pytest.raises(harness.InterleavingError) as caught:
        racy()
    return caught.value


def test_a_decorated_test_explores_itself() -> None:
    error = found()
    assert error.result.finding is not None
    assert error.result.finding.kind is harness.FindingKind.ASSERTION
    assert "How it came to be" in str(error)
    assert error.__cause__ is None


def test_the_name_signature_and_docstring_stay() -> None:
    @harness.interleaved
    def test_it(first: int, *, second: str = "") -> None:
        """Say what it is."""

    assert test_it.__name__ == "test_it"
    assert test_it.__doc__ == "Say what it is."
    assert list(inspect.signature(test_it).parameters) == ["first", "second"]


def test_arguments_reach_every_execution() -> None:
    seen: list[tuple[int, str]] = []

    @harness.interleaved(executions=3)
    def test_it(first: int, *, second: str) -> None:
        seen.append((first, second))

    test_it(1, second="two")
    assert seen == [(1, "two")] * (2 + 3)  # two runs check the body


def test_a_pinned_schedule_fails_again_until_it_is_repaired() -> None:
    finding = found().result.finding
    assert finding is not None
    pinned = harness.regression(finding.token)(lose_an_update)
    with pytest.raises(harness.RegressionError, match="The pinned schedule fails again"):
        pinned()


def test_pinned_schedules_run_before_the_exploration() -> None:
    finding = found().result.finding
    assert finding is not None
    stacked = harness.interleaved(executions=200)(harness.regression(finding.token)(lose_an_update))
    with pytest.raises(harness.RegressionError):
        stacked()
    turned = harness.regression(finding.token)(harness.interleaved(executions=200)(lose_an_update))
    with pytest.raises(harness.RegressionError):
        turned()
    assert getattr(stacked, PLAN) == getattr(turned, PLAN)


def test_code_that_changed_is_drift_and_says_to_record_anew() -> None:
    finding = found().result.finding
    assert finding is not None
    with pytest.raises(harness.DriftError, match="take the new token"):
        harness.regression(finding.token)(lambda: None)()


def test_undecided_fails_or_warns() -> None:
    def polls() -> None:
        done: list[int] = []
        threading.Thread(target=lambda: None).start()
        turns = 0
        while not done:
            turns += 1

    with pytest.raises(harness.InterleavingError, match="undecided: "):
        harness.interleaved(max_steps=50)(polls)()
    with pytest.warns(harness.UndecidedWarning, match="undecided: "):
        harness.interleaved(max_steps=50, undecided="warn")(polls)()


def test_a_runner_can_change_seed_executions_and_words() -> None:
    told: list[harness.Exploration] = []
    options = RunOptions(above=({"seed": 9, "executions": 3},), told=told.append)
    with run_options(options):
        harness.interleaved(executions=50)(lambda: None)()
    assert [(result.executions, result.seed) for result in told] == [(3, 9)]
    with run_options(RunOptions(command=lambda token: f"again {token}")):
        error = found()
    assert error.result.finding is not None
    assert error.result.finding.command == f"again {error.result.finding.token}"


def test_options_end_with_their_block_even_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), run_options(RunOptions(above=({"executions": 1},))):
        raise ZeroDivisionError
    told: list[harness.Exploration] = []
    with run_options(RunOptions(told=told.append)):
        harness.interleaved(executions=4)(lambda: None)()
    assert told[0].executions == 4


@pytest.mark.parametrize("isolated", [False, True], ids=["here", "isolated"])
def test_what_a_body_tells_its_runner_is_no_failure(isolated: bool) -> None:  # noqa: FBT001  # a parameter
    @harness.interleaved(isolated=isolated, executions=3)
    def skips() -> None:
        pytest.skip("not today")

    with (
        run_options(RunOptions(outcomes=(pytest.skip.Exception,))),
        pytest.raises(pytest.skip.Exception, match="not today"),
    ):
        skips()


def generator() -> Any:
    yield


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: harness.interleaved(executions=0), "executions is 0"),
        (lambda: harness.interleaved(seed="x"), "seed is 'x'"),  # type: ignore[arg-type]
        (lambda: harness.interleaved(strategy="luck"), "strategy is 'luck'"),
        (lambda: harness.interleaved(model="none"), "model is 'none'"),
        (lambda: harness.interleaved(undecided="maybe"), "undecided is 'maybe'"),
        (lambda: harness.interleaved(isolated="yes"), "isolated is 'yes'"),  # type: ignore[arg-type]
        (lambda: harness.interleaved(generator), "no generator"),
        (lambda: harness.interleaved(Counter), "above a def"),
        (lambda: harness.interleaved()(5), "above a def"),  # type: ignore[arg-type]
        (lambda: harness.regression("nonsense"), "it does not begin with hf2"),
        (lambda: harness.regression(5), "it is int, not text"),  # type: ignore[arg-type]
    ],
)
def test_wrong_use_is_refused_when_the_test_is_defined(make: Any, told: str) -> None:
    with pytest.raises(harness.HarnessError, match=told):
        make()
