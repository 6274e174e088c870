"""What an exploration covered, in words that claim no more than was run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
        count = f"{self.executions:,}".replace(",", " ")
        plural = "s" if self.executions != 1 else ""
        who = self.strategy if self.seed is None else f"{self.strategy}, seed {self.seed}"
        if self.failed:
            return f"execution {count} failed ({who})"
        if self.overruns:
            return (
                f"undecided: {self.overruns} of {count} execution{plural} met the bound of "
                f"{self.max_steps} steps; {self._places()}"
            )
        if self.stopped:
            return f"undecided: {self.stopped} after {count} execution{plural}, none failed"
        if not self.executions:
            return f"undecided: nothing was run, {self.strategy} had nothing to try"
        if self.exhausted:
            return f"exhausted: {count} execution{plural}, {self.scope}"
        dry = ", nothing left to try" if self.ran_dry else ""
        opaque = f"; not exhausted: {self.opaque}" if self.opaque else ""
        return f"{count} execution{plural}, none failed ({who}{dry}){opaque}"

    def _places(self) -> str:
        shown = self.unfinished[:MAX_PLACES]
        more = len(self.unfinished) - len(shown)
        places = "; ".join((*shown, f"and {more} more") if more else shown)
        return (
            "a loop that polls instead of waiting looks like this; or raise max_steps. "
            f"There: {places}"
        )
