"""How often a detector is right on series whose changes are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.change_points.analysis import ChangeKind
from tests.reports.change_points.generated_series import series_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reports.change_points.analysis import Change
    from tests.reports.change_points.generated_series import Floats, Labelled, Maker

    Detector = Callable[[Floats], Sequence[int]]

NEAR: Final = 3  # points a change may be told from where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Changes found, missed and made up, over some series.

    Attributes:
        error: Mean distance of the found from where they are, in points.
    """

    series: int
    found: int
    missed: int
    false: int
    error: float

    @property
    def precision(self) -> float:
        told = self.found + self.false
        return self.found / told if told else 1.0

    @property
    def recall(self) -> float:
        there = self.found + self.missed
        return self.found / there if there else 1.0

    @property
    def false_per_series(self) -> float:
        return self.false / self.series


def score(detector: Detector, recipe: Maker, *, count: int, seed: int) -> Score:
    """Return how the detector does on series of a recipe."""
    return score_series(detector, series_of(recipe, count=count, seed=seed))


def score_series(detector: Detector, series: Iterable[Labelled]) -> Score:
    """Return how the detector does on these; each true change takes the nearest told one."""
    found = missed = false = looked = 0
    distances: list[int] = []
    for labelled in series:
        looked += 1
        told = list(detector(labelled.values))
        for there in labelled.changes:
            near = min(told, key=lambda at, there=there: abs(at - there), default=None)
            if near is None or abs(near - there) > NEAR:
                missed += 1
                continue
            told.remove(near)
            found += 1
            distances.append(abs(near - there))
        false += len(told)
    error = sum(distances) / len(distances) if distances else 0.0
    return Score(series=looked, found=found, missed=missed, false=false, error=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """What a gate does when it looks after every commit."""

    commits: int
    false: int
    steps: int
    missed: int
    delays: tuple[int, ...]

    @property
    def false_per_hundred(self) -> float:
        return 100 * self.false / self.commits

    @property
    def median_delay(self) -> float:
        ordered = sorted(self.delays)
        return float(ordered[len(ordered) // 2]) if ordered else float("inf")


WANDER: Final = 10  # points a drift may be told to begin from where it does


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Series that were told as they were made: their steps near by, and their drift as one.

    Attributes:
        off: Mean distance of the drifts told from where they begin, in points.
    """

    series: int
    right: int
    off: float

    @property
    def share(self) -> float:
        return self.right / self.series


def told_as_made(
    look: Callable[[Floats], Sequence[Change]], recipe: Maker, *, count: int, seed: int
) -> Told:
    """Return how many series of a recipe are told with all their changes and no other."""
    right, distances = 0, []
    for labelled in series_of(recipe, count=count, seed=seed):
        changes = look(labelled.values)
        steps = [each.index for each in changes if each.kind is ChangeKind.STEP]
        drifts = [each.index for each in changes if each.kind is ChangeKind.DRIFT]
        there = [] if labelled.drift is None else [labelled.drift[0]]
        if _near(steps, labelled.changes, NEAR) and _near(drifts, there, WANDER):
            right += 1
            distances += [abs(at - made) for at, made in zip(drifts, there, strict=True)]
    off = sum(distances) / len(distances) if distances else 0.0
    return Told(series=count, right=right, off=off)


def _near(told: Sequence[int], there: Sequence[int], reach: int) -> bool:
    return len(told) == len(there) and all(
        abs(at - made) <= reach for at, made in zip(told, there, strict=True)
    )


HISTORY: Final = 60
SAME_PLACE: Final = 4  # commits; an alarm this near to an old one is the old one


def false_alarms(detector: Detector, series: Iterable[Floats]) -> Alarms:
    """Look after every commit beyond the history, and count each place once."""
    commits = false = 0
    for values in series:
        places: list[int] = []
        for end in range(HISTORY + 1, len(values) + 1):
            commits += 1
            for at in detector(values[:end]):
                if all(abs(at - old) > SAME_PLACE for old in places):
                    places.append(at)
                    false += 1
    return Alarms(commits=commits, false=false, steps=0, missed=0, delays=())


def delays(detector: Detector, series: Iterable[Floats], *, patience: int = 20) -> Alarms:
    """Look after every commit from the step, at index 60, on, until it is told."""
    missed = steps = 0
    waits: list[int] = []
    for values in series:
        steps += 1
        for end in range(HISTORY + 1, HISTORY + patience + 1):
            if any(abs(at - HISTORY) <= SAME_PLACE for at in detector(values[:end])):
                waits.append(end - HISTORY)
                break
        else:
            missed += 1
    return Alarms(commits=0, false=0, steps=steps, missed=missed, delays=tuple(waits))
