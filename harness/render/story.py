"""A finding as text, for a tired reader who has never seen this tool."""

from __future__ import annotations

import dataclasses
import itertools
import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Final

from harness.render.condense import condensed
from harness.render.crossing import find_crossing
from harness.render.lanes import draw, held_at_end, number_remover, rows_of
from harness.render.remarks import cycle_lines, guilty_steps, remark_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.engine.recorder import Event
    from harness.finding import Finding
    from harness.render.lanes import Row

MIN_WIDTH: Final = 80
MAX_WIDTH: Final = 140
_OUTER: Final = re.compile(r"[\w.]+\.<locals>\.")  # of a function inside a function: where it is
_RULES: Final = ("DATA_RACE", "LOCK_ORDER", "LOCK_HELD")  # their messages name objects
_JOINED: Final = ("DEADLOCK", "LOST_WAKEUP", "LEAKED_TASK")  # messages of several parts


def tell(finding: Finding, *, width: int | None = None) -> str:
    """Return the full story: what, where, how it came to be, and how to see it again.

    Args:
        width: Characters in a line; None takes the terminal's.
    """
    if width is None:
        width = shutil.get_terminal_size((100, 24)).columns
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    return "\n".join(line.rstrip() for line in _lines(finding, width)).rstrip()


def _lines(finding: Finding, width: int) -> Iterator[str]:
    number_out = number_remover(event.target for event in finding.trace.events)
    events = [
        dataclasses.replace(event, target=number_out(event.target))
        for event in finding.trace.events
    ]

    def short(text: str) -> str:
        return _OUTER.sub("", number_out(text))

    all_rows = rows_of(events)
    events, rows = condensed(events, all_rows, guilty=guilty_steps(finding))
    yield _headline(finding)
    yield ""
    cycle = cycle_lines(finding.analyses, short) if finding.kind.name == "DEADLOCK" else []
    yield from (f"  {line}" for line in cycle or _message_lines(finding, short))
    if finding.stack:
        yield ""
        yield from (f"  {short(line)}" for line in _own_lines(finding.stack))
    yield from _crossing_lines(finding, events, rows, width)
    yield from _trace_lines(finding, rows, width, of=len(all_rows))
    yield from remark_lines(finding, short, width=width)
    yield from _end_lines(finding, events, short)
    yield ""
    if finding.shrunk:
        yield f"Shrunk:  {finding.shrunk}"
    if finding.gil_reachable:
        yield f"GIL:     {finding.gil_reachable}"
    if finding.command:
        yield f"Replay:  {finding.command}"
    elif finding.token:
        call = "replay_isolated" if finding.kind.name == "CRASH" else "replay"
        yield f'Replay:  harness.{call}(body, "{finding.token}")'


def _headline(finding: Finding) -> str:
    """Return the kind and its sentence, which may begin with the kind itself."""
    name = finding.kind.name
    return f"{name}: {finding.kind.value.removeprefix(name.lower().replace('_', ' ') + ': ')}"


def _message_lines(finding: Finding, short: Callable[[str], str]) -> list[str]:
    lines = finding.message.removesuffix(": (no message)").splitlines()
    if finding.kind.name in _RULES:
        return [short(line) for line in lines]
    if finding.kind.name not in _JOINED:
        return lines
    parts = [short(part) for line in lines for part in line.split("; ")]
    places = _places(finding, short)
    # A wait in a cycle is told without its line; where the task stood is told with it.
    return [
        next((full for full in places if full.startswith(part.rsplit(" at ", 1)[0])), part)
        for part in parts
    ]


def _places(finding: Finding, short: Callable[[str], str]) -> list[str]:
    return [", at ".join(short(place).rsplit(" at ", 1)) for place in finding.places]


def _own_lines(stack: Sequence[str]) -> Sequence[str]:
    """Leave out how a thread came to its function: every one comes there alike."""
    own = list(itertools.dropwhile(lambda line: line.startswith("threading.py:"), stack))
    return own or stack


def _crossing_lines(
    finding: Finding, events: Sequence[Event], rows: Sequence[Row], width: int
) -> Iterator[str]:
    """Name the accesses to look at first. A deadlock's cycle says it all."""
    if finding.kind.name == "DEADLOCK":
        return
    # Where the middle is left out, what ordered two accesses may be gone with it.
    begin = (len(events) + 1) // 2 if finding.trace.truncated else 0
    crossing = find_crossing(events[begin:])
    if crossing is None:
        return
    numbers = {row.index - begin: row.number for row in rows}
    words = crossing.words(events[begin:], numbers)
    if words:
        yield ""
        indent = "  "
        yield from textwrap.wrap(
            words, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )


def _trace_lines(finding: Finding, rows: Sequence[Row], width: int, *, of: int) -> Iterator[str]:
    """Draw the steps; `of` is how many there are with those that do not matter."""
    if not rows:
        return
    names = {event.task: event.task_name for event in finding.trace.events}
    switches = sum(1 for one, two in itertools.pairwise(rows) if one.task != two.task)
    yield ""
    left_out = finding.trace.truncated + of - len(rows)
    note = f", {left_out} more left out" if left_out else ""
    size = f"{_counted(len(rows), 'step')}, {_counted(switches, 'switch', 'es')}{note}"
    yield f"How it came to be ({size}; time runs down):"
    yield ""
    yield from draw(rows, names, width=width)


def _counted(count: int, noun: str, ending: str = "s") -> str:
    return f"{count} {noun}{ending if count != 1 else ''}"


def _end_lines(
    finding: Finding, events: Sequence[Event], short: Callable[[str], str]
) -> Iterator[str]:
    """Say where each task stood that was not told above, and who held what."""
    names = {event.task: event.task_name for event in events}
    told = _message_lines(finding, short)
    lines = [place for place in _places(finding, short) if place not in told]
    lines += [
        f"{names[task]} holds {name}, taken at {short(site.text())}"
        for task, locks in sorted(held_at_end(events).items())
        for name, site in locks
    ]
    if lines:
        yield ""
        yield "At the end:"
        yield from (f"  {line}" for line in lines)
