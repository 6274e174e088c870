"""`holdfast fuzz`: campaigns over inputs and schedules, and what is done with what they find."""

from __future__ import annotations

import importlib
import importlib.util

import click

from fuzz.list_command import list_command
from fuzz.resume_command import resume_command
from fuzz.run_command import run_command
from fuzz.status_command import status_command


@click.group("fuzz")
def fuzz_command() -> None:
    """Run targets on generated inputs, and keep whatever makes one fail.

    A target turns bytes into calls, and some into a schedule as well. Engines guided by coverage
    make the bytes, in worker processes that are watched; corpus, crashes and figures outlive
    whatever ends a campaign.
    """


for command in (list_command, run_command, resume_command, status_command):
    fuzz_command.add_command(command)
if importlib.util.find_spec("fuzz.triage_commands") is not None:
    for command in importlib.import_module("fuzz.triage_commands").COMMANDS:
        fuzz_command.add_command(command)
