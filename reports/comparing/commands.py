"""`holdfast report compare`: two versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reports.command_line import columns, explained, say, store_option
from reports.comparing.compare import compare
from reports.quantities import count, percent, quantity
from reports.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from reports.comparing.compare import Pair


@click.command(name="compare", short_help="Two versions side by side.")
@click.argument("old")
@click.argument("new")
@store_option
@explained
def compare_command(old: str, new: str, store: Path) -> None:
    """Show how each benchmark differs between two versions.

    OLD and NEW are the first digits of commits, or of run documents' names. Only results of one
    environment are put side by side; if there are none, it says in what the environments differ
    and exits 2.
    """
    with Store(store) as opened:
        found = compare(opened, old, new)
    rows = [("benchmark", found.old_label, found.new_label, "change", "runs")]
    rows += [_pair_row(pair) for pair in found.pairs]
    for line in columns(rows):
        say(line)
    for label, alone in ((found.old_label, found.only_old), (found.new_label, found.only_new)):
        if alone:
            say(f"only in {label}: {count(alone, 'metric')}")


def _pair_row(pair: Pair) -> tuple[str, str, str, str, str]:
    name = pair.benchmark if pair.metric == "time" else f"{pair.benchmark} ({pair.metric})"
    change = "" if pair.change is None else percent(pair.change)
    runs = f"{pair.old_runs} / {pair.new_runs}"
    return name, quantity(pair.old, pair.unit), quantity(pair.new, pair.unit), change, runs
