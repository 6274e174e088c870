"""`holdfast report compare`: two versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reports.command_line import (
    columns,
    explained,
    give_up,
    index_option,
    open_store,
    say,
    store_option,
)
from reports.comparing import wording
from reports.comparing.compare import compare
from reports.comparing.comparison_json import comparison_json
from reports.comparing.markdown import comparison_markdown
from reports.comparing.pairs import Options
from reports.comparing.sides import Statistic
from reports.errors import UnlikeEnvironmentsError

if TYPE_CHECKING:
    from pathlib import Path

    from reports.comparing.pairs import Comparison

floor_option = click.option(
    "--floor",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="PERCENT",
    help="The smallest change that must not be missed.",
)
statistic_option = click.option(
    "--statistic",
    type=click.Choice([one.value for one in Statistic]),
    default=Statistic.FASTEST.value,
    show_default=True,
    help="Which round of a run's rounds stands for it, where a metric is a time.",
)


@click.command(name="compare", short_help="Two versions side by side.")
@click.argument("old")
@click.argument("new")
@store_option
@index_option
@floor_option
@statistic_option
@click.option("--all", "every", is_flag=True, help="Show the pairs that did not change, too.")
@click.option("--across", is_flag=True, help="Compare runs of different environments, too.")
@click.option("--all-sessions", is_flag=True, help="Use all runs, not those of one session.")
@click.option("--markdown", "form", flag_value="markdown", help="Print it for a pull request.")
@click.option("--json", "form", flag_value="json", help="Print all there is, for scripts.")
@explained
def compare_command(  # noqa: PLR0913  # click calls it with one argument an option
    *,
    old: str,
    new: str,
    store: Path,
    index: str | None,
    floor: float,
    statistic: str,
    every: bool,
    across: bool,
    all_sessions: bool,
    form: str | None,
) -> None:
    """Tell how each benchmark differs between two versions, with the evidence.

    OLD and NEW are the first digits of a commit (with + for one with uncommitted changes) or of
    a run document's name, or a branch, a tag or HEAD of the repository here:

    \b
      holdfast report compare v1.2.0 HEAD

    One value a run is compared, never rounds; runs of one session that has both versions are
    preferred. Of each metric it says worse, better, the same, or that it cannot tell and what
    would help. Only results of one environment are put side by side; if there are none, it says
    in what the environments differ and exits 2.
    """  # noqa: D301  # click reads the backslash
    options = Options(
        floor=floor / 100,
        statistic=Statistic(statistic),
        across=across,
        sessions=not all_sessions,
    )
    with open_store(store, index) as opened:
        try:
            found = compare(opened, old, new, options=options)
        except UnlikeEnvironmentsError as error:
            give_up(f"{error} Or compare them nevertheless with --across.")
    show(found, form=form, every=every)


def show(found: Comparison, *, form: str | None = None, every: bool = False) -> None:
    """Print a comparison: for people, or as "markdown" or "json"."""
    if form == "json":
        click.echo(comparison_json(found))
        return
    if form == "markdown":
        click.echo(comparison_markdown(found, every=every))
        return
    say(wording.heading(found))
    for line in wording.summary(found):
        say(line)
    pairs = tuple(one for one in found.pairs if one.found.p is not None) if every else None
    table = wording.rows(wording.changed(found) if pairs is None else pairs, found)
    # The name comes last: a test's id is longer than the rest of the line.
    figures = list(columns([row[:-1] for row in table])) if table else []
    width = max(map(len, figures), default=0)
    for line, row in zip(figures, table, strict=True):
        say(f"{line.ljust(width)}  {row[-1]}")
    for line in (*wording.unclear(found, every=every), *wording.remarks(found)):
        say(line)
    say(wording.footnote(found))
