"""What one check or one benchmark came to: the value every other package reports with.

Conventions that the page reads (a record without them is still shown, only with less):

* PLANTED: `name` is the bug's number, `params["bug"]` says in words what is wrong,
  `params["method"]` names what looked for it. Measures: `found` (how many seeded runs found it,
  `n` = of how many), `executions` (median to the finding), `time` (median seconds).
  A good twin has `params["twin"] = "good"`, and `found` counts its false alarms.
* EXPLORATION: measures `executions`, `time` (wall seconds), `cpu` (seconds);
  `params["strategy"]`, `params["model"]`, `params["seed"]`, `params["evidence"]`.
* STRESS: measures `operations`, `time`, leaks by their own names; `memory`, `threads` and
  `descriptors` have the curve of what was sampled. FUZZ: `executions`, `time`, `crashes`,
  `coverage`, `features` and `new inputs`, the last three with the curve of how they grew;
  `params["generator"]` says what made the inputs.
* PROFILE: `name` is what was profiled, `params["profile"]` is "cpu", "wait" or "memory"; one
  measure for each of the hottest functions, the hottest first: its metric is its place
  ("pkg/file.py:12 name"), its unit "s" or "B".
* TEST: one test of a suite, `name` is its id; measure `time` (seconds).
* BENCHMARK: one measure per metric; a figure judged against a limit has `params["limit"]`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from reports import limits
from reports.errors import BadValueError


class RecordKind(StrEnum):
    """Which part of the toolkit a record comes from."""

    BENCHMARK = "benchmark"
    EXPLORATION = "exploration"
    PLANTED = "planted"
    STRESS = "stress"
    FUZZ = "fuzz"
    PROFILE = "profile"
    TEST = "test"


class Outcome(StrEnum):
    """How a check ended; `UNDECIDED` and `SKIPPED` never count as passed."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"


class Direction(StrEnum):
    """Which way a metric gets better."""

    LOWER = "lower is better"
    HIGHER = "higher is better"
    NEITHER = "neither way is better"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number with its unit, the direction that is good, and its spread where known.

    `n` counts the single measurements behind it; the five-number summary is theirs. `curve` is how
    the metric grew while it was measured: pairs of seconds since the start and its value then.

    Raises:
        BadValueError: A number is not finite, `n` is below 1, the summary or the curve is out of
            order.
    """

    metric: str
    value: float
    unit: str
    direction: Direction
    n: int = 1
    minimum: float | None = None
    q1: float | None = None
    median: float | None = None
    q3: float | None = None
    maximum: float | None = None
    curve: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        check_text("Measure.metric", self.metric, least=1)
        check_text("Measure.unit", self.unit)
        check_number("Measure.value", self.value)
        if not isinstance(self.direction, Direction):
            raise BadValueError("Measure.direction", repr(self.direction), "a Direction")
        check_count("Measure.n", self.n)
        self._check_summary()
        check_curve(self.curve)

    def _check_summary(self) -> None:
        last = -math.inf
        for name in SUMMARY:
            number: float | None = getattr(self, name)
            if number is None:
                continue
            check_number(f"Measure.{name}", number)
            if number < last:
                takes = "minimum <= q1 <= median <= q3 <= maximum"
                raise BadValueError(f"Measure.{name}", f"{number!r} after {last!r}", takes)
            last = number


def check_curve(curve: object) -> None:
    """Raise BadValueError unless `curve` holds pairs of finite numbers, times in order."""
    if not isinstance(curve, tuple) or len(curve) > limits.CURVE:
        takes = f"a tuple of at most {limits.CURVE} pairs"
        raise BadValueError("Measure.curve", repr(curve)[:80], takes)
    last = 0.0
    for pair in curve:
        if not isinstance(pair, tuple) or len(pair) != 2:  # noqa: PLR2004  # a time and a value
            raise BadValueError("Measure.curve", repr(pair)[:80], "pairs of seconds and a value")
        for number in pair:
            check_number("a number in Measure.curve", number)
        if pair[0] < last:
            raise BadValueError("Measure.curve", f"{pair[0]!r} s after {last!r} s", "rising times")
        last = pair[0]


SUMMARY = ("minimum", "q1", "median", "q3", "maximum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One check or benchmark, what came of it, and the exact command that runs it again.

    Raises:
        BadValueError: A field has the wrong type or is beyond its limit.
    """

    kind: RecordKind
    name: str
    outcome: Outcome
    measures: tuple[Measure, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    message: str = ""
    replay: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.kind, RecordKind):
            raise BadValueError("Record.kind", repr(self.kind), "a RecordKind")
        if not isinstance(self.outcome, Outcome):
            raise BadValueError("Record.outcome", repr(self.outcome), "an Outcome")
        check_text("Record.name", self.name, least=1)
        self._check_measures()
        self._check_params()
        for name in ("message", "replay"):
            if not isinstance(getattr(self, name), str):
                raise BadValueError(f"Record.{name}", repr(getattr(self, name))[:80], "text")
        # A copy that nobody can change: a record is a value even if the caller's dict moves on.
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    def _check_measures(self) -> None:
        measures: object = self.measures
        if not isinstance(measures, tuple) or len(measures) > limits.MEASURES:
            takes = f"a tuple of at most {limits.MEASURES} Measures"
            raise BadValueError("Record.measures", repr(measures)[:80], takes)
        for one in measures:
            if not isinstance(one, Measure):
                raise BadValueError("Record.measures", repr(one)[:80], "Measure values")
        metrics = [measure.metric for measure in self.measures]
        if len(set(metrics)) != len(metrics):
            raise BadValueError("Record.measures", f"metrics {metrics}", "each metric once")

    def _check_params(self) -> None:
        params: object = self.params
        if not isinstance(params, Mapping) or len(params) > limits.PARAMS:
            takes = f"a mapping of at most {limits.PARAMS} names"
            raise BadValueError("Record.params", repr(params)[:80], takes)
        for key, value in self.params.items():
            check_text("a name in Record.params", key, least=1)
            check_text(f"Record.params[{key!r}]", value, most=limits.TEXT_CHARS)

    def measure(self, metric: str) -> Measure | None:
        """Return the measure of that metric, or None where it was not taken."""
        return next((one for one in self.measures if one.metric == metric), None)


def check_text(what: str, value: object, *, least: int = 0, most: int = limits.NAME_CHARS) -> None:
    """Raise BadValueError unless `value` is text of `least` to `most` characters."""
    if not isinstance(value, str):
        raise BadValueError(what, repr(value)[:80], "text")
    if not least <= len(value) <= most:
        got = f"{len(value)} characters"
        raise BadValueError(what, got, f"text of {least} to {most} characters")


def check_count(what: str, value: object) -> None:
    """Raise BadValueError unless `value` is an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadValueError(what, repr(value)[:80], "an int of at least 1")


def check_number(what: str, value: object) -> None:
    """Raise BadValueError unless `value` is a finite int or float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValueError(what, repr(value)[:80], "a number")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an int too large for a float
        finite = False
    if not finite:
        raise BadValueError(what, repr(value)[:80], "a finite number")
