"""`holdfast report list`, `merge`, `prune` and `rebuild`: what is in a store, and its upkeep."""

from __future__ import annotations

from pathlib import Path

import click

from reports.command_line import (
    REGRESSION_EXIT,
    TROUBLE_EXIT,
    columns,
    explained,
    give_up,
    index_option,
    open_store,
    progress_of,
    say,
    store_option,
)
from reports.index.listing import environment_lines, fits, run_rows, series_rows
from reports.index.merging import Merged, merge_store
from reports.index.pruning import delete_documents, superfluous
from reports.quantities import count, number
from reports.store import Store


@click.command(
    name="list",
    short_help="Show what is in the store.",
    help="""Show the series in the store, or with --runs its runs, or the environments.

    PATTERN is a part of a benchmark's name, or with *, ? or [...] a pattern for the whole of it;
    with --runs it is held against what ran.

    \b
      holdfast report list
      holdfast report list parse 'tests/test_io.py::*'
      holdfast report list --runs
    """,
)
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.option("--runs", "what", flag_value="runs", help="List runs, the newest first.")
@click.option("--environments", "what", flag_value="environments", help="List environments.")
@store_option
@index_option
@explained
def list_command(
    patterns: tuple[str, ...], what: str | None, store: Path, index: str | None
) -> None:
    """Print one table."""
    with open_store(store, index) as opened:
        if what == "environments":
            lines = environment_lines(opened.environments(), opened.stamps())
        elif what == "runs":
            stamps = [one for one in opened.stamps() if fits(one.source, patterns)]
            lines = list(columns(run_rows(stamps))) if stamps else []
        else:
            every = [one for one in opened.all_series() if fits(one.key.benchmark, patterns)]
            lines = list(columns(series_rows(every))) if every else []
        _tell_refused(opened)
    if not lines:
        give_up("nothing in the store fits. `holdfast report list --runs` shows all that ran.")
    for line in lines:
        say(line)


@click.command(
    name="merge",
    short_help="Bring other stores' runs into this one.",
    help="""Copy the documents of other stores that this one does not have.

    Each is checked against its name, which is the SHA-256 of its content. One that is damaged is
    refused and named; the others are still copied, and the exit code is 2. Merging twice, in any
    order, gives the same store. Other stores are only read; an index is never copied.

    \b
      holdfast report merge artifacts/*/store --store .holdfast/store
    """,
)
@click.argument(
    "others",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="OTHER_STORE...",
)
@store_option
@explained
def merge_command(others: tuple[Path, ...], store: Path) -> None:
    """Copy what is missing and say how much that was."""
    refused = 0
    for other in others:
        done = merge_store(other, store=store, progress=progress_of(f"copying {other}"))
        refused += len(done.refused)
        _tell_merged(other, done)
    if refused:
        raise SystemExit(TROUBLE_EXIT)


@click.command(
    name="prune",
    short_help="Delete old runs for good.",
    help="""Delete the documents of all but the newest runs of each source in each environment.

    Without --yes it only tells which those are. A deleted run is gone for good, unless another
    store has it: change points are looked for in what is left.

    \b
      holdfast report prune --keep-newest 500
      holdfast report prune --keep-newest 500 --yes
    """,
)
@click.option(
    "--keep-newest",
    type=click.IntRange(min=1),
    required=True,
    metavar="N",
    help="How many runs of each source in each environment stay.",
)
@click.option("--yes", is_flag=True, help="Delete them, rather than only tell.")
@store_option
@index_option
@explained
def prune_command(keep_newest: int, store: Path, index: str | None, *, yes: bool) -> None:
    """Tell what would go, and delete it when told to."""
    with open_store(store, index) as opened:
        stamps = opened.stamps()
        gone = superfluous(stamps, keep_newest=keep_newest)
        if gone:
            for line in columns(run_rows(gone)):
                say(line)
        if yes:
            delete_documents(gone, store=store)
            opened.refresh()
            left = number(len(stamps) - len(gone))
            say(f"{count(len(gone), 'run')} deleted, {left} left in {store}")
        else:
            say(f"{count(len(gone), 'run')} of {number(len(stamps))} would go; --yes deletes them")


@click.command(
    name="rebuild",
    short_help="Make the index anew from the documents.",
    help="""Read every document again, check each against its name, and index what they say.

    The index holds nothing that is not in a document, except where --repository says that commits
    stand. A damaged index mends itself; this is for documents that changed, and to check them all.
    Others may use the store meanwhile.

    With --repository, runs are ordered by their commits' places along first parents in that clone.
    It is for imported results, which name a commit but not its place; others bring their place
    along. What it says holds until another repository is named.

    \b
      holdfast report rebuild
      holdfast report rebuild --repository .
      holdfast report rebuild --index postgresql+psycopg://ci@db.example/benchmarks

    \b
    Exit codes:
      0  the index is what the documents say
      1  the same, but a document was refused and is not in it
      2  wrong usage, or there is no index or no repository to be had
    """,
)
@click.option(
    "--repository",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A clone of the measured project, with its whole history.",
)
@store_option
@index_option
@explained
def rebuild_command(store: Path, index: str | None, repository: Path | None) -> None:
    """Make the index anew and say what it holds."""
    with Store(store, index, progress=progress_of("indexing"), anew=True) as opened:
        refused = _tell_refused(opened)
        runs, keys = len(opened.stamps()), len(opened.series_keys())
        say(f"{count(runs, 'run')} and {count(keys, 'series', 'series')} indexed")
        if repository is not None:
            done = opened.place_commits(repository)
            say(f"{number(done.placed)} of {count(done.commits, 'commit')} found in {repository}")
    if refused:
        raise SystemExit(REGRESSION_EXIT)


def _tell_merged(other: Path, done: Merged) -> None:
    for error in done.refused:
        say(f"holdfast report: {other}: {error}", to_stderr=True)
    say(f"{other}: {count(done.new, 'new run')}, {number(done.present)} already here")


def _tell_refused(opened: Store) -> int:
    for error in opened.refused:
        say(f"holdfast report: {error}", to_stderr=True)
    return len(opened.refused)
