"""`holdfast fuzz`: campaigns over inputs and schedules, and what is done with what they find."""

from __future__ import annotations

from typing import Final

import click

from fuzz.campaign.resume_command import resume_command
from fuzz.campaign.run_command import run_command
from fuzz.campaign.status_command import status_command
from fuzz.list_command import list_command
from fuzz.triaging.add_command import add_command
from fuzz.triaging.corpus_commands import coverage_command, merge_command
from fuzz.triaging.finding_commands import minimize_command, regress_command, triage_command

# What comes after a campaign.
COMMANDS: Final[tuple[click.Command, ...]] = (
    triage_command,
    minimize_command,
    merge_command,
    coverage_command,
    regress_command,
    add_command,
)


@click.group("fuzz")
def fuzz_command() -> None:
    """Run targets on generated inputs, and keep whatever makes one fail.

    A target turns bytes into calls, and some into a schedule as well. Engines guided by coverage
    make the bytes, in worker processes that are watched; corpus, crashes and figures outlive
    whatever ends a campaign.
    """


for command in (list_command, run_command, resume_command, status_command, *COMMANDS):
    fuzz_command.add_command(command)
