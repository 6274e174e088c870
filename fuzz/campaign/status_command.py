"""`holdfast fuzz status`: how campaigns stand, and whether it is worth going on."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import click
from rich.console import Console

from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.campaign.errors import DatabaseError
from fuzz.campaign.run_command import EXIT_BROKEN, folder_option
from fuzz.campaign.status import State, all_status, status_of
from fuzz.duration import in_words

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.campaign.status import CampaignStatus

STYLES = {
    State.RUNNING: "bold green",
    State.KILLED: "bold red",
    State.CUT_SHORT: "bold yellow",
    State.ENDED: "bold",
}


@click.command("status")
@click.argument("target", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects for programs.")
@folder_option
def status_command(*, target: str | None, as_json: bool, folder: Path) -> None:
    """Tell how campaigns stand, running or not, and whether it is worth going on.

    Of TARGET, or of every target that FOLDER has a campaign of. Reads alone: a campaign that runs
    is not disturbed.

    \b
      holdfast fuzz status
      holdfast fuzz status mine.fuzzing:PARSER --json

    `new paths` are inputs worth keeping; the estimate of what is left is about those, not about
    bugs: an input that no engine ever draws is in no estimate.

    Exit codes: 0; 2 there is no campaign, or a database cannot be read.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    found = all_status(folder) if target is None else _of_one(folder, target)
    if not found:
        raise click.UsageError(f"there is no campaign in {folder}; `holdfast fuzz run` begins one")
    good = [one for one in found if not isinstance(one, DatabaseError)]
    if as_json:
        click.echo(json.dumps([one.to_json() for one in good], indent=1))
    else:
        console = Console()
        for one in good:
            _print(one, console)
    for error in found:
        if isinstance(error, DatabaseError):
            click.echo(str(error), err=True)
    sys.exit(0 if len(good) == len(found) else EXIT_BROKEN)


def _of_one(folder: Path, target: str) -> list[CampaignStatus | DatabaseError]:
    paths = CampaignFolder(folder, target)
    if not paths.database.exists():
        return []
    try:
        status = status_of(paths.path)
    except DatabaseError as error:
        return [error]
    return [] if status is None else [status]


def _print(status: CampaignStatus, console: Console) -> None:
    console.print(
        f"[bold]{status.target}[/]  [{STYLES[status.state]}]{status.state.value}[/]{_how(status)}",
        highlight=False,
    )
    for name, words in _rows(status):
        console.print(f"  {name:<12}{words}", markup=False, highlight=False, soft_wrap=True)
    console.print()


def _how(status: CampaignStatus) -> str:
    ago = in_words(max(time.time() - status.seen_at, 0.0))
    match status.state:
        case State.RUNNING:
            return f", process {status.pid}"
        case State.KILLED:
            return f" {ago} ago; `holdfast fuzz resume {status.target}` goes on"
        case State.CUT_SHORT:
            return f" {ago} ago, because {status.ending}; `holdfast fuzz resume` goes on"
        case State.ENDED:
            return f" {ago} ago, because {status.ending}"


def _rows(status: CampaignStatus) -> list[tuple[str, str]]:
    budget = "" if status.budget_s is None else f" of {in_words(status.budget_s)}"
    engines = ", ".join(status.engines)
    noun = "process" if status.workers_started == 1 else "processes"
    edges = "" if status.coverage is None else f", {status.coverage:,} edges"
    quiet = f"the last {in_words(status.quiet_s)} before" if status.paths else "none"
    rows = [
        ("time", f"{in_words(status.fuzzed_s)}{budget}"),
        ("executions", f"{status.executions:,}, {status.rate:,.0f} per second"),
        ("workers", f"{engines}; {status.workers_started:,} {noun} in all"),
        ("corpus", f"{status.corpus:,} inputs, {status.features:,} features{edges}"),
        ("new paths", f"{status.paths:,}, {quiet}"),
        ("crashes", _crashes(status)),
    ]
    if status.undecided:
        rows.append(("undecided", f"{status.undecided:,} inputs"))
    if status.trouble:
        rows.append(("trouble", status.trouble))
    rows += [("note", note) for note in status.notes]
    rows.append(("outlook", status.advice))
    return rows


def _crashes(status: CampaignStatus) -> str:
    if not status.crashes:
        none = "none"
        return f"{none}; {status.saved} saved by earlier campaigns" if status.saved else none
    kinds = "; ".join(f"{count} {kind}" for kind, count in status.crashes.items())
    return f"{kinds} ({status.new} new)"
