"""`holdfast report build`: everything on one page."""

from __future__ import annotations

from pathlib import Path

import click

from reports.command_line import DEFAULT_PAGE, explained, say, store_option
from reports.page.page import build_page
from reports.store import Store


@click.command(name="build", short_help="Draw the page.")
@store_option
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
@explained
def build_command(store: Path, output: Path, *, rebuild_index: bool) -> None:
    """Draw the page: what failed and how to run it again, then everything else.

    It shows the runs of the newest commit, uncommitted changes included, and each benchmark's
    whole history in the same environment. The exit code says only whether the page could be
    drawn; to fail on a regression use `gate`.
    """
    with Store(store) as opened:
        if rebuild_index:
            opened.rebuild()
        line = build_page(opened, output)
        for error in opened.refused:
            say(f"holdfast report: {error}", to_stderr=True)
    say(line)
    say(f"{output}")
