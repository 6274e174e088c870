"""`holdfast report export`: the store's series as JSON or CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.command_line import explained, give_up, index_option, open_store, say, store_option
from reports.exporting.export_csv import csv_lines
from reports.exporting.export_json import runs_json, series_json
from reports.exporting.filters import Filter, since_from
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.store import Store


@click.command(
    name="export",
    short_help="Write the store's series as JSON or CSV.",
    help="""Write the store's series as JSON or CSV.

    JSON is one document of the schema holdfast.export/1: every series with its runs, in the order
    of their commits. CSV has one row for each run of each series. --runs writes the documents
    themselves, records of every kind in them. `holdfast report ingest` reads both kinds of JSON.

    \b
      holdfast report export --format csv --output series.csv
      holdfast report export --benchmark '*::test_parse*' --metric time | jq .
      holdfast report export --runs --since 2026-05-01 --output may.json

    Exit code 2 where nothing in the store fits.
    """,
)
@store_option
@index_option
@click.option(
    "--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True
)
@click.option("--runs", is_flag=True, help="The whole documents, of every kind, as JSON.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; without it: stdout."
)
@click.option("--benchmark", "benchmarks", multiple=True, metavar="PATTERN", help="With * and ?.")
@click.option("--metric", "metrics", multiple=True, metavar="PATTERN", help="With * and ?.")
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="TEXT",
    help="The beginning of a fingerprint, or words of the environment, such as 'CPython 3.12'.",
)
@click.option("--since", default="", metavar="DATE", help="Runs of then or later: 2026-05-01.")
@explained
def export_command(  # noqa: PLR0913  # one argument an option
    *,
    store: Path,
    index: str | None,
    form: str,
    runs: bool,
    output: Path | None,
    benchmarks: tuple[str, ...],
    metrics: tuple[str, ...],
    environments: tuple[str, ...],
    since: str,
) -> None:
    """Write the series or the documents for other programs."""
    wanted = Filter(
        benchmarks=benchmarks, metrics=metrics, environments=environments, since=since_from(since)
    )
    if runs and form == "csv":
        give_up("--runs takes no --format csv: a document is JSON. Leave one of them out.")
    with open_store(store, index) as opened:
        for refused in opened.refused:
            say(f"holdfast report: left out: {refused}", to_stderr=True)
        parts = _parts(opened, wanted, form=form, runs=runs)
    if parts is None:
        give_up(f"nothing in {store} fits. `holdfast report export` without filters shows all.")
    _write(parts, output)


def _parts(store: Store, wanted: Filter, *, form: str, runs: bool) -> list[str] | None:
    """Return the pieces of the text, or None where nothing fits."""
    if runs:
        found = list(runs_json(store, wanted))
        return found if len(found) > 2 else None  # noqa: PLR2004  # more than head and tail
    if form == "csv":
        lines = list(csv_lines(store, wanted))
        return lines if lines[1:] else None
    text, count = series_json(store, wanted)
    return [text] if count else None


def _write(parts: Iterable[str], output: Path | None) -> None:
    if output is None:
        for part in parts:
            sys.stdout.write(part)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, "".join(parts).encode("utf-8"))
    say(f"{output} written", to_stderr=True)
