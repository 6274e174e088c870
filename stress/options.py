"""Options that `run` and `soak` share: under which conditions scenarios run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from harness.errors import ArgumentError
from harness.settings import seconds_of
from stress.budget import DEFAULT_START_S, MIB
from stress.chaos import Chaos, Trouble
from stress.errors import StressError
from stress.interpreters import interpreter_at
from stress.noise import PRESETS, Noise
from stress.scenarios.catalogue import scenario_targets, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended
Command = TypeVar("Command", bound="Callable[..., Any]")


class Seconds(click.ParamType[float]):
    """Seconds, or a number with a unit: 90, 90s, 5m, 8h."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        bare = str(value).strip()
        try:
            return seconds_of("time", float(bare) if bare.replace(".", "", 1).isdigit() else bare)
        except (ArgumentError, ValueError):
            self.fail(f"{value!r} is no time; write 90, 90s, 5m or 8h", param, ctx)


class ChaosText(click.ParamType[Chaos]):
    """Kinds of chaos, joined by commas."""

    name = "chaos"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Chaos:
        """Return the chaos."""
        try:
            return value if isinstance(value, Chaos) else Chaos.parse(str(value))
        except StressError as error:
            self.fail(str(error), param, ctx)


class NoiseText(click.ParamType[Noise]):
    """A preset of noise, or settings."""

    name = "noise"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Noise:
        """Return the noise."""
        try:
            return value if isinstance(value, Noise) else Noise.parse(str(value))
        except StressError as error:
            self.fail(str(error), param, ctx)


class PythonPath(click.ParamType[str]):
    """The path of an interpreter that scenarios can run in."""

    name = "python"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the path."""
        try:
            return interpreter_at(str(value)).check().path
        except StressError as error:
            self.fail(str(error), param, ctx)


_CONDITIONS: Final = (
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        help="Threads of each scenario.  [default: its own]",
    ),
    click.option(
        "--operations",
        type=click.IntRange(min=1),
        help="Operations of each thread in a round.  [default: the scenario's]",
    ),
    click.option(
        "--duration",
        type=Seconds(),
        help="How long a round works, for scenarios that take `duration_s`.",
    ),
    click.option(
        "--seed", default=0, show_default=True, help="Of the noise, and of what scenarios draw."
    ),
    click.option(
        "--noise",
        type=NoiseText(),
        metavar="NOISE",
        help=f"What makes races likely: {', '.join(PRESETS)}, or settings such as "
        "places=3,pin=one.  [default: switch]",
    ),
    click.option(
        "--chaos",
        type=ChaosText(),
        metavar="CHAOS",
        help=f"What goes wrong meanwhile: {', '.join(Trouble)}, all, or faults(PLAN).",
    ),
    click.option(
        "--instrument",
        multiple=True,
        metavar="PACKAGE",
        help="Disturb the accesses of this one.  [default: the scenario's own package]",
    ),
    click.option(
        "--python",
        type=PythonPath(),
        metavar="PATH",
        help="Run in this interpreter: another version, or a free-threaded build.",
    ),
    click.option(
        "--memory-mib",
        default=1024,
        show_default=True,
        type=click.IntRange(min=1),
        help="End a child that holds more resident memory.",
    ),
    click.option(
        "--disk-mib",
        default=1024,
        show_default=True,
        type=click.IntRange(min=1),
        help="End a child whose temporary files take more.",
    ),
    click.option(
        "--hang",
        type=Seconds(),
        help="A round that takes longer is stuck; its stacks are shown.  [default: the scenario's]",
    ),
    click.option(
        "--start",
        type=Seconds(),
        default=DEFAULT_START_S,
        show_default="60s",
        help="An import that takes longer is stuck.",
    ),
)


def conditions(command: Command) -> Command:
    """Add the options to a command; `condition_fields` makes fields of a budget of them."""
    for option in reversed(_CONDITIONS):
        command = option(command)
    return command


def condition_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the options say, by the names that `Budget` has; they leave `options`."""
    return {
        "threads": options.pop("threads"),
        "operations": options.pop("operations"),
        "duration_s": options.pop("duration"),
        "seed": options.pop("seed"),
        "noise": options.pop("noise"),
        "chaos": options.pop("chaos"),
        "instrument": tuple(options.pop("instrument")),
        "python": options.pop("python"),
        "memory_bytes": options.pop("memory_mib") * MIB,
        "disk_bytes": options.pop("disk_mib") * MIB,
        "hang_s": options.pop("hang"),
        "start_s": options.pop("start"),
    }


def chosen_names(names: Sequence[str], *, everything: bool) -> tuple[str, ...]:
    """Return the scenarios that are to run; a wrong name ends it before the first child starts.

    Raises:
        click.UsageError: None, or both, were given, or a name is unknown.
    """
    if everything == bool(names):
        raise click.UsageError(
            "give the scenarios to run, or --all; `holdfast stress list` shows them"
        )
    try:
        wanted = tuple(scenario_targets()) if everything else tuple(dict.fromkeys(names))
        for name in wanted:
            target_of(name)
    except StressError as error:
        raise click.UsageError(str(error)) from error
    return wanted
