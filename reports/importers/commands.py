"""`holdfast report ingest`: result files of other programs into the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.command_line import TROUBLE_EXIT, explained, say, store_option
from reports.errors import ReportsError
from reports.importers.ingest import ingest_file
from reports.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command(name="ingest", short_help="Put result files into the store.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@store_option
@explained
def ingest_command(files: tuple[Path, ...], store: Path) -> None:
    """Put result files into the store.

    FILE is what `pytest --benchmark-json` writes (also its saved runs), what an exploration's
    `to_json()` holds, a run document of another store, or a folder of these. A file that is
    none of them, or damaged, is refused and named; the others are still taken, and the exit code
    is 2. The same file twice is one run.
    """
    new = refused = 0
    for file in _each_file(files):
        try:
            done = ingest_file(file, store=store)
        except ReportsError as error:
            refused += 1
            say(f"holdfast report: {error}", to_stderr=True)
            continue
        new += done.new
        already = "" if done.new else ", already there"
        say(f"{file}: {count(done.records, 'record')}{already}")
    say(f"{count(new, 'new run')} in {store}")
    if refused:
        raise SystemExit(TROUBLE_EXIT)


def _each_file(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.json"))
        else:
            yield path
