"""A running campaign on the terminal: one block that is drawn anew in place.

Bold, dim, and the terminal's own red, yellow and green: readable on dark and on light. Everything
fits 80 columns. Colour never says anything alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from fuzz.campaign.campaign_run import MIB
from fuzz.campaign.plateau import reached_words
from fuzz.duration import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from fuzz.campaign.plateau import Outlook
    from fuzz.campaign.progress import Progress, WorkerLine

BARS: Final = " ▁▂▃▄▅▆▇█"
PLAIN_BARS: Final = " .:-=+*#@"
MOST_WORKERS: Final = 12  # lines; the rest is one more
NOTES: Final = 2
LABEL: Final = 11  # columns
QUIET_S: Final = 60.0  # from here on silence is worth a colour


def draw(progress: Progress, *, ascii_only: bool = False) -> RenderableType:
    """Return the block that shows how far a campaign is."""
    parts: list[RenderableType] = [_headline(progress), Text(), _figures(progress)]
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(style="dim", width=LABEL, no_wrap=True)
    rows.add_column()
    for name, value in _rows(progress, ascii_only=ascii_only):
        rows.add_row(name, value)
    return Group(*parts, rows, Text(), _workers(progress.workers), Text(), _foot(progress))


def _headline(progress: Progress) -> Table:
    """Return the target at the left, how far it is at the right; the target gives way."""
    far = Text(in_words(progress.seconds))
    budget = progress.budget
    if budget.seconds is not None:
        share = min(progress.seconds / budget.seconds, 1.0)
        far.append(f" of {in_words(budget.seconds)}, {share:.0%}")
    if budget.runs is not None:
        far.append(f", {progress.executions / max(budget.runs, 1):.0%} of {budget.runs:,} inputs")
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis", style="bold")
    line.add_column(no_wrap=True, justify="right")
    line.add_row(progress.target, far)
    return line


def _figures(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    for _ in range(2):
        table.add_column(style="dim", width=LABEL, no_wrap=True)
        table.add_column(width=26, no_wrap=True)
    edges = "not counted" if progress.coverage is None else f"{progress.coverage:,}"
    table.add_row(
        "executions", Text(f"{progress.executions:,}", style="bold"),
        "per second", Text(f"{progress.rate:,.0f}", style="bold"),
    )  # fmt: skip
    table.add_row("edges", edges, "features", f"{progress.features:,}")
    table.add_row("corpus", f"{progress.corpus:,} inputs", "new paths", _new_paths(progress))
    return table


def _new_paths(progress: Progress) -> Text:
    if not progress.paths:
        return Text("none yet")
    text = Text(f"{progress.paths:,}, ")
    style = "yellow" if progress.quiet_s > QUIET_S else ""
    return text.append(f"last {in_words(progress.quiet_s)} ago", style=style)


def _rows(progress: Progress, *, ascii_only: bool) -> list[tuple[str, Text]]:
    rows = []
    if any(progress.trail):
        rows.append(("over time", Text(sparkline(progress.trail, ascii_only=ascii_only))))
    if progress.outlook is not None:
        rows.append(("outlook", Text(outlook_words(progress.outlook))))
    rows.append(("crashes", crashes_text(progress)))
    if progress.undecided:
        rows.append(("undecided", Text(f"{progress.undecided:,} inputs", style="yellow")))
    rows += [
        ("note", Text(note.partition("\n")[0], no_wrap=True, overflow="ellipsis"))
        for note in progress.notes[-NOTES:]
    ]
    return rows


def crashes_text(progress: Progress) -> Text:
    """Return the findings by kind, the most frequent first."""
    if not progress.found:
        return Text("none", style="green")
    kinds = sorted(progress.found.items(), key=lambda one: -one[1])
    text = Text("; ".join(f"{count} {kind}" for kind, count in kinds), style="bold red")
    known = sum(progress.found.values()) - progress.new
    if known:
        text.append(f"  ({known} known before)", style="dim")
    return text


def outlook_words(outlook: Outlook) -> str:
    """Return in two lines what more time may bring."""
    least, most = outlook.more
    told = f"{least} to {most} new paths" if least else f"{most} new paths at most"
    since = "nothing new since half of the time; " if outlook.stale else ""
    words = f"{since}as long again is likely to bring {told}"
    if outlook.reached is not None:
        return f"{words}; {reached_words(outlook.reached)}"
    waits = outlook.next_s is not None and outlook.next_s >= 1
    return f"{words}; the next in about {in_words(outlook.next_s or 0.0)}" if waits else words


def sparkline(values: Sequence[int], *, ascii_only: bool = False) -> str:
    """Return one character for each value; what is not 0 is never shown as nothing."""
    bars = PLAIN_BARS if ascii_only else BARS
    most = max(values, default=0) or 1
    return "".join(
        bars[0] if not value else bars[max(round(value / most * (len(bars) - 1)), 1)]
        for value in values
    )


def _workers(lines: Sequence[WorkerLine]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("#", justify="right")
    table.add_column("engine", no_wrap=True)
    table.add_column("executions", justify="right", no_wrap=True)
    table.add_column("per s", justify="right", no_wrap=True)
    table.add_column("edges", justify="right", no_wrap=True)
    table.add_column("restarts", justify="right", no_wrap=True)
    table.add_column("MiB", justify="right", no_wrap=True)
    table.add_column("does", no_wrap=True, overflow="ellipsis", max_width=24)
    for line in lines[:MOST_WORKERS]:
        table.add_row(
            str(line.number), line.engine, f"{line.executions:,}", f"{line.rate:,.0f}",
            f"{line.edges:,}" if line.edges else "-", str(line.restarts),
            str(line.resident_bytes // MIB), line.state,
        )  # fmt: skip
    rest = lines[MOST_WORKERS:]
    if rest:
        table.add_row(
            "", f"{len(rest)} more", f"{sum(line.executions for line in rest):,}",
            f"{sum(line.rate for line in rest):,.0f}", "", "", "", "",
        )  # fmt: skip
    return table


def _foot(progress: Progress) -> Text:
    workers = sum(line.resident_bytes for line in progress.workers)
    return Text(
        f"memory: {workers // MIB} MiB of workers, {progress.resident_bytes // MIB} MiB of ours"
        "    Ctrl-C ends, and keeps all",
        style="dim", no_wrap=True, overflow="ellipsis",
    )  # fmt: skip
