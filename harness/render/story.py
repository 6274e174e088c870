"""A finding as text, for a tired reader who has never seen this tool."""

from __future__ import annotations

import itertools
import shutil
import textwrap
from typing import TYPE_CHECKING, Final

from harness.render.lanes import draw, held_at_end
from harness.render.remarks import head_lines, remark_lines
from harness.render.scene import scene_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.finding import Finding
    from harness.render.scene import Scene

MIN_WIDTH: Final = 80
MAX_WIDTH: Final = 140
_IDLE_LOOP: Final = " waits for a socket to become ready at runners.py:"
_WAY_IN: Final = (  # the last two are asyncio's
    "threading.py:",
    "runners.py:",
    "base_events.py:",
)
_SHORTENED: Final = (
    "DATA_RACE",
    "LOCK_ORDER",
    "LOCK_HELD",
    "LIVELOCK",
)  # their messages name objects
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
    scene = scene_of(finding)
    short = scene.short
    yield _headline(finding)
    yield ""
    yield from (
        f"  {line}" for line in head_lines(finding, short, width) or message_lines(finding, short)
    )
    if finding.stack:
        yield ""
        yield from (f"  {short(line)}" for line in own_lines(finding.stack))
    yield from _crossing_lines(finding, scene, width)
    yield from _trace_lines(finding, scene, width)
    yield from remark_lines(finding, short, width=width)
    yield from _end_lines(finding, scene)
    yield ""
    if finding.shrunk:
        yield f"Shrunk:  {finding.shrunk}"
    if finding.gil_reachable:
        yield f"GIL:     {finding.gil_reachable}"
    yield replay_line(finding)


def replay_line(finding: Finding) -> str:
    """Return how to see it again; empty where there is no schedule."""
    command = replay_command(finding)
    return f"Replay:  {command}" if command else ""


def replay_command(finding: Finding) -> str:
    """Return the command or the call that runs a finding again; empty where there is none."""
    if finding.command or not finding.token:
        return finding.command
    call = "replay_isolated" if finding.kind.name == "CRASH" else "replay"
    return f'harness.{call}(body, "{finding.token}")'


def _headline(finding: Finding) -> str:
    """Return the kind and its sentence, which may begin with the kind itself."""
    name = finding.kind.name
    return f"{name}: {finding.kind.value.removeprefix(name.lower().replace('_', ' ') + ': ')}"


def message_lines(finding: Finding, short: Callable[[str], str]) -> list[str]:
    """Return what happened; a part for each task where several wait."""
    lines = finding.message.removesuffix(": (no message)").splitlines()
    if finding.kind.name in _SHORTENED:
        return [short(line) for line in lines]
    if finding.kind.name not in _JOINED:
        return lines
    parts = [short(part) for line in lines for part in line.split("; ")]
    places = places_of(finding, short)
    if len(places) < len(finding.places):
        parts = [part for part in parts if _IDLE_LOOP not in part] or parts
    # A wait in a cycle is told without its line; where the task stood is told with it.
    return [
        next((full for full in places if full.startswith(part.rsplit(" at ", 1)[0])), part)
        for part in parts
    ]


def places_of(finding: Finding, short: Callable[[str], str]) -> list[str]:
    """Say where each task stands; an event loop that has nothing to run is no news."""
    places = finding.places
    if any(" awaits" in place for place in places):
        places = tuple(place for place in places if _IDLE_LOOP not in place)
    return [", at ".join(short(place).rsplit(" at ", 1)) for place in places]


def own_lines(stack: Sequence[str]) -> Sequence[str]:
    """Leave out how a task came to its function: every one comes there alike."""
    own = list(itertools.dropwhile(lambda line: line.startswith(_WAY_IN), stack))
    return own or stack


def _crossing_lines(finding: Finding, scene: Scene, width: int) -> Iterator[str]:
    """Name the accesses to look at first; a data race was named above."""
    if scene.crossing is None or finding.kind.name == "DATA_RACE":
        return
    words = scene.crossing.words(scene.events, scene.numbers())
    if words:
        yield ""
        indent = "  "
        yield from textwrap.wrap(
            words, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )


def _trace_lines(finding: Finding, scene: Scene, width: int) -> Iterator[str]:
    """Draw the steps, and say how many there are with those that do not matter."""
    rows = scene.rows
    if not rows:
        return
    switches = sum(1 for one, two in itertools.pairwise(rows) if one.task != two.task)
    yield ""
    left_out = finding.trace.truncated + scene.steps - len(rows)
    note = f", {left_out} more left out" if left_out else ""
    size = f"{_counted(len(rows), 'step')}, {_counted(switches, 'switch', 'es')}{note}"
    yield f"How it came to be ({size}; time runs down):"
    yield ""
    yield from draw(rows, scene.names(), width=width)


def _counted(count: int, noun: str, ending: str = "s") -> str:
    return f"{count} {noun}{ending if count != 1 else ''}"


def _end_lines(finding: Finding, scene: Scene) -> Iterator[str]:
    """Say where each task stood that was not told above, and who held what."""
    told = message_lines(finding, scene.short)
    lines = [place for place in places_of(finding, scene.short) if place not in told]
    if finding.kind.name != "DEADLOCK" or finding.analyses.cycle is None:
        lines += held_lines(scene)
    if lines:
        yield ""
        yield "At the end:"
        yield from (f"  {line}" for line in lines)


def held_lines(scene: Scene) -> list[str]:
    """Return who holds which lock after the last step, and since which line."""
    events = [scene.events[at] for at in scene.told]
    names = {event.task: event.task_name for event in events}
    return [
        f"{names[task]} holds {name}, taken at {scene.short(site.text())}"
        for task, locks in sorted(held_at_end(events).items())
        for name, site in locks
    ]
