"""A trace as lanes: a column a task, a row an event, time runs down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.render.crossing import ACCESSES
from harness.render.wording import blocks_next, constants, quiet, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.engine.place import Site
    from harness.engine.recorder import Event

MAX_LANES: Final = 5  # more tasks than this get one column with their names
MAX_NAME: Final = 24  # characters of a task's name at the head of its lane
MIN_TEXT: Final = 24  # characters of an event that every lane has room for, or a list is drawn
MIN_SOURCE: Final = 14  # characters of a source line that are worth showing
MAX_ROWS: Final = 80  # a longer trace shows its first and last half
GAP: Final = 2  # blanks between columns
_NUMBERED: Final = re.compile(r"(\w+)#(?:[2-9]|1\d)")  # a second one of its class, or a later one
_FIRST: Final = re.compile(r"(\w+)#1\b")


@dataclass(frozen=True, slots=True)
class Row:
    """One event in words.

    Attributes:
        index: Which event it is.
    """

    number: int
    index: int
    task: int
    text: str
    site: Site


def rows_of(events: Sequence[Event]) -> list[Row]:
    """Return what a reader wants to see, with the locks that are held at each access."""
    held: dict[int, list[str]] = {}
    rows: list[Row] = []
    telling = _shared_targets(events) - constants(events)
    for index, event in enumerate(events):
        _follow_locks(held, events, index)
        if quiet(events, index):
            continue
        locks = held.get(event.task, ())
        if event.kind == "goes on after" and event.target not in locks:
            continue  # what it waited for came about by a step of another task
        if event.kind in ACCESSES and event.target not in telling:
            continue
        rows.append(Row(len(rows) + 1, index, event.task, words(event, locks), event.site))
    return rows


def number_remover(targets: Iterable[str]) -> Callable[[str], str]:
    """Return what leaves out of a text the number of an object that is the only one of its class.

    Args:
        targets: All objects of a trace, in words: "Lock#1", "Counter#2.n".
    """
    several = {match[1] for target in targets for match in _NUMBERED.finditer(target)}

    def short(text: str) -> str:
        return _FIRST.sub(lambda match: match[0] if match[1] in several else match[1], text)

    return short


def _shared_targets(events: Sequence[Event]) -> set[str]:
    """Return what more than one task touches: nothing else can be the cause."""
    tasks: dict[str, set[int]] = {}
    for event in events:
        if event.kind in ACCESSES:
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


def locks_held(events: Sequence[Event]) -> list[tuple[str, ...]]:
    """Return the locks that the task of each event holds right after it."""
    held: dict[int, list[str]] = {}
    found = []
    for index, event in enumerate(events):
        _follow_locks(held, events, index)
        found.append(tuple(held.get(event.task, ())))
    return found


def _follow_locks(held: dict[int, list[str]], events: Sequence[Event], index: int) -> None:
    """Keep up which locks are held. An acquire that blocks takes its lock when it goes on."""
    event = events[index]
    if "Lock" not in event.target:
        return
    mine = held.setdefault(event.task, [])
    if event.kind in ("acquire", "goes on after"):
        elsewhere = any(event.target in locks for task, locks in held.items() if task != event.task)
        if not elsewhere and not blocks_next(events, index):
            mine.append(event.target)
    elif event.kind == "release" and event.target in mine:
        mine.remove(event.target)


def draw(rows: Sequence[Row], names: dict[int, str], *, width: int) -> list[str]:
    """Draw rows in lanes; as a list where there are too many lanes for the line.

    A row has one event, so its words may run on over the lanes to its right: a lane needs only the
    room of its head. That leaves room for the source.

    Args:
        names: The tasks that get a lane, by id.
        width: Characters in a line.
    """
    shown = list(_middle_left_out(rows))
    drawn = [row for row in shown if isinstance(row, Row)]
    if not drawn:
        return []
    places = place_names([row.site for row in drawn])
    wide = max(map(len, places))
    margin = len(str(rows[-1].number)) + 2 + GAP
    room = max(width - wide - MIN_SOURCE - 2 * GAP, margin + MIN_TEXT)
    heads, cells, bars = _lay_out(drawn, names, margin=margin, room=room)
    limit = min(room, max(at + len(text) for at, text in cells))
    # Values come before source: words that are longer push the source of their own row aside.
    texts = _rows(drawn, cells, bars, max(limit, width - wide - GAP))
    lines = (
        _with_source(f"{line:<{limit}}", f"{place:<{wide}}", row.site, width)
        for line, place, row in zip(texts, places, drawn, strict=True)
    )
    for row in shown:
        if isinstance(row, Row):
            heads.append(next(lines))
        else:
            heads.append(f"{'⋮':>{margin - GAP}}  {row} steps left out")
    return heads


def _lay_out(
    rows: Sequence[Row], names: dict[int, str], *, margin: int, room: int
) -> tuple[list[str], list[tuple[int, str]], list[int]]:
    """Return the lines above, each row's column and words, and the columns that get a bar."""
    lanes = _Lanes(names, margin)
    cells = [(lanes.offsets[row.task], row.text) for row in rows]
    fits = all(at + min(len(text), MIN_TEXT) <= room for at, text in cells)
    if len(names) <= MAX_LANES and fits:
        return lanes.heads(), cells, list(lanes.offsets.values())
    named = max(map(len, lanes.names.values())) + GAP
    return [], [(margin, f"{lanes.names[row.task]:<{named}}{row.text}") for row in rows], []


class _Lanes:
    """Where each task's lane begins, and what stands above it."""

    def __init__(self, names: dict[int, str], margin: int) -> None:
        """Lay the lanes side by side; a name's function stands in a second line."""
        self.names = {task: _fit(names[task], MAX_NAME).rstrip() for task in sorted(names)}
        self.offsets: dict[int, int] = {}
        self._parts = [name.partition(" (") for name in self.names.values()]
        self._widths = [max(len(one), len(two) + 1 if two else 0) for one, _, two in self._parts]
        at = margin
        for task, wide in zip(self.names, self._widths, strict=True):
            self.offsets[task] = at
            at += wide + GAP

    def heads(self) -> list[str]:
        """Return the lines above the lanes."""
        first = [one for one, _, _ in self._parts]
        second = [f"({two}" if two else "" for _, _, two in self._parts]
        rule = ["─" * wide for wide in self._widths]
        lines = [first, second, rule] if any(second) else [first, rule]
        margin = " " * min(self.offsets.values())
        gap = " " * GAP
        return [
            margin
            + gap.join(f"{text:<{wide}}" for text, wide in zip(line, self._widths, strict=True))
            for line in lines
        ]


def _rows(
    rows: Sequence[Row], cells: Sequence[tuple[int, str]], bars: Sequence[int], limit: int
) -> Iterator[str]:
    """Yield each row's number and words, with a bar in every lane that they leave free."""
    digits = len(str(rows[-1].number)) if rows else 1
    for row, (at, text) in zip(rows, cells, strict=True):
        line = f"  {row.number:>{digits}}"
        for bar in bars:
            if bar < at:
                line = f"{line:<{bar}}│"
        line = f"{line:<{at}}{_fit(text, limit - at).rstrip()}"
        for bar in bars:
            if bar > len(line):
                line = f"{line:<{bar}}│"
        yield line


def place_names(sites: Sequence[Site]) -> list[str]:
    """Return the name of each line: its file, with the folder where two share a name."""
    paths: dict[str, set[str]] = {}
    for site in sites:
        paths.setdefault(Path(site.path).name, set()).add(site.path)
    places = []
    for site in sites:
        path = Path(site.path)
        alone = len(paths[path.name]) == 1 and path.name != "__init__.py"
        name = path.name if alone else f"{path.parent.name}/{path.name}"
        places.append(f"{name}:{site.line}")
    return places


def _with_source(line: str, place: str, site: Site, width: int) -> str:
    """Add where it happened, and the source line as far as there is room."""
    start = f"{line}{' ' * GAP}{place}"
    text = f"{start}{' ' * GAP}{' '.join(site.source().split())}".rstrip()
    if len(text) <= width:
        return text
    return start if len(start) + MIN_TEXT // 4 > width else text[: width - 1] + "…"


def _middle_left_out(rows: Sequence[Row]) -> Iterator[Row | int]:
    """Yield the rows to show, and in the place of the others how many they are."""
    if len(rows) <= MAX_ROWS:
        yield from rows
        return
    half = MAX_ROWS // 2
    yield from rows[:half]
    yield len(rows) - MAX_ROWS
    yield from rows[-half:]


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
