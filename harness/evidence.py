"""What an exploration covered, in words that claim no more than was run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.headway import grouped

if TYPE_CHECKING:
    from harness.estimate import Estimate

MAX_PLACES: Final = 8  # tasks that the evidence of an undecided run names


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was run.

    Attributes:
        strategy: Its name.
        seed: None for a strategy that draws nothing.
        failed: The last execution failed.
        stopped: Why no more were run, if somebody wanted more.
        overruns: Executions that met the bound of `max_steps`.
        unfinished: Where the tasks stood at the last such bound.
        opaque: What was met that may be several steps in reality.
        invisible: Why plain accesses were not seen.
        scope: What was searched, if nothing of it is left.
        ran_dry: The strategy had nothing more to try.
        unit: What the strategy calls an execution, in the plural.
        earlier: Executions of an exploration that this one goes on with.
        workers: Processes that ran them.
        estimate: The part of the space that was run.
    """

    executions: int
    strategy: str
    seed: int | None
    max_steps: int
    failed: bool = False
    stopped: str = ""
    overruns: int = 0
    unfinished: tuple[str, ...] = ()
    opaque: str = ""
    invisible: str = ""
    scope: str = ""
    ran_dry: bool = False
    unit: str = "executions"
    earlier: int = 0
    workers: int = 1
    estimate: Estimate | None = None

    @property
    def cut(self) -> bool:
        """Less was run than was wanted."""
        return bool(self.stopped or self.overruns or not self.executions)

    @property
    def exhausted(self) -> bool:
        """Every schedule of the strategy's space was run, and nothing was out of sight."""
        out_of_sight = self.opaque or self.invisible
        return bool(self.scope) and not (self.failed or self.cut or out_of_sight)

    def __str__(self) -> str:
        return f"{self._covered()}; {self.invisible}" if self.invisible else self._covered()

    def _covered(self) -> str:
        if self.failed:
            return f"execution {grouped(self.executions)} failed ({self._who()})"
        if self.overruns:
            return (
                f"undecided: {self.overruns} of {self._count('executions')} met the bound of "
                f"{self.max_steps} steps; {self._places()}"
            )
        if self.stopped:
            stopped = f"undecided: {self.stopped} after {self._count(self.unit)}, none failed"
            return f"{stopped}{self._part()}{self._not_seen()}"
        if not self.executions:
            return f"undecided: nothing was run, {self.strategy} had nothing to try"
        if self.exhausted:
            return f"exhausted: {self._count(self.unit)}, {self.scope}"
        dry = ", nothing left to try" if self.ran_dry else ""
        part = "" if self.ran_dry else self._part()
        return f"{self._count(self.unit)}, none failed ({self._who()}{dry}){self._not_seen()}{part}"

    def _not_seen(self) -> str:
        """Say what would keep even a search of everything from being one."""
        return f"; not exhausted: {self.opaque}" if self.opaque else ""

    def _count(self, unit: str) -> str:
        """Return the number run, and of what."""
        word = unit.removesuffix("s") if self.executions == 1 else unit
        before = f" (and {grouped(self.earlier)} before)" if self.earlier else ""
        return f"{grouped(self.executions)} {word}{before}"

    def _who(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"{self.strategy}{seed}{f', {self.workers} workers' if self.workers > 1 else ''}"

    def _part(self) -> str:
        return "" if self.estimate is None else f"; {self.estimate}"

    def _places(self) -> str:
        shown = self.unfinished[:MAX_PLACES]
        more = len(self.unfinished) - len(shown)
        places = "; ".join((*shown, f"and {more} more") if more else shown)
        return (
            "a loop that polls instead of waiting looks like this; or raise max_steps. "
            f"There: {places}"
        )
