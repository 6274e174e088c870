"""A soak on one screen: what each scenario did, how its turns ended, whether anything grows."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from rich import box
from rich.markup import escape
from rich.table import Table

from stress.budget import MIB
from stress.run import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from stress.slopes import Slope
    from stress.turn import Turn

NAME_COLUMNS: Final = 16
GOOD: Final = (Ending.PASSED, Ending.INTERRUPTED)
STORIES: Final = 5  # printed in full; the store has all


def show_summary(console: Console, turns: Sequence[Turn], *, names: Sequence[str]) -> None:
    """Print the table, and the stories of the first failures below it.

    Args:
        names: Of all that were to have turns; who had no round is named.
    """
    console.print(summary_table(turns))
    for name in idle_names(turns, names):
        words = f"{name}: not one round was done, so nothing was shown; give it more time"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    bad = [turn for turn in turns if turn.ending not in GOOD]
    for turn in bad[:STORIES]:
        words = f"{turn.name} {turn.ending.value}:\n{turn.story}\n"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    if bad[STORIES:]:
        console.print(f"and {len(bad) - STORIES} more turns that did not pass", highlight=False)


def idle_names(turns: Sequence[Turn], names: Sequence[str]) -> tuple[str, ...]:
    """Return the scenarios of which nothing is known: no round, and nothing that says why."""
    known = {turn.name for turn in turns if turn.rounds or turn.ending not in GOOD}
    return tuple(name for name in names if name not in known)


def summary_table(turns: Sequence[Turn]) -> Table:
    """Return one row for each scenario, in the order of first turns."""
    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column("scenario", overflow="fold", min_width=NAME_COLUMNS)
    for heading in ("turns", "rounds", "operations", "s", "MiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("a round adds", min_width=12)
    table.add_column("endings", min_width=11, overflow="fold")
    for name in dict.fromkeys(turn.name for turn in turns):
        own = [turn for turn in turns if turn.name == name]
        endings = Counter(turn.ending for turn in own)
        good = all(ending in GOOD for ending in endings)
        words = ", ".join(f"{count} {ending.name.lower()}" for ending, count in endings.items())
        table.add_row(
            escape(folded(name)),
            str(len(own)),
            f"{sum(turn.rounds for turn in own):,}",
            f"{sum(turn.operations for turn in own):,}",
            f"{sum(turn.elapsed_s for turn in own):,.0f}",
            f"{max(turn.peak_bytes for turn in own) // MIB}",
            growth_words(own),
            f"[green]{words}[/]" if good else f"[bold red]{words}[/]",
        )
    return table


def folded(name: str) -> str:
    """Return a name in lines that fit its column, broken where its words end."""
    lines = [""]
    for word in re.split(r"(?<=[_:.])", name):
        if lines[-1] and len(lines[-1]) + len(word) > NAME_COLUMNS:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def growth_words(turns: Sequence[Turn]) -> str:
    """Return the growth of memory per round, of the turn that rests on most rounds."""
    judged = [turn for turn in turns if "resident_bytes" in turn.slopes]
    if not judged:
        return "too few rounds"
    slope: Slope = max(judged, key=lambda turn: turn.rounds).slopes["resident_bytes"]
    if not slope.rises:
        return "nothing"
    return f"{_size(slope.per_round)} ({_size(slope.low)} to {_size(slope.high)})"


def _size(size_bytes: float) -> str:
    if abs(size_bytes) < 1024:  # noqa: PLR2004  # a KiB
        return f"{size_bytes:.0f} B"
    if abs(size_bytes) < MIB:
        return f"{size_bytes / 1024:.1f} KiB"
    return f"{size_bytes / MIB:.1f} MiB"
