"""`holdfast report ingest`: result files of other programs into the store."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reports.command_line import TROUBLE_EXIT, explained, say, store_option
from reports.errors import BadValueError, ReportsError, StoreNotOursError, UnknownDocumentError
from reports.importers.choices import Choices, Format, Statistic, directions_from
from reports.importers.folders import each_file
from reports.importers.ingest import Ingestion
from reports.importers.recognise import is_no_result
from reports.quantities import count, number

if TYPE_CHECKING:
    from reports.importers.folders import Named
    from reports.importers.ingest import Ingested

_LISTED: Final = 40  # files; more are summed up by their format
_PROGRESS_S: Final = 0.2


@click.command(
    name="ingest",
    short_help="Put result files into the store.",
    help="""Put result files into the store.

    FILE is what `pytest --benchmark-json` writes (any layout since 2015), asv's results, pyperf
    JSON, github-action-benchmark's data.js or its custom list, JUnit XML, what an exploration's
    `to_json()` holds, a run document of another store, or a folder of these.

    \b
      holdfast report ingest bench.json junit.xml
      holdfast report ingest .benchmarks --statistic median
      holdfast report ingest .asv/results --direction '*throughput*=higher'
      holdfast report ingest gh-pages/dev/bench/data.js --environment-name ci

    A file is taken whole or refused with the line that is wrong; the others are still taken, and
    the exit code is 2. The same file twice is one run. In a folder, what is no result is passed
    over.
    """,
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@store_option
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in Format]),
    help="Read every FILE as this; without it each is recognised by its content.",
)
@click.option(
    "--statistic",
    type=click.Choice([one.value for one in Statistic]),
    help="What stands for a run's rounds.  [default: min for pytest-benchmark, else median]",
)
@click.option(
    "--direction",
    "directions",
    multiple=True,
    metavar="PATTERN=higher|lower|neither",
    help="Which way metrics get better whose benchmark or own name fits PATTERN (with * and ?).",
)
@click.option("--commit", default="", help="The commit of files that name none: an id, HEAD, v1.2.")
@click.option(
    "--repository",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Where the positions of commits are looked up.  [default: the working directory]",
)
@click.option("--environment-name", default="", help="The machine of files that name none.")
@explained
def ingest_command(  # noqa: PLR0913  # one argument an option
    *,
    files: tuple[Path, ...],
    store: Path,
    form: str | None,
    statistic: str | None,
    directions: tuple[str, ...],
    commit: str,
    repository: Path,
    environment_name: str,
) -> None:
    """Put result files into the store, and say what came of each."""
    choices = Choices(
        format=Format(form) if form else None,
        statistic=None if statistic is None else Statistic(statistic),
        directions=directions_from(directions),
        commit=commit,
        repository=repository,
        environment_name=environment_name,
    )
    named = list(each_file(files))
    intake = _Intake(store, choices, listed=len(named) <= _LISTED)
    intake.take_all(named)
    intake.sum_up()
    if intake.refused or not named:
        raise SystemExit(TROUBLE_EXIT)


class _Intake:
    """Takes one file after the other and says what became of it.

    Attributes:
        refused: Files that were named or looked like results, and were not taken.
    """

    def __init__(self, store: Path, choices: Choices, *, listed: bool) -> None:
        self.refused = 0
        self._store = store
        self._choices = choices
        self._listed = listed
        self._files: Counter[Format] = Counter()
        self._runs = self._new = self._passed_over = 0
        self._undirected: dict[str, str] = {}

    def take_all(self, named: list[Named]) -> None:
        """Take every file; what was taken stays taken, also after Ctrl-C."""
        with Ingestion(self._store, choices=self._choices) as ingestion:
            progress = _Progress(len(named))
            for at, one in enumerate(named, 1):
                self._take(one, ingestion)
                progress.show(at)
            progress.end()

    def sum_up(self) -> None:
        """Say what all of it came to."""
        if not self._listed:
            for form, files in self._files.items():
                say(f"{count(files, 'file')} of {form.value}")
        if self._passed_over:
            say(f"{count(self._passed_over, 'file')} passed over, being no results")
        if self._undirected:
            metric, benchmark = next(iter(self._undirected.items()))
            say(
                f"note: nothing says which way is better for {', '.join(self._undirected)} "
                f"(such as {benchmark}): kept and shown, and not judged until you say, as with "
                f"--direction '{metric}=higher'",
                to_stderr=True,
            )
        already = self._runs - self._new
        there = f", {count(already, 'run')} already there" if already else ""
        say(f"{count(self._new, 'new run')}{there} in {self._store}")

    def _take(self, one: Named, ingestion: Ingestion) -> None:
        try:
            done = ingestion.take(one.file)
        except UnknownDocumentError as error:
            if one.by_folder and is_no_result(error):
                self._passed_over += 1
            else:
                self._refuse(error)
        except (BadValueError, StoreNotOursError):
            raise  # the choices or the store: no other file would fare better
        except ReportsError as error:
            self._refuse(error)
        else:
            self._note(done)

    def _refuse(self, error: ReportsError) -> None:
        self.refused += 1
        say(f"holdfast report: {error}", to_stderr=True)

    def _note(self, done: Ingested) -> None:
        self._files[done.format] += 1
        self._runs += len(done.paths)
        self._new += done.new
        self._undirected |= dict(done.undirected)
        if self._listed:
            say(f"{done.file}: {_said(done)}")


class _Progress:
    """How far it is, on a terminal only."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shown = False
        self._next_s = time.monotonic() + _PROGRESS_S
        self._on = sys.stderr.isatty()

    def show(self, done: int) -> None:
        """Say how many are done, a few times a second."""
        if self._on and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _PROGRESS_S
            self._shown = True
            click.echo(f"\r{done:,} of {self._total:,} files", nl=False, err=True)

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _said(done: Ingested) -> str:
    records = count(done.records, "record")
    if len(done.paths) == 1:
        return f"{records}{'' if done.new else ', already there'}"
    already = len(done.paths) - done.new
    there = f", {number(already)} already there" if already else ""
    return f"{count(len(done.paths), 'run')} with {records}{there}"
