"""`holdfast fuzz merge` and `coverage`: the corpus of a target, and what it reaches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from rich import box
from rich.table import Table

from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.triaging.coverage_report import reach
from fuzz.triaging.terminal_lines import AS_JSON, FOLDER, Show

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.triaging.coverage_report import Reached

_Command = TypeVar("_Command", bound="Callable[..., Any]")
MOST_MISSED: Final = 12  # functions that were never reached and that the terminal shows


def _folders(name: str) -> Callable[[_Command], _Command]:
    """Return the argument of folders of inputs beside the target's own."""
    there = click.Path(path_type=Path, exists=True, file_okay=False)
    return click.argument(name, nargs=-1, type=there, metavar="[FOLDER]...")


@click.command("merge")
@click.argument("name", metavar="TARGET")
@_folders("sources")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that gets the result.  [default: the target's corpus]",
)
@FOLDER
@AS_JSON
def merge_command(
    name: str, sources: tuple[Path, ...], *, into: Path | None, folder: Path, as_json: bool
) -> None:
    """Bring corpora together, with few small inputs that reach all that many reached.

    Every input is measured; of those that reach the same the smallest are kept. Inputs that crash
    are left out and named. Without FOLDER it makes the target's own corpus smaller. Nothing is
    removed before the new set has been shown to reach all that the old one did.

    \b
      holdfast fuzz merge mine.fuzzing:PARSER
      holdfast fuzz merge mine.fuzzing:PARSER from-the-lab/ from-oss-fuzz/

    Exit codes: 0 done; 2 a target is broken, or wrong usage; 130 Ctrl-C, with nothing removed.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    from fuzz.engines.merging import merge  # noqa: PLC0415  # loads what measures

    show = Show(quiet=as_json)
    place = into or CampaignFolder(folder, name).corpus
    with show.working():
        result = merge(
            name,
            sources=sources,
            into=place,
            progress=lambda done, of: show.progress(f"{name}: {done} of {of} inputs measured"),
        )
    crashed = [str(path) for path in result.crashed]
    if as_json:
        show.json(
            {
                "target": name, "into": str(place), "before": result.before,
                "after": result.after, "features": result.features, "crashed": crashed,
            }
        )  # fmt: skip
        return
    show.line(
        f"{name}: {result.before} inputs -> {result.after}, the same {result.features} features, "
        f"in {place}"
    )
    for path in crashed:
        show.line(f"  left out, it crashes: {path}")


@click.command("coverage")
@click.argument("name", metavar="TARGET")
@_folders("extra")
@click.option(
    "--html",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pages with every line into this folder.",
)
@FOLDER
@AS_JSON
def coverage_command(
    name: str, extra: tuple[Path, ...], *, html: Path | None, folder: Path, as_json: bool
) -> None:
    """Tell which code of a target's modules its corpus reaches, and which it never does.

    Corpus, saved crashes, seeds and the inputs in each FOLDER are run again in a plain child
    process, without a fuzzer, under coverage.py. What is never reached is where to help: with a
    seed, a dictionary, or another target.

    \b
      holdfast fuzz coverage mine.fuzzing:PARSER
      holdfast fuzz coverage mine.fuzzing:PARSER --html build/coverage

    Exit codes: 0 done; 2 a target is broken, there is nothing to run, or wrong usage.
    """  # noqa: D301  # \b is click's mark for a paragraph that keeps its lines
    show = Show(quiet=as_json)
    with show.working():
        reached = reach(
            name,
            folder=folder,
            html=html,
            extra=extra,
            progress=lambda done, of: show.progress(f"{name}: {done} of {of} inputs"),
        )
    if as_json:
        show.json(reached.to_json())
    else:
        _show_reached(show, reached)


def _show_reached(show: Show, reached: Reached) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("module", overflow="fold")
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("branches", justify="right", no_wrap=True)
    for one in reached.modules:
        table.add_row(
            one.path,
            _share(one.lines_reached, one.lines),
            _share(one.branches_reached, one.branches),
        )
    show.console.print(table)
    missed = sorted(
        (one for module in reached.modules for one in module.missed),
        key=lambda one: (-one.lines, one.place),
    )
    if missed:
        show.line("never reached:")
    for function in missed[:MOST_MISSED]:
        show.line(f"  {function.place}, {function.lines} lines")
    if len(missed) > MOST_MISSED:
        show.line(f"  and {len(missed) - MOST_MISSED} smaller functions")
    show.line(f"{reached.inputs} inputs were run, {len(reached.crashed)} of them failed")
    for path in reached.deadly:
        show.line(f"  it ended its process, so what it reached is not counted: {path}")
    if reached.html is not None:
        show.line(f"every line: {reached.html}")


def _share(reached: int, of: int) -> str:
    return f"{reached} of {of} ({100 * reached / of:.0f}%)" if of else "none"
