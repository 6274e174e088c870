"""A setting that is kept for many bodies: what an execution came to, and what it leaves behind."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import (
    ArgumentError,
    ControlledSetting,
    FindingKind,
    NestedExplorationError,
    UncontrolledError,
)
from harness.strategies import BoundedDfs, RandomWalk

if TYPE_CHECKING:
    from collections.abc import Sequence

REAL_LOCK = threading.Lock


def in_threads(*works: Any) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def stuck() -> None:
    one, two = threading.Lock(), threading.Lock()

    def forth() -> None:
        with one, two:
            pass

    def back() -> None:
        with two, one:
            pass

    in_threads(forth, back)


def fine() -> None:
    in_threads(lambda: None, lambda: None)


def polls() -> None:
    event = threading.Event()

    def wait() -> None:
        while not event.is_set():
            pass

    in_threads(wait, wait)


class First:
    """Lets the task that can go on do so."""

    def begin(self, execution: int) -> bool:
        return execution == 0

    def pick(self, ready: Sequence[Any], current: Any) -> Any:
        return ready[0] if current is None else current


def first_failure(setting: ControlledSetting) -> harness.Outcome:
    walk = RandomWalk(0)
    for number in range(200):
        walk.begin(number)
        outcome = setting.run(stuck, walk)
        if outcome.kind is not None:
            return outcome
    raise AssertionError


def test_one_setting_runs_different_bodies_one_after_the_other() -> None:
    with ControlledSetting() as setting:
        assert first_failure(setting).kind is FindingKind.DEADLOCK
        outcome = setting.run(fine, First())
    assert (outcome.kind, outcome.message, outcome.overrun) == (None, "", False)


def test_an_outcome_becomes_a_finding_whose_token_replays() -> None:
    with ControlledSetting() as setting:
        outcome = first_failure(setting)
        finding = setting.examine(stuck, outcome)
        assert setting.run(fine, First()).kind is None  # it was left, and is set up anew
    assert finding is not None
    assert finding.kind is FindingKind.DEADLOCK
    again = harness.replay(stuck, finding.token)
    assert again is not None
    assert again.kind is FindingKind.DEADLOCK


def test_an_outcome_that_shows_nothing_is_no_finding() -> None:
    with ControlledSetting() as setting:
        assert setting.examine(fine, setting.run(fine, First())) is None


def test_the_step_bound_is_told_and_looked_into() -> None:
    with ControlledSetting(max_steps=300) as setting:
        outcome = setting.run(polls, First())
        assert outcome.overrun
        assert outcome.kind is None
        finding = setting.examine(polls, outcome)
    assert finding is not None
    assert finding.kind is FindingKind.LIVELOCK


def test_after_closing_nothing_is_patched_and_another_may_open() -> None:
    setting = ControlledSetting()
    setting.run(fine, First())
    with ControlledSetting() as other, pytest.raises(NestedExplorationError):
        other.run(fine, First())
    setting.close()
    setting.close()
    assert threading.Lock is REAL_LOCK
    with ControlledSetting() as other:
        assert other.run(fine, First()).kind is None


def test_a_body_that_cannot_be_controlled_leaves_no_setting_behind() -> None:
    import subprocess  # noqa: PLC0415  # only here

    def starts_a_process() -> None:
        in_threads(lambda: subprocess.run(["true"], check=False), fine)  # noqa: S607  # refused

    with ControlledSetting() as setting:
        with pytest.raises(UncontrolledError):
            setting.run(starts_a_process, First())
        assert setting.run(fine, First()).kind is None


class Liar(First):
    """Picks somebody who was not offered."""

    def pick(self, ready: Sequence[Any], current: Any) -> Any:
        return SimpleNamespace(id=99)


def test_a_strategy_is_checked_unless_somebody_answers_for_it() -> None:
    with ControlledSetting() as setting, pytest.raises(ValueError, match="it was offered"):
        setting.run(stuck, Liar())


def test_a_strategy_that_is_vouched_for_makes_the_same_choices() -> None:
    def schedules(*, vouched: bool) -> list[tuple[int, ...]]:
        dfs = BoundedDfs()
        found = []
        with ControlledSetting() as setting:
            for number in range(20):
                dfs.begin(number)
                found.append(setting.run(stuck, dfs, vouched=vouched).schedule)
        return found

    assert schedules(vouched=True) == schedules(vouched=False)


def test_what_cannot_be_is_refused_with_what_is_taken() -> None:
    with pytest.raises(ArgumentError, match="max_steps"):
        ControlledSetting(max_steps=0)
    with pytest.raises(ArgumentError, match="free-threaded or gil"):
        ControlledSetting(model="GIL")
    with ControlledSetting() as setting, pytest.raises(ArgumentError, match="without arguments"):
        setting.run(3, First())  # type: ignore[arg-type]
