"""`holdfast fuzz add`: the file of a new target."""

from __future__ import annotations

import click

from fuzz.triaging.scaffold import add_target
from fuzz.triaging.scaffold_text import TargetKind
from fuzz.triaging.terminal_lines import Show
from harness.project_file import PROJECT_FILE


@click.command("add")
@click.argument("name")
@click.option("--module", help="What is to be fuzzed: package.module. It is not imported.")
@click.option(
    "--kind",
    type=click.Choice([one.name.lower() for one in TargetKind]),
    default=TargetKind.BYTES.name.lower(),
    show_default=True,
    help="What the target takes; see above.",
)
def add_command(name: str, *, module: str | None, kind: str) -> None:
    """Write the file of a new target that runs at once, and register it.

    It becomes fuzz_targets/NAME.py, with comments that say how to go on, and gets a line in
    pyproject.toml, whose form stays as it is. Nothing is overwritten. Kinds:

    \b
      bytes       raw bytes: parsers, decoders, whatever reads a file or the network
      provider    typed values read from bytes: calls with arguments
      strategy    a value of a Hypothesis strategy
      controlled  operations and their schedule: code with threads and locks

    \b
      holdfast fuzz add parser --module mine.parser
      holdfast fuzz run parser --time 60s

    Exit codes: 0 done; 2 the name is taken, the file is there, or wrong usage.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    show = Show()
    with show.working():
        added = add_target(name, kind=TargetKind[kind.upper()], module=module)
    show.line(f"written: {added.path}")
    if added.project is None:
        show.line(f"to run it by its name, add this to {PROJECT_FILE}:\n\n{added.lines}\n")
        show.line(f"fuzz it: holdfast fuzz run {added.place} --time 60s")
    else:
        show.line(f"registered in {added.project.name}")
        show.line(f"fuzz it: holdfast fuzz run {added.name} --time 60s")
