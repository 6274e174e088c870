"""The time line of the page: a lane a task, a row an event, and what a row has to tell."""

from __future__ import annotations

import json
import linecache
from html import escape
from typing import TYPE_CHECKING, Final

from harness.engine.place import is_ours
from harness.render.arrows import find_arrows
from harness.render.crossing import ACCESSES
from harness.render.explain import step_sentences
from harness.render.lanes import locks_held, place_names
from harness.render.page_sections import guilty_indices
from harness.render.sentences import in_words, sentence
from harness.render.wording import only_tries, task_alone, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.engine.place import Site
    from harness.engine.recorder import Event
    from harness.finding import Finding
    from harness.render.scene import Scene

AROUND: Final = 2  # lines of source before and after the one of a step
COLOURS: Final = 6
_LIFE: Final = ("begin", "started", "end", "start", "join")
_BAR: Final = """<div class="bar" role="toolbar" aria-label="Time line">
<label class="switch"><input type="checkbox" id="all"> All {count} steps</label>
<label class="switch"><input type="checkbox" id="arrows" checked> Arrows</label>
<button type="button" class="square" id="farther" aria-label="Zoom out">&minus;</button>
<span id="zoomed" aria-live="polite">100 %</span>
<button type="button" class="square" id="closer" aria-label="Zoom in">+</button>
<span class="keys"><kbd>↑</kbd> <kbd>↓</kbd> steps · <kbd>←</kbd> <kbd>→</kbd> of one thread ·
<kbd>+</kbd> <kbd>&minus;</kbd> zoom · <kbd>a</kbd> all</span>
</div>"""
_MORE: Final = """<aside class="more empty" id="more" aria-label="The step that is picked">
<button type="button" class="close" id="close" aria-label="Close">✕</button>
<div id="what" aria-live="polite"><p class="hint">Point at a step, or pick one, to see its values,
its line, the locks held, and what it comes before and after.</p></div>
</aside>"""
_KEY: Final = """<div class="keyline" aria-hidden="true">
<span class="read"><span class="dot"></span>read</span><span><span class="dot"></span>write</span>
<span class="sync"><span class="dot"></span>lock, event, queue</span>
<span class="wait"><span class="dot"></span>has to wait</span>
<span>arrow: happened before</span><span>dashed: waits</span></div>"""


def board(finding: Finding, scene: Scene) -> Iterator[str]:
    """Yield the section with the time line; nothing where nothing was recorded."""
    if not scene.rows:
        return
    shown = {row.task for row in scene.rows}
    tasks = sorted(
        {event.task for event in scene.events}, key=lambda task: (task not in shown, task)
    )
    lanes = {task: lane for lane, task in enumerate(tasks)}
    yield '<section id="run" aria-labelledby="run-title">'
    yield '<h2 id="run-title">How it came to be</h2>'
    yield "<p>Time runs down. What can have nothing to do with it is left out.</p>"
    yield _BAR.format(count=f"{len(scene.events):,}".replace(",", " "))
    yield '<div class="stage" id="stage"><div class="scroll" id="scroll">'
    yield f'<div class="board" id="board" data-lanes="{len(shown)}" data-every="{len(lanes)}">'
    yield from _heads(scene, lanes, len(shown))
    yield '<div class="steps" id="steps" role="listbox" tabindex="0" aria-label="Steps of the run">'
    yield '<svg class="wires" id="wires" aria-hidden="true"></svg>'
    rows = _Rows(finding, scene, lanes)
    yield from rows.all()
    yield f"</div></div></div>{_MORE}</div>{_KEY}"
    yield from rows.sources()
    yield "</section>"


def _heads(scene: Scene, lanes: dict[int, int], shown: int) -> Iterator[str]:
    names = {event.task: event.task_name for event in scene.events}
    yield '<ol class="heads">'
    for task, lane in lanes.items():
        name, _, function = names[task].partition(" (")
        small = f"<small>{escape(function.removesuffix(')'))}</small>" if function else ""
        title = escape(names[task])
        colour = lane % COLOURS
        minor = "" if lane < shown else " minor"
        yield (
            f'<li class="c{colour}{minor}" style="--l:{lane}" title="{title}">'
            f"{escape(name)}{small}</li>"
        )
    yield "</ol>"


class _Rows:
    """The rows of one page, and the lines of source that they refer to."""

    def __init__(self, finding: Finding, scene: Scene, lanes: dict[int, int]) -> None:
        self._scene = scene
        self._lanes = lanes
        self._guilty = guilty_indices(finding, scene)
        self._held = locks_held(scene.events)
        self._matter = {row.index: row for row in scene.rows}
        told = zip(scene.rows, step_sentences(scene), strict=True)
        self._said = {row.index: text for row, text in told}
        self._words = {row.index: row.text for row in scene.every}
        self._after: dict[int, list[tuple[int, str]]] = {}
        for arrow in find_arrows(scene.events):
            self._after.setdefault(arrow.target, []).append((arrow.source, arrow.label))
        self._sites: dict[Site, int] = {}
        self._places = dict(zip(_sites(scene), _place_names(scene), strict=True))

    def all(self) -> Iterator[str]:
        """Yield each event, and how many are left out between two that are shown."""
        hidden = 0
        for at, event in enumerate(self._scene.events):
            if at in self._matter:
                if hidden > 1 and self._is_gap(at, hidden):
                    yield f'<div class="gap" role="presentation"><span>⋮ {hidden} more</span></div>'
                hidden = 0
            else:
                hidden += 1
            if not only_tries(self._scene.events, at):  # the wait that follows tells it all
                yield self._row(at, event)

    def _is_gap(self, at: int, hidden: int) -> bool:
        """Say whether steps were left out that a reader might want: not set-up, not loops' own."""
        return any(index in self._words for index in range(at - hidden, at))

    def _row(self, at: int, event: Event) -> str:
        row = self._matter.get(at)
        lane = self._lanes[event.task]
        classes = f"step {_shape(event)} c{lane % COLOURS}"
        classes += " guilty" if at in self._guilty else ""
        classes += "" if row is not None else " minor"
        number = str(row.number) if row is not None else "·"
        what = f"{task_alone(event.task_name)}, "
        site = "" if is_ours(event.site.path) else self._source(event.site)
        return (
            f'<div class="{classes}" role="option" aria-selected="false" id="step{at}" '
            f'style="--l:{lane}"{self._data(at, event)}><span class="n">{number}</span>'
            f'<span class="act"><span class="dot"></span><span class="chip"><span class="who">'
            f"{escape(task_alone(event.task_name))} </span>"
            f'<span class="unseen">{escape(what)}</span>{self._chip(at, event)}</span></span>'
            f'<span class="src">{site}</span></div>'
        )

    def _chip(self, at: int, event: Event) -> str:
        locks = self._held[at] if event.kind in ACCESSES else ()
        text = escape(self._words.get(at) or words(event)).partition(" {")[0]
        for sign in (" → ", " ← "):
            if sign in text:
                what, _, value = text.partition(sign)
                text = f'{what} {sign.strip()} <span class="v">{value}</span>'
                break
        badges = "".join(f'<span class="held">{escape(lock)}</span>' for lock in locks)
        return f"{text}{badges}"

    def _source(self, site: Site) -> str:
        return f"<b>{escape(self._places.get(site, ''))}</b>{escape(site.source())}"

    def _data(self, at: int, event: Event) -> str:
        """Return what the details of a step are made of, as attributes."""
        known = (
            None
            if is_ours(event.site.path)
            else self._sites.setdefault(event.site, len(self._sites))
        )
        after = self._after.get(at)
        values = {
            "i": str(at),
            "task": str(event.task),
            "kind": event.kind,
            "name": event.task_name,
            "say": self._said.get(at) or f"{sentence(event)}.",
            "value": in_words(event.value),
            "target": event.target,
            "held": ", ".join(self._held[at]),
            "through": event.site.through,
            "site": "" if known is None else str(known),
            "after": json.dumps(after) if after else "",
        }
        return "".join(f' data-{key}="{escape(text)}"' for key, text in values.items() if text)

    def sources(self) -> Iterator[str]:
        """Yield the lines around each line that a step refers to."""
        for site, number in self._sites.items():
            lines = []
            for at in range(max(site.line - AROUND, 1), site.line + AROUND + 1):
                text = linecache.getline(site.path, at).rstrip("\n")
                line = f"{at:>4}  {escape(text)}"
                lines.append(f"<b>{line}</b>" if at == site.line else f"{line}\n")
            place = escape(f"{self._places.get(site, '')} in {site.function}")
            yield (
                f'<template id="site{number}"><p class="hint">{place}</p>'
                f"<pre>{''.join(lines)}</pre></template>"
            )


def _sites(scene: Scene) -> list[Site]:
    return list(dict.fromkeys(event.site for event in scene.events))


def _place_names(scene: Scene) -> list[str]:
    return place_names(_sites(scene))


def _shape(event: Event) -> str:
    """Return the class of a step's mark: no colour alone tells what it is."""
    if event.kind in ACCESSES:
        return "write" if event.kind == "write" else event.kind
    if event.kind == "blocks on":
        return "wait"
    return "life-event" if event.kind in _LIFE else "sync"
