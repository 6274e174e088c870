"""A finding as text, for a tired reader who has never seen this tool."""

from __future__ import annotations

import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from harness.render.lanes import draw, held_at_end, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.finding import Finding

MIN_WIDTH: Final = 80
MAX_WIDTH: Final = 140


def tell(finding: Finding, *, width: int | None = None) -> str:
    """Return the full story: what, where, how it came to be, and how to see it again.

    Args:
        width: Characters in a line; None takes the terminal's.
    """
    if width is None:
        columns = shutil.get_terminal_size((100, 24)).columns
        width = max(MIN_WIDTH, min(columns, MAX_WIDTH))
    return "\n".join(_lines(finding, width)).rstrip()


def _lines(finding: Finding, width: int) -> Iterator[str]:
    yield f"{finding.kind.name}: {finding.kind.value}"
    yield ""
    for line in finding.message.split("; "):
        yield f"  {line}"
    if finding.stack:
        yield ""
        yield from (f"  {line}" for line in finding.stack)
    yield from _trace_lines(finding, width)
    yield from _end_lines(finding)
    yield ""
    if finding.gil_reachable:
        yield f"GIL:     {finding.gil_reachable}"
    if finding.command:
        yield f"Replay:  {finding.command}"
    elif finding.token:
        call = "replay_isolated" if finding.kind.name == "CRASH" else "replay"
        yield f'Replay:  harness.{call}(body, "{finding.token}")'


def _trace_lines(finding: Finding, width: int) -> Iterator[str]:
    events = finding.trace.events
    rows = rows_of(events)
    if not rows:
        return
    names = {event.task: event.task_name for event in events}
    switches = sum(1 for one, two in pairwise(rows) if one.task != two.task)
    yield ""
    note = f", {finding.trace.truncated} more left out" if finding.trace.truncated else ""
    plural = "s" if len(rows) != 1 else ""
    size = f"{len(rows)} step{plural}, {switches} switches{note}"
    yield f"How it came to be ({size}; time runs down):"
    yield ""
    yield from draw(rows, names, width=width)


def _end_lines(finding: Finding) -> Iterator[str]:
    """Say where each task stood, and who held what."""
    held = held_at_end(finding.trace.events)
    names = {event.task: event.task_name for event in finding.trace.events}
    if not finding.places and not held:
        return
    yield ""
    yield "At the end:"
    yield from (f"  {place}" for place in finding.places)
    for task, locks in sorted(held.items()):
        for name, site in locks:
            yield f"  {names[task]} holds {name}, taken at {site.text()}"
