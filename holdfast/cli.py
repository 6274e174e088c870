"""The program `holdfast`: subcommands come from the entry-point group `holdfast.commands`.

The group `holdfast.options` holds functions that add options to the command of their name: so
`explore` has an option that a package above its own brings.

Exit codes of every subcommand: 0 as hoped, 1 something was found, 2 wrong usage, 3 undecided (an
error of this program included: nothing was shown either way), 130 interrupted.
"""

from __future__ import annotations

import io
import platform
import sys
import traceback
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any, Final

import click

GROUP: Final = "holdfast.commands"
OPTIONS: Final = "holdfast.options"  # functions that add options to the command of their name
EXIT_UNDECIDED: Final = 3
EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended


class NotLoadedError(click.ClickException):
    """A subcommand is installed and cannot be loaded."""

    exit_code = EXIT_UNDECIDED


class EntryPointGroup(click.Group):
    """A group whose commands are found among the installed distributions."""

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # click's own
        """Run the program; a character that a pipe cannot take does not end it.

        Called as a program, not by other code, the process is the command's own: `obj` says so, and
        a command may start it anew with other surroundings.
        """
        if not args and "args" not in kwargs:
            kwargs.setdefault("obj", {"own_process": True})
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return super().main(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        found = {point.name for point in entry_points(group=GROUP)}
        return sorted(found | set(super().list_commands(ctx)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one subcommand; one that cannot be loaded says why when it is called."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for point in entry_points(group=GROUP, name=cmd_name):
            return _load(point)
        return None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # whatever a command returns
        """Run the subcommand; an interrupt and an error of ours get exit codes of their own."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nholdfast: interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception:  # noqa: BLE001  # told in full; exit code 1 would read as a finding
            click.echo(traceback.format_exc(), err=True)
            click.echo("holdfast: this is a fault of the program; nothing was decided", err=True)
            ctx.exit(EXIT_UNDECIDED)


def _load(point: EntryPoint) -> click.Command:
    try:
        command = point.load()
    except Exception as error:  # noqa: BLE001  # a foreign module may raise anything at import
        return _broken(point, f"{type(error).__name__}: {error}")
    if not isinstance(command, click.Command):
        return _broken(point, f"{point.value} is a {type(command).__name__}, not a click command")
    if not getattr(command, "extended", False):
        _extend(command, point.name)
    return command


def _extend(command: click.Command, name: str) -> None:
    """Give a command the options that other packages have for it; once, it may be asked for again.

    One that cannot be loaded is named and left out: the command works without it.
    """
    command.extended = True  # type: ignore[attr-defined]  # ours
    for point in entry_points(group=OPTIONS, name=name):
        try:
            point.load()(command)
        except Exception as error:  # noqa: BLE001  # a foreign module may raise anything at import
            click.echo(
                f"holdfast: {name} goes without the options of {point.value} "
                f"({type(error).__name__}: {error})",
                err=True,
            )


def _broken(point: EntryPoint, reason: str) -> click.Command:
    """Return a command that stands for one that cannot be loaded."""

    def fail() -> None:
        raise NotLoadedError(
            f"the command {point.name!r} cannot be loaded from {point.value} ({reason}). "
            "Install what it needs, or remove the distribution that brings it."
        )

    return click.Command(
        point.name,
        callback=fail,
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED, expose_value=False)],
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
        short_help=f"(cannot be loaded: {reason})",
    )


def _version() -> str:
    try:
        return version("holdfast")
    except PackageNotFoundError:
        return "unknown (not installed)"


@click.group(cls=EntryPointGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    _version(),
    prog_name="holdfast",
    message=f"%(prog)s %(version)s (Python {platform.python_version()}, {platform.system()})",
)
def main() -> None:
    """Find the thread interleaving that breaks your Python code, and keep it from coming back.

    \b
      holdfast explore app.pool:body           try the interleavings of a function
      holdfast replay app.pool:body hf2.…      run the one that failed again
      holdfast check-history run.jsonl         is what was recorded linearizable?
      holdfast stress list                     scenarios for real threads
      holdfast fuzz list                       fuzz targets: inputs and schedules
      holdfast report build                    everything that ran, on one page

    Exit codes: 0 as hoped, 1 something was found, 2 wrong usage, 3 undecided, 130 interrupted.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines


if __name__ == "__main__":
    sys.exit(main(prog_name="holdfast"))
