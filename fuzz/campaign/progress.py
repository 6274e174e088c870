"""What a running campaign shows: one value for each look, of bounded size however long it runs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fuzz.campaign.campaign_run import Budget
    from fuzz.campaign.plateau import Outlook

RATE_S: Final = 10.0  # over which the present rate is told
TRAIL: Final = 60  # points of the small curves on the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """One worker, as a line of the view.

    Attributes:
        state: "fuzzing", "starting", or why not.
        restarts: How often it was started anew after an early end.
        resident_bytes: Of its process.
    """

    number: int
    engine: str
    pid: int | None
    state: str
    executions: int
    rate: float
    edges: int
    features: int
    restarts: int
    resident_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a campaign is.

    Attributes:
        seconds: Of fuzzing so far, sittings before a resume included.
        rate: Executions per second of the last ten seconds.
        quiet_s: Since something new came.
        found: Findings by kind; the keys are the words of `CrashKind`.
        new: How many of them no earlier campaign has saved.
        trail: New paths in each of the last stretches of equal length, the newest last.
        resident_bytes: Of this process; the workers tell theirs.
        notes: The last few things that somebody should know.
    """

    target: str
    budget: Budget
    seconds: float = 0.0
    executions: int = 0
    rate: float = 0.0
    coverage: int | None = None
    features: int = 0
    corpus: int = 0
    paths: int = 0
    quiet_s: float = 0.0
    found: Mapping[str, int] = field(default_factory=dict)
    new: int = 0
    undecided: int = 0
    workers: tuple[WorkerLine, ...] = ()
    outlook: Outlook | None = None
    trail: tuple[int, ...] = ()
    resident_bytes: int = 0
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.executions:,} executions", f"{self.rate:,.0f}/s"]
        if self.coverage is not None:
            parts.append(f"{self.coverage} edges")
        parts.append(f"{self.features} features")
        parts.append(f"{self.corpus} kept")
        if self.found:
            parts.append(f"{sum(self.found.values())} findings")
        parts.append(f"nothing new for {self.quiet_s:.0f} s")
        return ", ".join(parts)


class Rate:
    """Executions per second of the last stretch; a fixed number of points."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque(maxlen=64)

    def add(self, seconds: float, executions: int) -> None:
        """Note a count; several within a moment are one."""
        if self._points and seconds - self._points[-1][0] < RATE_S / 50:
            return
        self._points.append((seconds, executions))
        while len(self._points) > 2 and seconds - self._points[1][0] > RATE_S:  # noqa: PLR2004  # ends of a stretch
            self._points.popleft()

    @property
    def now(self) -> float:
        """The rate; 0 before two counts were noted."""
        if len(self._points) < 2:  # noqa: PLR2004  # as above
            return 0.0
        (first_s, first), (last_s, last) = self._points[0], self._points[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0


def trail(marks: Sequence[tuple[float, int]], seconds: float) -> tuple[int, ...]:
    """Return how many new paths came in each of `TRAIL` stretches of equal length.

    Args:
        marks: (seconds, new paths by then), the oldest first.
        seconds: How long the campaign has run.
    """
    if seconds <= 0:
        return ()
    came = [0] * TRAIL
    before = 0
    for at_s, total in marks:
        came[min(int(at_s / seconds * TRAIL), TRAIL - 1)] += total - before
        before = total
    return tuple(came)
