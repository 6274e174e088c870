"""Which boundaries of a description hold: large enough to matter, and too large for chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.change_points.fits import Fit, fit
from reports.change_points.noise import running_median
from reports.change_points.scan import likely_place
from reports.change_points.significance import Stretch, chance_run, step_p
from reports.change_points.unit_series import middle

if TYPE_CHECKING:
    from reports.change_points.noise import Floats
    from reports.change_points.unit_series import UnitSeries

SIGNIFICANCE: Final = 0.005  # of one boundary; a report of many series adjusts on top
_TOO_SMALL: Final = 2.0  # above every p: what does not matter goes first


class Pruner:
    """Measures the boundaries of one series; used once, by one thread."""

    __slots__ = ("_absolute_floor", "_floor", "_known", "_series")

    def __init__(self, series: UnitSeries, *, floor: float, absolute_floor: float) -> None:
        self._series = series
        self._floor = floor
        self._absolute_floor = absolute_floor
        self._known: dict[tuple[int, int, int, float, tuple[float, ...]], float] = {}

    def pruned(self, found: Fit) -> Fit:
        """Return the description whose every boundary holds, the weakest dropped one by one."""
        while found.starts:
            chances = self.chances(found)
            worst = max(range(len(chances)), key=chances.__getitem__)
            if chances[worst] <= SIGNIFICANCE:
                break
            kept = found.starts[:worst] + found.starts[worst + 1 :]
            found = self._same_ground(found, kept)
        return found

    def chances(self, found: Fit) -> list[float]:
        """Return each boundary's p, or 2 where the change is too small to matter."""
        bounds = (0, *found.starts, found.level.size)
        return [
            self._chance(found, each) for each in zip(bounds, bounds[1:], bounds[2:], strict=False)
        ]

    def placed(self, found: Fit) -> tuple[Fit, tuple[tuple[int, int], ...]]:
        """Return the boundaries where they most likely are, and 95 % ranges of each."""
        bounds = [0, *found.starts, found.level.size]
        ranges = []
        for at in range(1, len(bounds) - 1):
            first, last = bounds[at - 1], bounds[at + 1]
            stretch = _stretch(found, first, last)
            place, low, high = likely_place(stretch.centred, stretch.memory)
            bounds[at] = first + place
            ranges.append((first + low, first + high))
        return self._same_ground(found, tuple(bounds[1:-1])), tuple(ranges)

    def levels(self, found: Fit, first: int, start: int, last: int) -> tuple[float, float]:
        """Return the medians on either side; on a line, carried along it to the boundary."""
        given = self._series.given[first:last]
        if found.ramps:
            ground = (self._series.smooth - found.level)[first:last]
            given = given - (ground - ground[start - first]) * self._series.unit
        return middle(given[: start - first]), middle(given[start - first :])

    def matters(self, before: float, after: float) -> bool:
        """Return whether a change of level is at least as large as both floors."""
        # Halves: the difference of two huge levels of opposite sign is out of a float's range.
        change = abs(after / 2 - before / 2)
        return change > 0 and change >= max(self._floor * abs(before / 2), self._absolute_floor / 2)

    def at_least_floors(self, relative: float, level: float) -> float:
        """Return a relative change, or the floor where that is larger."""
        return max(relative, self._floor, self._absolute_floor / abs(level))

    def _same_ground(self, found: Fit, starts: tuple[int, ...]) -> Fit:
        return fit(self._series.smooth, starts, found.ramps)

    def _chance(self, found: Fit, bounds: tuple[int, int, int]) -> float:
        first, start, last = bounds
        if not self.matters(*self.levels(found, first, start, last)):
            return _TOO_SMALL
        key = (first, start, last, found.correlation, found.heights)
        if key not in self._known:
            p = step_p(_stretch(found, first, last))
            self._known[key] = max(p, self._run_chance(found.level, bounds))
        return self._known[key]

    def _run_chance(self, level: Floats, bounds: tuple[int, int, int]) -> float:
        """Return the chance that as many spikes as make up the shorter side fell side by side."""
        first, start, last = bounds
        before, after = float(level[first:start].mean()), float(level[start:last].mean())
        short, base, step = slice(first, start), after, before - after
        if last - start < start - first:
            short, base, step = slice(start, last), before, after - before
        side = 1 if step > 0 else -1
        # A spike stands as far from its neighbourhood as half the step, on the step's side.
        beyond = side * (self._series.raw - self._series.smooth)
        far = side * (self._series.raw - running_median(self._series.smooth)) >= abs(step) / 2
        spikes = far & (beyond > 0)
        spikes[short] = False
        raised = side * (level[short] - base) >= abs(step) / 2
        return chance_run(
            int(spikes.sum()),
            of=level.size,
            window=raised.size,
            run=int(raised.sum()),
            places=last - first,
        )


def _stretch(found: Fit, first: int, last: int) -> Stretch:
    return Stretch(
        values=found.level[first:last],
        correlation=found.correlation,
        evidence=found.level.size,
        sloped=any(ramp.start < last - 1 and ramp.end > first for ramp in found.ramps),
    )
