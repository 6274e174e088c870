"""How the commands after a campaign speak: shared options, exit codes, lines of the terminal."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from fuzz.campaign.campaign_folder import DEFAULT_FOLDER
from fuzz.errors import FuzzError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_FAILS: Final = 1
EXIT_BROKEN: Final = 2
EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended

FOLDER: Final = click.option(
    "--folder",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where campaigns keep corpus and crashes, a folder for each target.",
)
AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


class Show:
    """Writes to the terminal: results to standard output, progress to standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(highlight=False)
        self._progress = Console(stderr=True, highlight=False)
        self._status = self._progress.status("starting")
        self._quiet = quiet

    def progress(self, text: str) -> None:
        """Change the line that says how far it is; nothing where there is no terminal."""
        if self._progress.is_terminal and not self._quiet:
            self._status.start()
            self._status.update(text)

    def stop(self) -> None:
        """Take the line away."""
        self._status.stop()

    def line(self, text: str = "") -> None:
        """Write a line as it is."""
        self.stop()
        self.console.print(text, markup=False, soft_wrap=True)

    def json(self, value: Any) -> None:  # noqa: ANN401  # plain values
        """Write a document."""
        self.stop()
        click.echo(json.dumps(value, indent=1))

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Take the line of progress away at the end; tell what cannot be done as wrong usage."""
        try:
            yield
        except FuzzError as error:
            raise click.UsageError(str(error)) from error
        finally:
            self.stop()


def shortened(message: str) -> str:
    """Return the first line of a message, with a mark if there are more."""
    lines = message.strip().splitlines() or [""]
    return lines[0] if len(lines) == 1 else f"{lines[0]} ..."
