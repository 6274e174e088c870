"""A timed wait gives up last, or at any moment where that is asked for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness import Verdict
from harness.commands import explore_command
from harness.replay_token import decode_token


def gives_up_too_soon() -> None:
    """Fails only where the wait gives up although the other thread could still run."""
    event = threading.Event()
    threading.Thread(target=event.set).start()
    assert event.wait(60), "gave up"


class Late:
    """Runs whoever could go on, and never asks for early timeouts."""

    early_timeouts = False

    def begin(self, execution: int) -> bool:
        return True

    def pick(self, ready: Any, current: Any) -> Any:
        return next((task for task in ready if task.parked), ready[0])


def test_by_default_a_timeout_comes_last() -> None:
    assert harness.explore(gives_up_too_soon, Late(), executions=50).verdict is Verdict.PASSED


def test_asked_for_a_timeout_may_come_first_and_the_token_keeps_it() -> None:
    finding = harness.explore(gives_up_too_soon, Late(), executions=50, early_timeouts=True).finding
    assert finding is not None
    assert "gave up" in finding.message
    assert decode_token(finding.token).early
    assert harness.replay(gives_up_too_soon, finding.token) is not None


@pytest.mark.parametrize("strategy", ["random", "pct", "pos", "surw", "delay", "dfs", "portfolio"])
def test_every_strategy_can_be_asked(strategy: str) -> None:
    # A random one gives up in at least a fifth of the executions: misses with 0.8**100 < 1e-9.
    result = harness.explore(gives_up_too_soon, strategy, executions=100, early_timeouts=True)
    assert result.verdict is Verdict.FAILED, result


def test_a_decorated_test_can_ask_for_it() -> None:
    harness.interleaved(strategy=Late(), executions=20)(gives_up_too_soon)()
    with pytest.raises(harness.InterleavingError, match="gave up"):
        harness.interleaved(strategy=Late(), executions=20, early_timeouts=True)(
            gives_up_too_soon
        )()


def test_a_strategy_that_cannot_be_told_is_named() -> None:
    class Fixed:
        __slots__ = ()

        def begin(self, execution: int) -> bool:
            return True

        def pick(self, ready: Any, current: Any) -> Any:
            return ready[0]

    with pytest.raises(harness.ArgumentError, match=r"early_timeouts is True .*False with Fixed"):
        harness.explore(gives_up_too_soon, Fixed(), executions=5, early_timeouts=True)


@pytest.mark.parametrize("wrong", [1, None, "yes"])
def test_what_is_neither_true_nor_false_is_refused(wrong: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^early_timeouts is "):
        harness.explore(gives_up_too_soon, early_timeouts=wrong)


def test_the_command_line_has_it() -> None:
    assert "--early-timeouts" in CliRunner().invoke(explore_command, ["--help"]).output
