"""How far an exploration is, and when it will end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.estimate import Estimate

    Progress = Callable[["Headway"], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headway:
    """Where a running exploration stands.

    Attributes:
        executions: How many were run.
        elapsed_s: Wall time in seconds.
        wanted: Executions after which it ends; None for no such number.
        budget_s: Seconds after which it ends; None for no such time.
        earlier: Executions of an exploration that this one goes on with.
        estimate: The part of its space that was run, if it is known.
        exhaustive: It ends when its space is exhausted.
        unit: What it calls an execution.
    """

    executions: int
    elapsed_s: float
    wanted: int | None = None
    budget_s: float | None = None
    earlier: int = 0
    estimate: Estimate | None = None
    exhaustive: bool = False
    unit: str = "executions"

    @property
    def rate(self) -> float:
        """Executions per second of wall time."""
        return self.executions / max(self.elapsed_s, 1e-9)

    @property
    def eta_s(self) -> float | None:
        """Seconds until it ends without a failure, as far as one can know; None: unknown."""
        ends = [end for end in (*self._budgets(), self._space()) if end is not None]
        return min(ends) if ends else None

    def _budgets(self) -> Sequence[float | None]:
        by_time = None if self.budget_s is None else max(self.budget_s - self.elapsed_s, 0.0)
        if self.wanted is None or not self.executions:
            return (by_time,)
        return by_time, max(self.wanted - self.executions, 0) / self.rate

    def _space(self) -> float | None:
        """Return the seconds until nothing is left to try."""
        estimate = self.estimate
        if not self.exhaustive or estimate is None or not self.executions:
            return None
        if not estimate.low or not estimate.fraction:
            return None  # the space may be larger by any factor
        done = self.executions + self.earlier
        return done * (1 / estimate.fraction - 1) / self.rate

    def __str__(self) -> str:
        limit = "" if self.wanted is None else f" of {grouped(self.wanted)}"
        words = [f"{grouped(self.executions)}{limit}", f"{grouped(int(self.rate))}/s"]
        if self.estimate is not None:
            words.append(str(self.estimate))
        eta_s = self.eta_s
        words.append("time left unknown" if eta_s is None else f"{duration(eta_s)} left")
        return ", ".join(words)


def pooled(parts: Sequence[Headway]) -> Headway:
    """Return where workers stand together. At least one."""
    from harness.estimate import merged  # noqa: PLC0415  # a forked child never needs it

    first = parts[0]
    wanted = [part.wanted for part in parts if part.wanted is not None]
    executions = sum(part.executions for part in parts)
    done = first.earlier + executions if first.exhaustive else None
    known = [part.estimate for part in parts if part.estimate is not None]
    return Headway(
        executions=executions,
        elapsed_s=max(part.elapsed_s for part in parts),
        wanted=sum(wanted) if wanted else None,
        budget_s=first.budget_s,
        earlier=first.earlier,
        estimate=merged(known, done=done),
        exhaustive=first.exhaustive,
        unit=first.unit,
    )


def grouped(number: int) -> str:
    """Return a number in groups of three digits."""
    return f"{number:,}".replace(",", " ")


def duration(seconds: float) -> str:
    """Return a time in the unit that reads best: "40 s", "3 min", "5 h", "2 days", "> 1 year"."""
    for limit, size, unit in (
        (90, 1, "s"), (90 * 60, 60, "min"), (36 * 3600, 3600, "h"), (365 * 86400, 86400, "days")
    ):  # fmt: skip
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return "over a year"
