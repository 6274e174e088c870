"""A figure that must be reached: what it is, its limit, and whether it was."""

from __future__ import annotations

import statistics
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class NotComparedError(Exception):
    """What the figure compares with is not here; the text says what and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure: the quick effort tells twice too slow, the full one 10 percent."""

    quick: bool

    def pick(self, *, quick: int, full: int) -> int:
        """Return the one of two counts that fits this effort."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: how to measure it, and how far it may go; no limit means it is only recorded.

    `measure` returns one value a round, in `unit`; the figure is their median.
    """

    name: str
    about: str
    metric: str
    unit: str
    direction: Direction
    measure: Callable[[Effort], Sequence[float]]
    limit: float | None = None

    def judged(self, effort: Effort) -> Record:
        """Return the record of this figure, failed when its median is beyond the limit.

        A figure that misses is measured once more, and all rounds of both decide: a busy minute
        must not look like slow code, nor a lucky one like fast code.
        """
        try:
            values = list(self.measure(effort))
            if not self.reached(self._summary(values)):
                values += self.measure(effort)
        except NotComparedError as error:
            return self._skipped(str(error))
        except Exception as error:  # noqa: BLE001  # the other figures are still to be measured
            return self._broken(error)
        return self._record(self._summary(values))

    def _summary(self, values: Sequence[float]) -> Measure:
        q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
        return Measure(
            metric=self.metric,
            value=median,
            unit=self.unit,
            direction=self.direction,
            n=len(values),
            minimum=min(values),
            q1=q1,
            median=median,
            q3=q3,
            maximum=max(values),
        )

    def _record(self, measure: Measure) -> Record:
        reached = self.reached(measure)
        return Record(
            kind=RecordKind.BENCHMARK,
            name=self.name,
            outcome=Outcome.PASSED if reached else Outcome.FAILED,
            measures=(measure,),
            params=self._params(),
            message="" if reached else self._missed(measure),
            replay=self._replay(),
        )

    def _skipped(self, why: str) -> Record:
        return Record(
            kind=RecordKind.BENCHMARK,
            name=self.name,
            outcome=Outcome.SKIPPED,
            params=self._params(),
            message=f"not compared: {why}",
            replay=self._replay(),
        )

    def _broken(self, error: Exception) -> Record:
        story = "".join(traceback.format_exception(error))
        return Record(
            kind=RecordKind.BENCHMARK,
            name=self.name,
            outcome=Outcome.FAILED,
            params=self._params(),
            message=f"could not be measured: {type(error).__name__}: {error}\n{story}",
            replay=self._replay(),
        )

    def reached(self, measure: Measure) -> bool:
        """Return whether a measurement is within the limit; one without a limit always is."""
        if self.limit is None:
            return True
        match self.direction:
            case Direction.LOWER:
                return measure.value <= self.limit
            case Direction.HIGHER:
                return measure.value >= self.limit
            case Direction.NEITHER:
                raise ValueError(f"{self.name} has a limit, so its metric needs a direction")

    def _params(self) -> dict[str, str]:
        limit = {} if self.limit is None else {"limit": f"{self.limit:g}"}
        return {"about": self.about, **limit}

    def _missed(self, measure: Measure) -> str:
        word = "at least" if self.direction is Direction.HIGHER else "at most"
        return (
            f"{self.about}: {measure.value:.4g} {measure.unit}, must be {word} {self.limit:g}. "
            "Measured twice; on a busy machine measure again before looking for a cause."
        )

    def _replay(self) -> str:
        return f"python benchmarks/compare_floor.py --only {self.name}"
