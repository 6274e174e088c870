"""The parts of the page around the time line: where to look first, what else the run shows."""

from __future__ import annotations

import itertools
from html import escape
from typing import TYPE_CHECKING, Final

from harness.render.consequence import last_wake, why_waits
from harness.render.crossing import ACCESSES
from harness.render.lanes import place_names
from harness.render.remarks import other_inversions, other_races
from harness.render.sentences import sentence
from harness.render.story import held_lines, message_lines, places_of
from harness.render.wording import task_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.analysis.deadlock import Cycle
    from harness.analysis.lock_order import Inversion
    from harness.analysis.races import Race
    from harness.finding import Finding
    from harness.render.scene import Scene

_STUCK: Final = ("LOST_WAKEUP", "LEAKED_TASK", "DEADLOCK")
_RULES: Final = ("LOCK_ORDER", "LOCK_HELD")
_NO_CAUSE: Final = ("Task", "_Ready")  # who waits for a thread's end, or an idle loop, is no cause


def facts(finding: Finding, scene: Scene) -> Iterator[str]:
    """Yield the figures of a run."""
    switches = sum(one.task != two.task for one, two in itertools.pairwise(scene.rows))
    tasks = len({event.task for event in scene.events})
    found = [
        ("Steps", f"{len(scene.rows)} that matter, of {_whole(finding, scene)}"),
        ("Switches", str(switches)),
        ("Threads and coroutines", str(tasks)),
        ("Shrunk", finding.shrunk),
        ("With the GIL", finding.gil_reachable),
    ]
    yield '<dl class="facts">'
    for name, value in found:
        if value:
            yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"


def _whole(finding: Finding, scene: Scene) -> int:
    return len(scene.events) + finding.trace.truncated


def look_first(finding: Finding, scene: Scene) -> Iterator[str]:
    """Yield what a reader should see before all else: the cycle, or the accesses that met."""
    inner = list(_first(finding, scene))
    if inner:
        yield '<section id="look" aria-labelledby="look-title">'
        yield '<h2 id="look-title">Look here first</h2>'
        yield from inner
        yield "</section>"


def _first(finding: Finding, scene: Scene) -> Iterator[str]:
    if finding.kind.name == "DEADLOCK" and finding.analyses.cycle is not None:
        yield from _ring(finding.analyses.cycle, scene)
    elif finding.kind.name in _RULES:
        words = scene.short(finding.message)
        for one in finding.analyses.inversions:
            if one.message() == finding.message:
                words = f"{scene.short(one.text())}: taken in orders that can block each other"
        yield from _steps(words, sorted(_of_rule(finding, scene)), scene)
    elif scene.crossing is not None:
        words = scene.crossing.words(scene.events, scene.numbers())
        yield from _steps(words.removeprefix("Look at "), scene.crossing.steps, scene)
    elif finding.kind.name in _STUCK:
        waits = [at for at in _waits(scene) if scene.events[at].role not in _NO_CAUSE]
        for wait in waits:
            event = scene.events[wait]
            wake = last_wake(scene, event)
            words = f"{task_alone(event.task_name)} waits, and nobody will wake it. "
            steps = [wait] if wake is None else sorted((wake, wait))
            yield from _steps(words + why_waits(scene, event), steps, scene)


def _steps(words: str, steps: Sequence[int], scene: Scene) -> Iterator[str]:
    """Yield a few steps with links into the time line."""
    if not steps:
        return
    numbers = scene.numbers()
    places = _places(scene)
    yield '<div class="guilt">'
    if words:
        yield f"<p>{escape(words)}</p>"
    yield "<ol>"
    for at in steps:
        number = f"Step {numbers[at]}" if at in numbers else "A step"
        text = sentence(scene.events[at])
        yield (
            f'<li><a href="#step{at}">{number}</a><span>{escape(text)}</span>'
            f'<span class="place">{escape(places.get(at, ""))}</span></li>'
        )
    yield "</ol></div>"


def _places(scene: Scene) -> dict[int, str]:
    """Return the line of each step, with its source."""
    names = place_names([row.site for row in scene.every])
    return {
        row.index: f"{place}  {row.site.source()}"
        for row, place in zip(scene.every, names, strict=True)
    }


def _ring(cycle: Cycle, scene: Scene) -> Iterator[str]:
    """Yield the cycle of a deadlock as boxes: each waits for the next, the last for the first."""
    alone = " alone" if len(cycle.links) == 1 else ""
    names = " and ".join(task_alone(link.task_name) for link in cycle.links)
    yield f'<figure class="ring{alone}" aria-label="{escape(names)} wait for each other">'
    for number, link in enumerate(cycle.links):
        if number:
            yield '<span class="down" aria-hidden="true">↓ which is held by</span>'
        has = cycle.links[number - 1]  # the task before this one wants what this one holds
        yield '<div class="card">'
        yield f"<b>{escape(link.task_name)}</b>"
        if has.taken is not None and not link.ended:
            taken = f"holds {scene.short(has.wants)}, taken at {scene.short(has.taken.text())}"
            yield f"<span>{escape(taken)}</span>"
        waits = f"waits for {scene.short(link.wants)} at {scene.short(link.site.text())}"
        yield f"<span>{escape(waits)}</span>"
        if link.ended:
            yield f"<span>{escape(link.holder_name)} has ended without giving it back</span>"
        yield "</div>"
    yield "</figure>"


def beside(finding: Finding, scene: Scene) -> Iterator[str]:
    """Yield what else the run shows."""
    races, inversions = other_races(finding), other_inversions(finding)
    if races:
        yield '<section id="races"><h2>Data races in this run</h2>'
        yield "<p>Two accesses to one place, one of them a write, and nothing orders the two.</p>"
        yield '<ul class="list">'
        yield from _races(races, scene)
        yield "</ul></section>"
    if inversions:
        yield '<section id="orders"><h2>Lock orders in this run</h2>'
        yield "<p>Another schedule can turn these into a deadlock.</p>"
        yield '<ul class="list">'
        yield from _inversions(inversions, scene)
        yield "</ul></section>"


def _races(races: Sequence[Race], scene: Scene) -> Iterator[str]:
    at = {event.number: index for index, event in enumerate(scene.events)}
    for race in races:
        yield f"<li><b>{escape(scene.short(race.target))}</b>"
        for access in (race.first, race.second):
            link = f' <a href="#step{at[access.step]}">see it</a>' if access.step in at else ""
            yield f"<span>{escape(scene.short(access.text()))}{link}</span>"
        yield "</li>"


def _inversions(inversions: Sequence[Inversion], scene: Scene) -> Iterator[str]:
    for one in inversions:
        yield f"<li><b>{escape(scene.short(one.text()))}</b>"
        yield from (f"<span>{escape(scene.short(n.text()))}</span>" for n in one.nestings)
        yield "</li>"


def at_the_end(finding: Finding, scene: Scene) -> Iterator[str]:
    """Yield where each task stood at the end, and who held what."""
    told = message_lines(finding, scene.short)
    lines = [place for place in places_of(finding, scene.short) if place not in told]
    lines += held_lines(scene)
    if lines:
        yield '<section id="end"><h2>At the end</h2><ul class="list">'
        yield from (f"<li>{escape(line)}</li>" for line in lines)
        yield "</ul></section>"


def guilty_indices(finding: Finding, scene: Scene) -> set[int]:
    """Return the events to mark in the time line."""
    cycle = finding.analyses.cycle
    if finding.kind.name == "DEADLOCK" and cycle is not None:
        return _of_cycle(cycle, scene)
    if finding.kind.name in _RULES:
        return _of_rule(finding, scene)
    if finding.kind.name in _STUCK:
        waits = {at for at in _waits(scene) if scene.events[at].role not in _NO_CAUSE}
        wakes = (last_wake(scene, scene.events[at]) for at in waits)
        return waits | {at for at in wakes if at is not None}
    steps = set(scene.crossing.steps) if scene.crossing is not None else set()
    return {at for at in steps if scene.events[at].kind in ACCESSES}


def _of_cycle(cycle: Cycle, scene: Scene) -> set[int]:
    """Return where the tasks of a cycle took what they hold, and where they wait."""
    tasks = {link.task for link in cycle.links}
    found = {at for at in _waits(scene) if scene.events[at].task in tasks}
    for link in cycle.links:
        taken = [
            at
            for at, event in enumerate(scene.events)
            if (event.task, event.site) == (link.holder, link.taken)
            and event.kind in ("acquire", "goes on after")
        ]
        found.update(taken[-1:])
    return found


def _of_rule(finding: Finding, scene: Scene) -> set[int]:
    """Return where the locks of a broken rule were taken, and where a task waited with them."""
    found, mine = finding.analyses, finding.message
    nestings = [n for one in found.inversions if one.message() == mine for n in one.nestings]
    taken = {(n.task, held.lock, held.site) for n in nestings for held in (n.outer, n.inner)}
    waits = {(one.task, one.site) for one in found.held if one.message() == mine}
    taken |= {
        (one.task, held.lock, held.site)
        for one in found.held
        if one.message() == mine
        for held in one.held
    }
    steps = [(row.index, scene.events[row.index]) for row in scene.rows]
    return {
        at
        for at, event in steps
        if (
            (event.task, event.obj, event.site) in taken
            and event.kind in ("acquire", "goes on after")
        )
        or (event.task, event.site) in waits
    }


def _waits(scene: Scene) -> list[int]:
    """Return the events with which tasks wait at the end."""
    last = {event.task: at for at, event in enumerate(scene.events)}
    return sorted(at for at in last.values() if scene.events[at].kind == "blocks on")
