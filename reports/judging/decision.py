"""What a gate makes of a judgement: red, green or cannot tell, and everything it should say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reports.command_line import REGRESSION_EXIT, TROUBLE_EXIT
from reports.judging.policy import CannotTell
from reports.judging.verdict import SeriesState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from reports.judging.policy import Policy
    from reports.judging.verdict import JudgedSeries, Place, SeriesChange, StoreJudgement

_NEWS: Final = 3  # newest points; an improvement older than that has been told


class Colour(StrEnum):
    """How a gate ends."""

    RED = "something got worse"
    GREEN = "nothing got worse"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """A commit, after which a change must begin to count."""

    commit_id: str
    position: int | None = None
    committed_at: datetime | None = None

    def is_before(self, change: SeriesChange) -> bool:
        """Return whether the change begins after this commit, or may do so."""
        if _is_at(change.last_before, self.commit_id):
            return True
        if _is_at(change.first_after, self.commit_id):
            return False
        first = change.first_after
        if self.position is not None and first.position is not None:
            return first.position > self.position
        # A change whose place cannot be told from the commit's counts: silence would be a claim.
        return self.committed_at is None or first.at > self.committed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A gate's verdict with what it rests on.

    Attributes:
        regressions: What makes it red, the largest first.
        earlier: Regressions that stand but began before `--since`.
        acknowledged: Regressions that stand and somebody accepted.
        improvements: Those that began at the newest points.
        suspects: Series whose newest point looks worse, and more runs would tell.
        untold: Series of which nothing can be told.
        unmeasured: How many regressions stand in series that the newest code was not measured on.
    """

    judgement: StoreJudgement
    colour: Colour
    exit_code: int
    regressions: tuple[SeriesChange, ...]
    earlier: tuple[SeriesChange, ...]
    acknowledged: tuple[SeriesChange, ...]
    improvements: tuple[SeriesChange, ...]
    suspects: tuple[JudgedSeries, ...]
    untold: tuple[JudgedSeries, ...]
    unmeasured: int
    since: Since | None = None

    @property
    def unchanged(self) -> int:
        """Return how many series of the newest code show no change that stands."""
        calm = {SeriesState.UNCHANGED, SeriesState.IMPROVEMENT}
        return sum(one.state in calm for one in self.judgement.current)

    @property
    def worse(self) -> int:
        """Return how many series have a regression that counts."""
        return len({change.key for change in self.regressions})


def decide(judgement: StoreJudgement, *, policy: Policy, since: Since | None = None) -> Decision:
    """Return what the gate says."""
    standing = judgement.regressions
    counted = tuple(one for one in standing if since is None or since.is_before(one))
    current = judgement.current
    untold = tuple(one for one in current if one.state is SeriesState.CANNOT_TELL)
    colour = _colour(judgement, counted)
    return Decision(
        judgement=judgement,
        colour=colour,
        exit_code=_exit_code(colour, policy),
        regressions=counted,
        earlier=tuple(one for one in standing if one not in counted),
        acknowledged=_acknowledged(current),
        improvements=_improvements(current),
        suspects=tuple(one for one in current if one.suspect is not None),
        untold=untold,
        unmeasured=sum(
            change.worse and change.standing and change.acknowledged is None
            for one in judgement.series
            if not one.is_current
            for change in one.changes
        ),
        since=since,
    )


def _colour(judgement: StoreJudgement, counted: tuple[SeriesChange, ...]) -> Colour:
    if counted:
        return Colour.RED
    if any(one.suspect is not None and one.suspect.decisive for one in judgement.current):
        return Colour.CANNOT_TELL
    silent = {SeriesState.CANNOT_TELL, SeriesState.NO_DIRECTION}
    if judgement.behind or all(one.state in silent for one in judgement.current):
        return Colour.CANNOT_TELL
    return Colour.GREEN


def _exit_code(colour: Colour, policy: Policy) -> int:
    match colour:
        case Colour.RED:
            return REGRESSION_EXIT
        case Colour.GREEN:
            return 0
        case Colour.CANNOT_TELL:
            codes = {
                CannotTell.EXIT_2: TROUBLE_EXIT,
                CannotTell.FAIL: REGRESSION_EXIT,
                CannotTell.PASS: 0,
            }
            return codes[policy.cannot_tell]


def _acknowledged(series: Iterable[JudgedSeries]) -> tuple[SeriesChange, ...]:
    return tuple(
        change
        for one in series
        for change in one.changes
        if change.worse and change.standing and change.acknowledged is not None
    )


def _improvements(series: Iterable[JudgedSeries]) -> tuple[SeriesChange, ...]:
    found = [
        change
        for one in series
        for change in one.changes
        if not change.worse
        and change.standing
        and one.state is not SeriesState.NO_DIRECTION
        and change.first_after.index >= one.points - _NEWS
    ]
    return tuple(sorted(found, key=lambda change: (-abs(change.change), change.alert_id)))


def _is_at(place: Place, commit_id: str) -> bool:
    return place.commit_id is not None and (
        place.commit_id.startswith(commit_id) or commit_id.startswith(place.commit_id)
    )
