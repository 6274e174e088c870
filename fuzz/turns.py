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

from fuzz.campaign import Campaign
from fuzz.campaign_run import Ending
from fuzz.errors import BrokenTargetError
from fuzz.pace import USUAL
from fuzz.target_facts import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from fuzz.campaign_run import CampaignRun
    from fuzz.campaign_settings import Settings
    from fuzz.pace import Pace
    from fuzz.progress import Progress

TURNS: Final = 6  # that each target gets of a long night
SHORTEST_S: Final = 60.0  # a turn costs the start of a template: a second or a few
LONGEST_S: Final = 1_800.0
LEAST_GIFT_S: Final = 1.0  # less is not worth passing on


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A target that could not be fuzzed at all."""

    target: str
    reason: str


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

    A target that is broken stops none of the others.

    Raises:
        FuzzError: As `run_campaign`, except for a broken target.
    """
    seeds = tuple(seeds)
    with ExitStack() as stack:
        live: list[Campaign] = []
        for settings in wanted:
            try:
                facts = ask(settings.target)
            except BrokenTargetError as error:
                yield Broken(target=settings.target, reason=error.reason)
                continue
            campaign = stack.enter_context(
                Campaign(settings, facts, folder=folder, progress=progress, pace=pace)
            )
            campaign.begin(seeds=seeds)
            live.append(campaign)
        yield from _take_turns(live, stop)


def _take_turns(live: list[Campaign], stop: Callable[[], bool]) -> Iterator[CampaignRun | Broken]:
    while live:
        turn_s = turn_of(campaign.left_s for campaign in live)
        for campaign in list(live):
            try:
                ending = campaign.sit(stop=stop, limit_s=turn_s)
            except BrokenTargetError as error:
                live.remove(campaign)
                _pass_on(campaign, live)
                yield Broken(target=campaign.settings.target, reason=error.reason)
                continue
            if ending is Ending.PAUSED:
                continue
            live.remove(campaign)
            _pass_on(campaign, live)
            yield campaign.result()
            if ending is Ending.INTERRUPTED:
                for other in live:
                    other.leave()
                    if other.result().executions:
                        yield other.result()
                return


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
