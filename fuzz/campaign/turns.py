"""Several targets in turns, with fair shares of the time.

One after the other would leave the last ones without a night if somebody ends it early, and would
spend hours on a target that shows nothing new any more. So each gets a turn, and another, until its
share is used up. One that is stale, hopeless or broken leaves its rest to the others.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fuzz.campaign.campaign import Campaign
from fuzz.campaign.campaign_run import CampaignRun, Ending
from fuzz.campaign.errors import DatabaseError, FolderError, FolderInUseError
from fuzz.engines.pace import USUAL
from fuzz.errors import BrokenTargetError
from fuzz.target_facts import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from fuzz.campaign.campaign_settings import Settings
    from fuzz.campaign.progress import Progress
    from fuzz.engines.pace import Pace
    from fuzz.errors import FuzzError

TURNS: Final = 6  # that each target gets of a long night
SHORTEST_S: Final = 60.0  # a turn costs the start of a template: a second or a few
LONGEST_S: Final = 1_800.0
LEAST_GIFT_S: Final = 1.0  # less is not worth passing on


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A target that could not be fuzzed, or not to the end.

    Attributes:
        how: In a word or two: "broken" for the target itself.
    """

    target: str
    reason: str
    how: str = "broken"


def run_in_turns(  # noqa: PLR0913  # all but one are keyword-only
    wanted: Sequence[Settings],
    *,
    folder: Path,
    seeds: Iterable[bytes] = (),
    progress: Callable[[Progress], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace = USUAL,
) -> Iterator[CampaignRun | Broken]:
    """Run campaigns of several targets and yield what came of each, as it ends.

    A target that is broken, or whose folder cannot be used, stops none of the others.

    Raises:
        UnknownTargetError: There is no such target.
        EngineMissingError: The engine cannot run here.
    """
    seeds = tuple(seeds)
    with ExitStack() as stack:
        live: list[Campaign] = []
        for settings in wanted:
            try:
                facts = ask(settings.target)
                campaign = stack.enter_context(
                    Campaign(settings, facts, folder=folder, progress=progress, pace=pace)
                )
                campaign.begin(seeds=seeds)
                live.append(campaign)
            except CONTAINED as error:
                yield broken_by(error, settings.target)
        yield from _take_turns(live, stop)


CONTAINED: Final = (BrokenTargetError, FolderError, FolderInUseError, DatabaseError)


def broken_by(error: FuzzError, target: str) -> Broken:
    """Return what kept a target from being fuzzed."""
    if isinstance(error, BrokenTargetError):
        return Broken(target=target, reason=error.reason)
    return Broken(target=target, reason=str(error), how="cannot run")


def _take_turns(live: list[Campaign], stop: Callable[[], bool]) -> Iterator[CampaignRun | Broken]:
    while live:
        turn_s = turn_of(campaign.left_s for campaign in live)
        for campaign in list(live):
            ended = _one_turn(campaign, turn_s, stop)
            if ended is None:
                continue
            live.remove(campaign)
            yield ended
            if isinstance(ended, CampaignRun) and ended.interrupted:
                yield from _leave(live)
                return
            _pass_on(campaign, live)


def _one_turn(
    campaign: Campaign, turn_s: float | None, stop: Callable[[], bool]
) -> CampaignRun | Broken | None:
    """Run a campaign for a turn; return what came of it if that was its last."""
    try:
        ending = campaign.sit(stop=stop, limit_s=turn_s)
        return None if ending is Ending.PAUSED else campaign.result()
    except CONTAINED as error:
        return broken_by(error, campaign.settings.target)


def _leave(live: list[Campaign]) -> Iterator[CampaignRun]:
    """Note that campaigns were interrupted between two turns; yield those that have run."""
    for campaign in live:
        campaign.leave()
        run = campaign.result()
        if run.executions:
            yield run
    live.clear()


def turn_of(left_s: Iterable[float]) -> float | None:
    """Return how long a turn is, given the seconds that each target has left; None: to the end."""
    shares = list(left_s)
    longest_s = max(shares)
    if len(shares) == 1 or math.isinf(longest_s):
        return None
    return min(max(longest_s / TURNS, SHORTEST_S), LONGEST_S)


def _pass_on(ended: Campaign, live: Sequence[Campaign]) -> None:
    """Give what a campaign did not use to those that go on."""
    rest_s = ended.left_s
    if live and LEAST_GIFT_S < rest_s < math.inf:
        for campaign in live:
            campaign.give(rest_s / len(live))
