"""A running campaign on the terminal: one block that is drawn anew in place.

Bold, dim, and the terminal's own red, yellow and green: readable on dark and on light. Everything
fits 80 columns. Colour never says anything alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from fuzz.campaign_run import MIB
from fuzz.duration import in_words
from fuzz.plateau import one_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from fuzz.plateau import Outlook
    from fuzz.progress import Progress, WorkerLine

BARS: Final = " ▁▂▃▄▅▆▇█"
PLAIN_BARS: Final = " .:-=+*#@"
MOST_WORKERS: Final = 12  # lines; the rest is one more
QUIET_S: Final = 60.0  # from here on silence is worth a colour


def draw(progress: Progress, *, ascii_only: bool = False) -> RenderableType:
    """Return the block that shows how far a campaign is."""
    parts: list[RenderableType] = [
        _headline(progress),
        Text(),
        _figures(progress),
        _discoveries(progress, ascii_only=ascii_only),
    ]
    if progress.outlook is not None:
        parts.append(_row("outlook", Text(outlook_words(progress.outlook))))
    parts += [Text(), _workers(progress.workers), _memory(progress)]
    parts += [_row("note", Text(note, overflow="ellipsis")) for note in progress.notes[-2:]]
    return Group(*parts)


def _headline(progress: Progress) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(progress.target, style="bold")
    text.append(f"  {in_words(progress.seconds)}")
    budget = progress.budget
    if budget.seconds is not None:
        share = min(progress.seconds / budget.seconds, 1.0)
        text.append(f" of {in_words(budget.seconds)} ({share:.0%})", style="dim")
    if budget.runs is not None:
        text.append(f" of {budget.runs:,} inputs", style="dim")
    text.append("   Ctrl-C ends, and keeps all", style="dim")
    return text


def _figures(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(2):
        table.add_column(style="dim", width=10)
        table.add_column(justify="right", width=13)
        table.add_column(width=12, no_wrap=True)
    table.add_row(
        "executions", f"{progress.executions:,}", f"{progress.rate:,.0f}/s",
        "features", f"{progress.features:,}", "",
    )  # fmt: skip
    edges = "-" if progress.coverage is None else f"{progress.coverage:,}"
    table.add_row("edges", edges, "", "corpus", f"{progress.corpus:,}", "inputs")
    return table


def _discoveries(progress: Progress, *, ascii_only: bool) -> Group:
    quiet = f"the last {in_words(progress.quiet_s)} ago" if progress.paths else "none yet"
    style = "yellow" if progress.quiet_s > QUIET_S else ""
    new = Text(f"{progress.paths:,}, ")
    new.append(quiet, style=style)
    rows = [_row("new paths", new)]
    if any(progress.trail):
        rows.append(_row("over time", Text(sparkline(progress.trail, ascii_only=ascii_only))))
    rows.append(_row("crashes", crashes_text(progress)))
    if progress.undecided:
        rows.append(_row("undecided", Text(f"{progress.undecided:,} inputs", style="yellow")))
    return Group(*rows)


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
    if outlook.stale:
        return (
            f"nothing new since half of the time. As long again: {most} new paths at most (95 %); "
            f"the next input is new once in {one_in(outlook.at_most)} at best"
        )
    soon = "" if outlook.next_s is None else f"; the next in about {in_words(outlook.next_s)}"
    return f"as long again brings {least} to {most} new paths (95 %){soon}"


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


def _memory(progress: Progress) -> Table:
    workers = sum(line.resident_bytes for line in progress.workers)
    words = f"this process {progress.resident_bytes // MIB} MiB, its workers {workers // MIB} MiB"
    return _row("memory", Text(words, style="dim"))


def _row(name: str, value: Text) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=10)
    table.add_column()
    table.add_row(name, value)
    return table
