"""What the commands about results share: where the store is, how errors and numbers are said."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, ParamSpec, TypeVar

import click

from reports.errors import ReportsError
from reports.quantities import MICRO, MINUS, THIN, TIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reports.store import Store

REGRESSION_EXIT: Final = 1
TROUBLE_EXIT: Final = 2  # what click itself exits with on wrong usage
DEFAULT_STORE: Final = Path(".holdfast/store")
DEFAULT_PAGE: Final = Path("build/report/index.html")

_TERMINAL: Final = {ord(THIN): " ", ord(MINUS): "-", ord(TIMES): "x", ord(MICRO): "u"}

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=DEFAULT_STORE,
    show_default=True,
    help="The folder that holds every run; `ingest` makes it when absent.",
)

index_option = click.option(
    "--index",
    envvar="HOLDFAST_INDEX",
    show_envvar=True,
    metavar="URL",
    default=None,
    help="A PostgreSQL database, as postgresql+psycopg://USER@HOST/DATABASE, to keep the index "
    "in; without it the index is a file in the store.",
)


def open_store(store: Path, index: str | None = None) -> Store:
    """Return an open store, with the progress of indexing on a terminal; raises as `Store` does."""
    from reports.store import Store  # noqa: PLC0415  # `--help` does without it

    return Store(store, index, progress=progress_of("indexing"))


def progress_of(work: str, *, of: str = "documents") -> Callable[[int, int], None] | None:
    """Return what shows how many of how many were done, or None without a terminal."""
    stream = sys.stderr
    if not stream.isatty():
        return None

    def show(done: int, total: int) -> None:
        # The last one takes the line back: what is printed next begins there.
        text = f"{work}: {done} of {total} {of}" if done < total else ""
        stream.write(f"\r\x1b[K{text}")
        stream.flush()

    return show


def explained(
    command: Callable[_Arguments, _Result],
) -> Callable[_Arguments, _Result]:
    """Turn an error of this package into its sentence and exit code 2."""

    @functools.wraps(command)
    def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        try:
            return command(*args, **kwargs)
        except ReportsError as error:
            give_up(str(error))

    return guarded


def say(text: str, *, to_stderr: bool = False) -> None:
    """Print a line; the page's typography would be question marks on an old terminal."""
    click.echo(text.translate(_TERMINAL), err=to_stderr)


def give_up(message: str) -> NoReturn:
    """Say why nothing could be done, and exit with 2."""
    say(f"holdfast report: {message}", to_stderr=True)
    raise SystemExit(TROUBLE_EXIT)


def columns(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """Return the rows as lines: names to the left, numbers to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for name, *cells in rows:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()
