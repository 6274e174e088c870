"""Runs a function of a Hypothesis value on inputs: the bytes are Hypothesis's choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fuzz.errors import BadTargetError, HypothesisMissingError

if TYPE_CHECKING:
    from collections.abc import Callable


class StrategyRun:
    """Serves as the `run` of a target. An input that makes no value is neither good nor bad.

    Raises:
        HypothesisMissingError: It is not installed.
        BadTargetError: `strategy` is not one.
    """

    def __init__(self, function: Callable[..., Any], strategy: object) -> None:
        try:
            import hypothesis  # noqa: PLC0415  # an extra; only targets that ask for it need it
            from hypothesis import strategies  # noqa: PLC0415  # as above
        except ImportError as error:
            raise HypothesisMissingError from error
        if not isinstance(strategy, strategies.SearchStrategy):
            raise BadTargetError("strategy", strategy, "a Hypothesis strategy")
        self._value: list[str] = []
        self._telling = False

        def test(value: object) -> None:
            if self._telling:
                self._value.append(repr(value))
                return
            function(value)

        quiet = hypothesis.settings(database=None, deadline=None, max_examples=1)
        run = quiet(hypothesis.given(strategy)(test))
        self._fuzz_one_input = run.hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # as documented

    def __call__(self, data: bytes) -> None:
        """Run one input."""
        self._fuzz_one_input(data)

    def describe(self, data: bytes) -> str:
        """Return the value that the bytes make, or that they make none."""
        self._value.clear()
        self._telling = True
        try:
            self._fuzz_one_input(data)
        finally:
            self._telling = False
        return self._value[-1] if self._value else "no value: the strategy refused these bytes"
