"""A trace as lanes: a column a task, a row an event, time runs down."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.place import Site
    from harness.engine.recorder import Event

MAX_LANES: Final = 5  # more tasks than this get one column with their names
MIN_LANE: Final = 16
MAX_LANE: Final = 34
MIN_SOURCE: Final = 15
MAX_ROWS: Final = 80  # a longer trace shows its first and last half
_QUIET: Final = ("begin", "started", "end", "goes on after", "locked")
_NUMBERED: Final = re.compile(r"(\w+)#(?:[2-9]|1\d)")  # a second one of its class, or a later one
_FIRST: Final = re.compile(r"(\w+)#1\b")
_ACCESSES: Final = ("read", "write", "opaque")
_WORDS: Final = {
    "read": "read {target}{arrow}",
    "write": "write {target}{arrow}",
    "opaque": "pass {target} to foreign code",
    "start": "start {target}",
    "blocks on": "wait for {target}",
    "timed out on": "time out on {target}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One event in words."""

    number: int
    task: int
    text: str
    site: Site


def rows_of(events: Sequence[Event]) -> list[Row]:
    """Return what a reader wants to see, with the locks that are held at each access."""
    events = _shortly_named(events)
    held: dict[int, list[str]] = {}
    rows: list[Row] = []
    shared = _shared_targets(events)
    for index, event in enumerate(events):
        _follow_locks(held, events, index)
        if event.kind in _QUIET or not event.site.path or _only_tries(events, index):
            continue
        if event.kind in _ACCESSES and event.target not in shared:
            continue
        rows.append(Row(len(rows) + 1, event.task, _words(event, held), event.site))
    return rows


def _shortly_named(events: Sequence[Event]) -> list[Event]:
    """Leave out the number of an object that is the only one of its class."""
    several = {match[1] for event in events for match in _NUMBERED.finditer(event.target)}

    def short(match: re.Match[str]) -> str:
        return match[0] if match[1] in several else match[1]

    return [dataclasses.replace(event, target=_FIRST.sub(short, event.target)) for event in events]


def _shared_targets(events: Sequence[Event]) -> set[str]:
    """Return what more than one task touches: nothing else can be the cause."""
    tasks: dict[str, set[int]] = {}
    for event in events:
        if event.kind in _ACCESSES:
            tasks.setdefault(event.target, set()).add(event.task)
    return {target for target, who in tasks.items() if len(who) > 1}


def held_at_end(events: Sequence[Event]) -> dict[int, list[tuple[str, Site]]]:
    """Return the locks that each task holds after the last event, and where it took them."""
    held: dict[int, list[str]] = {}
    sites: dict[tuple[int, str], Site] = {}
    for index, event in enumerate(events):
        before = set(held.get(event.task, ()))
        _follow_locks(held, events, index)
        for name in set(held.get(event.task, ())) - before:
            sites[event.task, name] = event.site
    return {
        task: [(name, sites[task, name]) for name in names] for task, names in held.items() if names
    }


def _follow_locks(held: dict[int, list[str]], events: Sequence[Event], index: int) -> None:
    """Keep up which locks are held. An acquire that blocks takes its lock when it goes on."""
    event = events[index]
    if "Lock" not in event.target:
        return
    mine = held.setdefault(event.task, [])
    if event.kind == "acquire":
        if not _only_tries(events, index):
            mine.append(event.target)
    elif event.kind == "goes on after":
        mine.append(event.target)
    elif event.kind == "release" and event.target in mine:
        mine.remove(event.target)


def _only_tries(events: Sequence[Event], index: int) -> bool:
    """Say whether an acquire found its lock taken: the wait that follows tells it all."""
    event = events[index]
    if event.kind != "acquire":
        return False
    following = next((later for later in events[index + 1 :] if later.task == event.task), None)
    return (
        following is not None and following.kind == "blocks on" and following.target == event.target
    )


def _words(event: Event, held: dict[int, list[str]]) -> str:
    sign = "→" if event.kind == "read" else "←"
    arrow = f" {sign} {event.value}" if event.value else ""
    pattern = _WORDS.get(event.kind)
    if event.kind == "blocks on" and event.site.source().endswith("join()"):
        pattern = "join {target}"
    if pattern is not None:
        target = event.target.partition(" (")[0]  # a thread's name without its function
        text = pattern.format(target=target, arrow=arrow)
    elif event.site.through and not event.site.through.startswith(("Thread.", "Condition.")):
        text = f"{event.site.through}: {event.kind} {event.target}"
    else:
        text = f"{event.kind} {event.target}".strip()
    locks = held.get(event.task)
    if locks and event.kind in _ACCESSES:
        text += f" {{{', '.join(locks)}}}"
    return text


def draw(rows: Sequence[Row], names: dict[int, str], *, width: int) -> list[str]:
    """Draw rows in lanes.

    Args:
        names: The tasks that get a lane, by id.
        width: Characters in a line.
    """
    if len(names) > MAX_LANES:
        return _draw_list(rows, names, width=width)
    columns = sorted(names)
    lanes = _lane_widths(rows, names, columns, width=width)
    number_width = len(str(rows[-1].number)) if rows else 1
    head = " " * (number_width + 4)
    head += "  ".join(_fit(names[task], lanes[task]) for task in columns)
    rule = " " * (number_width + 4) + "  ".join("─" * lanes[task] for task in columns)
    lines = [head.rstrip(), rule]
    for row in _middle_left_out(rows):
        if row is None:
            lines.append(f"{'⋮':>{number_width + 2}}")
            continue
        cells = [_fit(row.text if task == row.task else "", lanes[task]) for task in columns]
        line = f"  {row.number:>{number_width}}  {'  '.join(cells)}"
        lines.append(_with_source(line, row.site, width))
    return lines


def _draw_list(rows: Sequence[Row], names: dict[int, str], *, width: int) -> list[str]:
    """Draw one column, each row with its task's name."""
    name_width = min(max(len(name) for name in names.values()), MAX_LANE)
    lines = []
    for row in _middle_left_out(rows):
        if row is None:
            lines.append("   ⋮")
            continue
        name = _fit(names.get(row.task, str(row.task)), name_width)
        lines.append(
            _with_source(f"  {row.number:>4}  {name}  {_fit(row.text, 40)}", row.site, width)
        )
    return lines


def _lane_widths(
    rows: Sequence[Row], names: dict[int, str], columns: list[int], *, width: int
) -> dict[int, int]:
    """Give each lane what its texts want, within what the line has."""
    wanted = {task: len(names[task]) for task in columns}
    for row in rows:
        wanted[row.task] = max(wanted[row.task], len(row.text))
    room = width - 8 - MIN_SOURCE - 2 * len(columns)
    fair = max(room // max(len(columns), 1), MIN_LANE)
    return {task: max(min(wanted[task], fair, MAX_LANE), 4) for task in columns}


def _with_source(line: str, site: Site, width: int) -> str:
    """Add where it happened, and the source line as far as there is room."""
    place = f"{site.text().split(' in ', maxsplit=1)[0]}"
    source = site.source()
    text = f"{place}: {source}" if source else place
    room = width - len(line) - 2
    if room < len(place):
        return f"{line.rstrip()}  {place}"
    return f"{line}  {text if len(text) <= room else text[: room - 1] + '…'}"


def _middle_left_out(rows: Sequence[Row]) -> list[Row | None]:
    if len(rows) <= MAX_ROWS:
        return list(rows)
    half = MAX_ROWS // 2
    return [*rows[:half], None, *rows[-half:]]


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
