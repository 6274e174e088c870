"""`holdfast report build`: everything on one page."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.command_line import (
    DEFAULT_PAGE,
    explained,
    index_option,
    open_store,
    say,
    store_option,
)
from reports.judging.accepted_file import read_acceptances
from reports.judging.commands import accepted_option
from reports.judging.policy_file import find_project, read_policy
from reports.page.page import build_page

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command(
    name="build",
    short_help="Draw the page.",
    help="""Draw the page: is anything wrong since yesterday, then everything else.

    It shows the runs of the newest commit, uncommitted changes included, and each benchmark's
    whole history in the same environment, judged as the project's pyproject.toml says and without
    what .holdfast/accepted.toml accepts. The page is one file that needs no network and nothing
    beside it: keep it as an artifact, or mail it.

    \b
    Examples:
      holdfast report build --open
      holdfast report build --store build/store --output site/index.html

    \b
    Exit codes:
      0  the page was drawn, whatever it says; to fail on a regression use `gate`
      2  wrong usage, no store there, or a library of holdfast[reports] is missing
    """,
)
@store_option
@index_option
@accepted_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_PAGE,
    show_default=True,
    help="Where the page goes: one file that needs nothing else.",
)
@click.option(
    "--rebuild-index",
    is_flag=True,
    help="Read every document again, checking each against its name.",
)
@click.option("--open", "in_browser", is_flag=True, help="Show it in the browser of this desktop.")
@explained
def build_command(  # noqa: PLR0913  # one for each option
    store: Path,
    output: Path,
    *,
    index: str | None,
    accepted: Path | None,
    rebuild_index: bool,
    in_browser: bool,
) -> None:
    """Write the page and say its verdict."""
    project = read_policy(find_project(Path.cwd()))
    entries = read_acceptances(accepted or project.accepted)
    with open_store(store, index) as opened:
        if rebuild_index:
            opened.rebuild()
        line = build_page(
            opened, output, policy=project.policy, accepted=entries, progress=_progress()
        )
        for error in opened.refused:
            say(f"holdfast report: {error}", to_stderr=True)
    say(line)
    say(f"{output}")
    if in_browser and not webbrowser.open(output.resolve().as_uri()):
        say("holdfast report: there is no browser here; open the file above", to_stderr=True)


def _progress() -> Callable[[str], None] | None:
    """Return what says how far the page is, or None where nobody watches."""
    stream = sys.stderr
    if not stream.isatty():
        return None

    def show(stage: str) -> None:
        stream.write(f"\r\x1b[K{stage}")
        stream.flush()

    return show
