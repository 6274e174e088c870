"""Who has a say in how a test is explored."""

from __future__ import annotations

from typing import Any

import pytest

import harness
from harness.rules import Rule
from harness.settings import (
    Factor,
    Settings,
    Undecided,
    UnknownSettingError,
    seconds_of,
    settle,
    stated,
)


def test_who_speaks_later_wins_and_who_is_silent_changes_nothing() -> None:
    found = settle({"executions": 10, "seed": 1}, {"seed": 2}, {}, {"undecided": Undecided.WARN})
    assert found == Settings(executions=10, seed=2, undecided=Undecided.WARN)
    assert settle() == Settings()


def test_a_factor_multiplies_what_was_said_before_it() -> None:
    assert settle({"executions": 20}, {"executions": Factor(4)}).executions == 80
    assert settle({"executions": Factor(4)}).executions == 2_000
    assert settle({"executions": Factor(4)}, {"executions": 7}).executions == 7
    assert settle({"executions": Factor(2)}, {"executions": Factor(3)}).executions == 3_000


def test_stated_values_are_checked_and_none_states_nothing() -> None:
    layer = stated({"seed": None, "executions": "x10", "fail_on": "data-race", "undecided": "warn"})
    assert layer == {
        "executions": Factor(10), "fail_on": (Rule.DATA_RACE,), "undecided": Undecided.WARN,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "wants"),
    [
        ("executions", 0, "a whole number from 1"),
        ("executions", "x0", "a factor like"),
        ("executions", "x9999999", "a factor like"),
        ("executions", "10x", "a factor like"),
        ("executions", True, "a whole number from 1"),
        ("seed", "7", "a whole number"),
        ("strategy", "luck", "one of portfolio"),
        ("strategy", 5, "a name or an object"),
        ("model", "jvm", "free-threaded or gil"),
        ("max_steps", 0, "a whole number from 1"),
        ("workers", 0, "a whole number from 1"),
        ("budget_s", -1, "seconds above 0"),
        ("fail_on", ["rain"], "names of rules"),
        ("early_timeouts", 1, "True or False"),
        ("isolated", "yes", "True or False"),
        ("undecided", "perhaps", "fail or warn"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(name: str, value: Any, wants: str) -> None:
    with pytest.raises(harness.ArgumentError, match=wants) as caught:
        stated({name: value})
    assert name in str(caught.value)


def test_an_unknown_name_is_told_its_nearest() -> None:
    with pytest.raises(
        UnknownSettingError, match=r"'executons' is no setting \(did you mean 'exec"
    ):
        stated({"executons": 5})
    with pytest.raises(UnknownSettingError, match="there are strategy, executions"):
        stated({"zzz": 5})


def test_a_class_of_the_users_is_not_imported_to_check_it() -> None:
    assert stated({"strategy": "no.such.module:Class"}) == {"strategy": "no.such.module:Class"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(90, 90.0), (0.5, 0.5), ("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("8h", 28_800.0),
     ("500ms", 0.5), ("5 min", 300.0), (" 5M ", 300.0)],
)  # fmt: skip
def test_a_time_has_a_unit_or_is_seconds(text: object, seconds: float) -> None:
    assert seconds_of("time", text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5 days", "0", 0, True, None, "9999999h", "s"])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(harness.ArgumentError, match='it takes a time: seconds above 0, or "90s"'):
        seconds_of("time", text)
