"""`holdfast fuzz list`: the targets, and what must hold in each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from fuzz.catalogue import place_of, target_names
from fuzz.engines.engine import engine, engine_names
from fuzz.engines.errors import EngineMissingError
from fuzz.errors import BrokenTargetError, FuzzError, UnknownTargetError
from fuzz.target_facts import ask

AT_ONCE: Final = 4  # children that import a target each


@click.command("list")
def list_command() -> None:
    """List the targets with what must hold in each, and the engines that run here.

    Targets are ours, those of installed packages, and those of the project file:

    \b
      [tool.holdfast.fuzz]
      targets = { parser = "mine.fuzzing:PARSER" }

    Each is imported in a child process: one that is broken is shown with its reason.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    try:
        names = target_names()
    except FuzzError as error:
        raise click.UsageError(str(error)) from error
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("target", no_wrap=True)
    table.add_column("what is fuzzed")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, what in zip(names, pool.map(_what, names), strict=True):
            table.add_row(name, what)
    console = Console()
    console.print(table)
    for name in engine_names():
        console.print(f"engine {name}: {_ability(name)}", highlight=False, soft_wrap=True)


def _what(name: str) -> str:
    try:
        return ask(name).what
    except (BrokenTargetError, UnknownTargetError) as error:
        return f"broken ({place_of(name)}): {error.reason}"


def _ability(name: str) -> str:
    try:
        return engine(name).what
    except EngineMissingError as error:
        return f"cannot run here: {error.reason}"
