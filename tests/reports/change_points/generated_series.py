"""Series whose changes are known, because they were put there: one generator a case, seeded.

The cases follow the kinds that change-point detectors are usually measured on and get wrong:
plain steps, outliers, memory, skew, machines taking turns, slow drifts, pulses, a step at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

LEVEL: Final = 100.0
POINTS: Final = 100
MARGIN: Final = 15  # points without a change at either end
PULSE: Final = 8
LAST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A series and the first points of its new levels.

    Attributes:
        drift: The last point before a drift and its last point, where there is one.
    """

    values: Floats
    changes: tuple[int, ...]
    drift: tuple[int, int] | None = None


def gauss(draws: np.random.Generator, points: int) -> Floats:
    return draws.standard_normal(points)


def heavy(draws: np.random.Generator, points: int) -> Floats:
    """Student's t of 3 degrees of freedom, brought to a standard deviation of 1."""
    return draws.standard_t(3, points) / np.sqrt(3)


def skewed(draws: np.random.Generator, points: int) -> Floats:
    """Exponential: a floor below, a long tail above, as timings have it."""
    return draws.standard_exponential(points) - 1


def remembering(memory: float) -> Callable[[np.random.Generator, int], Floats]:
    """First-order autoregression with a standard deviation of 1."""

    def noise(draws: np.random.Generator, points: int) -> Floats:
        values = draws.standard_normal(points)
        values[1:] *= np.sqrt(1 - memory * memory)
        for at in range(1, points):
            values[at] += memory * values[at - 1]
        return values

    return noise


def two_modes(draws: np.random.Generator, points: int) -> Floats:
    """Two levels two standard deviations apart, one point in three on the upper."""
    return 2.0 * (draws.random(points) < 1 / 3) + 0.25 * draws.standard_normal(points)


def four_machines(draws: np.random.Generator, points: int) -> Floats:
    offsets = np.array([-1.2, -0.4, 0.4, 1.2])
    return offsets[draws.integers(0, 4, points)] + 0.4 * draws.standard_normal(points)


def with_spikes(draws: np.random.Generator, values: Floats, share: float = 0.03) -> Floats:
    hit = draws.random(values.size) < share
    return np.where(hit, values * draws.uniform(1.2, 2.0, values.size), values)


Noise: TypeAlias = "Callable[[np.random.Generator, int], Floats]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to make a labelled series; percentages of the level.

    Attributes:
        step: The change, signed.
        noise: Standard deviation of one point.
        shape: Of the noise.
        where: `inside` for one step, `pulse` for a step and its return, `last` for the last points.
    """

    step: float = 0.0
    noise: float = 2.0
    shape: Noise = gauss
    where: str = "inside"
    spikes: bool = False
    drift: float = 0.0
    points: int = POINTS

    def series(self, draws: np.random.Generator) -> Labelled:
        """Return the next series."""
        levels = np.full(self.points, LEVEL)
        changes: tuple[int, ...] = ()
        if self.step:
            changes = self._places(draws)
            end = changes[1] if len(changes) > 1 else self.points
            levels[changes[0] : end] *= 1 + self.step / 100
        levels += LEVEL * self.drift / 100 * np.linspace(0, 1, self.points)
        # Noise is a share of the level it stands on, as it is of timings.
        values = levels * (1 + self.noise / 100 * self.shape(draws, self.points))
        if self.spikes:
            values = with_spikes(draws, values)
        return Labelled(values=values, changes=changes)

    def _places(self, draws: np.random.Generator) -> tuple[int, ...]:
        if self.where == "last":
            return (self.points - LAST,)
        margin = min(MARGIN, self.points // 4)
        at = int(draws.integers(margin, self.points - margin + 1))
        return (at, at + PULSE) if self.where == "pulse" else (at,)


STEPS: Final = {
    "10@2": Recipe(step=10),
    "10@5": Recipe(step=10, noise=5),
    "5@2": Recipe(step=5),
    "5@5": Recipe(step=5, noise=5),
    "3@2": Recipe(step=3),
    "3@5": Recipe(step=3, noise=5),
    "10@2 spikes": Recipe(step=10, spikes=True),
    "5@2 AR(.5)": Recipe(step=5, shape=remembering(0.5)),
    "pulse 10@2": Recipe(step=10, where="pulse"),
    "last 10@2": Recipe(step=10, where="last"),
    "-10@2": Recipe(step=-10),
    "10@2 skewed": Recipe(step=10, shape=skewed),
}

FLAT: Final = {
    "gauss 2": Recipe(),
    "gauss 5": Recipe(noise=5),
    "skewed 2": Recipe(shape=skewed),
    "AR(.5)": Recipe(shape=remembering(0.5)),
    "two modes": Recipe(shape=two_modes),
    "4 machines": Recipe(shape=four_machines),
    "spikes": Recipe(spikes=True),
    "drift 10": Recipe(drift=10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RampRecipe:
    """How to make a series with one drift over a part of it; percentages of the level.

    Attributes:
        height: How far the drift goes, signed.
        length: Points over which it goes.
        goes_on: It ends with the series; else it lies anywhere, its ends 15 points inside.
        step: One more step, of so much, 20 points before the drift.
    """

    height: float
    length: int
    goes_on: bool = False
    step: float = 0.0
    noise: float = 2.0
    shape: Noise = gauss
    points: int = 120

    def series(self, draws: np.random.Generator) -> Labelled:
        """Return the next series."""
        last = self.points - 1 - self.length
        start = last
        if not self.goes_on:
            start = int(draws.integers(MARGIN + 20 * bool(self.step), last - MARGIN + 1))
        way = np.clip((np.arange(self.points) - start) / self.length, 0, 1)
        levels = LEVEL * (1 + self.height / 100 * way)
        changes = (start - 20,) if self.step else ()
        for at in changes:
            levels[at:] *= 1 + self.step / 100
        values = levels * (1 + self.noise / 100 * self.shape(draws, self.points))
        return Labelled(values=values, changes=changes, drift=(start, start + self.length))


@dataclass(frozen=True, slots=True, kw_only=True)
class StairsRecipe:
    """How to make a series whose steps all go one way; percentages of the level.

    Attributes:
        steps: The size of each.
        apart: Fewest and most points between two, and at the ends.
    """

    steps: tuple[float, ...]
    apart: tuple[int, int] = (20, 30)
    noise: float = 2.0

    def series(self, draws: np.random.Generator) -> Labelled:
        """Return the next series."""
        sizes = draws.integers(self.apart[0], self.apart[1] + 1, len(self.steps) + 1)
        levels = np.full(int(sizes.sum()), LEVEL)
        changes = tuple(int(at) for at in np.cumsum(sizes)[:-1])
        for at, step in zip(changes, self.steps, strict=True):
            levels[at:] *= 1 + step / 100
        values = levels * (1 + self.noise / 100 * draws.standard_normal(levels.size))
        return Labelled(values=values, changes=changes)


RAMPS: Final = {
    "24 in 60, goes on": RampRecipe(height=24, length=60, goes_on=True),
    "15 in 40": RampRecipe(height=15, length=40),
    "20 in 20": RampRecipe(height=20, length=20),
    "-20 in 40": RampRecipe(height=-20, length=40),
    "10 in 60": RampRecipe(height=10, length=60),
    "20 in 40 after a step of 10": RampRecipe(height=20, length=40, step=10),
    "20 in 40 AR(.5)": RampRecipe(height=20, length=40, shape=remembering(0.5)),
    "30 in 80 of 500": RampRecipe(height=30, length=80, points=500),
}

STAIRS: Final = {
    "5 5 5": StairsRecipe(steps=(5, 5, 5)),
    "5 5": StairsRecipe(steps=(5, 5)),
    "5 5 5 5": StairsRecipe(steps=(5, 5, 5, 5)),
    "8 8 8, 12 to 20 apart": StairsRecipe(steps=(8, 8, 8), apart=(12, 20)),
    "4 10 6": StairsRecipe(steps=(4, 10, 6)),
}


class Maker(Protocol):
    """What makes labelled series."""

    def series(self, draws: np.random.Generator) -> Labelled:
        """Return the next series."""
        ...


def series_of(recipe: Maker, *, count: int, seed: int) -> list[Labelled]:
    """Return `count` series of a recipe."""
    draws = np.random.default_rng(seed)
    return [recipe.series(draws) for _ in range(count)]
