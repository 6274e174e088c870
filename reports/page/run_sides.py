"""The runs of two versions that are laid over each other: before and now."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reports.page.axis import drawable
from reports.page.embedded import rounded
from reports.quantities import count, number, percent, quantity, scale_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.verdict import JudgedSeries
    from reports.series import Point, RunValue, Series

RUNS: Final = 8  # of each side, the newest: more lanes than that say nothing more
_SIDES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSides:
    """A series' runs before its newest standing change, or else of the code before, and now's.

    Attributes:
        old: The point before.
        new: The newest point.
        old_runs: Its runs, the newest `RUNS` of them.
        new_runs: The newest point's.
    """

    unit: str
    old: Point
    new: Point
    old_runs: tuple[RunValue, ...]
    new_runs: tuple[RunValue, ...]

    @property
    def change(self) -> float:
        """How much the median of runs moved, relative to the old one."""
        return self.new.median / self.old.median - 1 if self.old.median else 0.0

    @property
    def words(self) -> str:
        """Return both sides in words: their medians, and whether their runs lie apart."""
        sides = (
            f"{label} ({one.label}): {quantity(one.median, self.unit)}, {_of_runs(one)}"
            for label, one in (("before", self.old), ("now", self.new))
        )
        return f"{'; '.join(sides)}: {percent(self.change)}{self._apart}."

    @property
    def numbers(self) -> str:
        """Return both sides as numbers for a table: median, then lowest to highest."""
        scale = scale_for([*self.old.values, *self.new.values], self.unit)
        old, new = (_span(one, scale.factor) for one in _of(self))
        return f"{old} \u2192 {new} {scale.label}".rstrip()

    @property
    def _apart(self) -> str:
        old, new = self.old.values, self.new.values
        if len(old) == len(new) == 1:
            return ""  # two runs always lie apart
        apart = min(new) > max(old) or max(new) < min(old)
        return f", and {_APART if apart else _MIXED}"


_APART: Final = "no run of one side lies among the other's"
_MIXED: Final = "the runs overlap"


def run_sides(series: Series, judged: JudgedSeries) -> RunSides | None:
    """Return the two sides of a series, or None where the newest code has no side of its own."""
    points = series.points()
    if len(points) < _SIDES or not judged.is_current:
        return None
    old = points[_before(points, judged)]
    new = points[-1]
    if not all(drawable(value) for value in (*old.values, *new.values)):
        return None
    return RunSides(
        unit=series.unit,
        old=old,
        new=new,
        old_runs=_runs(series, old),
        new_runs=_runs(series, new),
    )


def embedded_sides(sides: RunSides, *, factor: float, codes: dict[str, int]) -> list[Any] | None:
    """Return both sides for the script, or None where they say no more than the curve does.

    The old code's label by number, then each side's runs: a run is its value, or its value between
    the quartiles of its rounds where these are known; all divided by `factor`.
    """
    runs = (*sides.old_runs, *sides.new_runs)
    if len(runs) == _SIDES and all(run.q1 is None for run in runs):
        return None
    label = codes.setdefault(sides.old.label, len(codes))
    return [label, *([_run(run, factor) for run in side] for side in _of(sides))]


def _of(sides: RunSides) -> tuple[Sequence[RunValue], Sequence[RunValue]]:
    return sides.old_runs, sides.new_runs


def _run(run: RunValue, factor: float) -> float | list[float | None] | None:
    value = rounded(run.value / factor)
    if run.q1 is None or run.q3 is None or not (drawable(run.q1) and drawable(run.q3)):
        return value
    return [rounded(run.q1 / factor), value, rounded(run.q3 / factor)]


def _before(points: Sequence[Point], judged: JudgedSeries) -> int:
    """Return the place of the old side among the points."""
    standing = [change for change in judged.changes if change.standing]
    if not standing:
        return len(points) - _SIDES
    # After a step the version before the newest is slow as well: what stood before it is meant.
    # Places in a judgement count from where the history begins.
    began = max(len(points) - judged.points, 0)
    return min(max(standing[-1].last_before.index, 0) + began, len(points) - _SIDES)


def _runs(series: Series, point: Point) -> tuple[RunValue, ...]:
    return tuple(run for run in series.runs if run.stamp.code == point.code)[-RUNS:]


def _span(runs: Sequence[RunValue], factor: float) -> str:
    """Return the median of runs and how far they reach; of a single one, its middle rounds."""
    middle = number(statistics.median(run.value for run in runs) / factor)
    ends = [run.value for run in runs]
    if len(runs) == 1:
        ends = [one for one in (runs[0].q1, runs[0].q3) if one is not None and drawable(one)]
    if len(ends) < _SIDES:
        return middle
    return f"{middle} ({number(min(ends) / factor)} to {number(max(ends) / factor)})"


def _of_runs(point: Point) -> str:
    runs = len(point.values)
    return "one run" if runs == 1 else f"the median of {count(runs, 'run')}"
