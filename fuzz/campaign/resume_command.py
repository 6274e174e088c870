"""`holdfast fuzz resume`: go on with campaigns that were cut short."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fuzz.campaign.campaign import resume_campaign, settings_to_resume
from fuzz.campaign.errors import DatabaseError, NothingToResumeError
from fuzz.campaign.run_command import (
    STOPPING,
    CannotRunError,
    exit_code,
    folder_option,
    ignore_known_option,
    keep,
    show,
    store_option,
)
from fuzz.campaign.status import State, all_status
from fuzz.campaign.terminal import Terminal
from fuzz.campaign.turns import Broken
from fuzz.duration import Duration
from fuzz.errors import BrokenTargetError, FuzzError
from fuzz.workers.interrupts import Interrupts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fuzz.campaign.campaign_run import CampaignRun

SOURCE = "holdfast fuzz resume"


@click.command("resume")
@click.argument("target", required=False)
@click.option(
    "--time",
    "seconds",
    type=Duration(),
    help="Of fuzzing in all, what was done before counted.  [default: as the campaign was given]",
)
@ignore_known_option
@folder_option
@store_option
def resume_command(
    *,
    target: str | None,
    seconds: float | None,
    ignore_known: bool,
    folder: Path,
    store: Path | None,
) -> None:
    """Go on with a campaign that was killed, interrupted or ran into trouble.

    Of TARGET, or one after the other of every target in FOLDER whose last campaign was cut short,
    with the settings it was given. What its workers had found when they were killed is taken in,
    and the inputs that ran at that moment run again first. Figures go on from where they were.

    \b
      holdfast fuzz resume
      holdfast fuzz resume mine.fuzzing:PARSER --time 12h

    Exit codes: those of `holdfast fuzz run`; 2 if there is nothing to resume.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    ended: list[CampaignRun | Broken] = []
    with Terminal() as terminal, Interrupts(lambda: terminal.say(STOPPING)) as interrupts:
        terminal.waiting("importing the target in a child process")
        try:
            for name in _cut_short(target, folder):
                one = _resume(name, seconds, folder, terminal=terminal, interrupts=interrupts)
                ended.append(one)
                show(one, terminal)
                if interrupts.asked():
                    break
        except FuzzError as error:
            raise CannotRunError(str(error)) from error
    keep(ended, store, source=SOURCE)
    sys.exit(exit_code(ended, ignore_known=ignore_known))


def _cut_short(target: str | None, folder: Path) -> Sequence[str]:
    if target is not None:
        return (target,)
    found = all_status(folder)
    for one in found:
        if isinstance(one, DatabaseError):
            raise one
    states = (State.KILLED, State.CUT_SHORT)
    names = [
        one.target for one in found if not isinstance(one, DatabaseError) and one.state in states
    ]
    if not names:
        raise NothingToResumeError(folder, "", "no campaign in it was cut short")
    return names


def _resume(
    name: str, seconds: float | None, folder: Path, *, terminal: Terminal, interrupts: Interrupts
) -> CampaignRun | Broken:
    budget = None
    if seconds is not None:
        budget = replace(settings_to_resume(name, folder).budget, seconds=seconds)
    try:
        return resume_campaign(
            name,
            folder=folder,
            budget=budget,
            progress=terminal.progress,
            stop=interrupts.asked,
        )
    except BrokenTargetError as error:
        return Broken(target=name, reason=error.reason)
