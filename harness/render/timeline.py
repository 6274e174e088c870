"""A failing run as one self-contained HTML page: a column a task, time runs down.

Nothing is loaded from elsewhere and nothing is sent: a content policy in the page forbids both, and
lets only this page's own script run, by its digest. All that comes from the program under test is
text to the page, whatever it looks like.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.render.board import board
from harness.render.explain import step_sentences
from harness.render.page_policy import page_policy
from harness.render.page_sections import at_the_end, beside, facts, look_first
from harness.render.scene import scene_of
from harness.render.story import message_lines, own_lines, replay_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.finding import Finding
    from harness.render.scene import Scene

_FILES: Final = Path(__file__).parent / "page"
_FOOT: Final = (
    "Made by holdfast. A schedule decides everything in this run, so the replay line above runs it "
    "again, step by step. This page loads nothing and sends nothing."
)


def timeline(finding: Finding) -> str:
    """Return a page that shows a failing run; it needs a browser and nothing else."""
    page = "\n".join(_page(finding, scene_of(finding))) + "\n"
    return page.encode("utf-8", "backslashreplace").decode()  # a name may be no valid text


def _page(finding: Finding, scene: Scene) -> Iterator[str]:
    css = (_FILES / "page.css").read_text("utf-8")
    script = (_FILES / "page.js").read_text("utf-8")
    name = finding.kind.name
    title = finding.kind.value.removeprefix(f"{name.lower().replace('_', ' ')}: ")
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{page_policy(script)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(name)} · holdfast</title>"
    yield f"<style>\n{css}</style>"
    yield "</head>"
    yield "<body>"
    yield from _top(finding, scene, title)
    yield "<main>"
    yield from look_first(finding, scene)
    yield from board(finding, scene)
    yield from _sentences(scene)
    yield from beside(finding, scene)
    yield from at_the_end(finding, scene)
    yield "</main>"
    yield f"<footer>{escape(_FOOT)}</footer>"
    yield f"<script>{script}</script>"
    yield "</body>"
    yield "</html>"


def _top(finding: Finding, scene: Scene, title: str) -> Iterator[str]:
    yield "<header>"
    yield f'<p class="eyebrow">holdfast · {escape(finding.kind.name)}</p>'
    yield '<div class="verdict"><span class="seal" aria-hidden="true">✗</span>'
    yield f"<h1>{escape(title[:1].upper() + title[1:])}</h1></div>"
    if finding.kind.name not in ("DEADLOCK", "DATA_RACE", "LOCK_ORDER"):  # told by a drawing below
        for line in message_lines(finding, scene.short):
            yield f'<p class="lead">{escape(line)}</p>'
    for line in own_lines(finding.stack):
        yield f'<p class="lead"><code>{escape(scene.short(line))}</code></p>'
    command = replay_command(finding)
    if command:
        yield '<div class="replay">'
        yield f'<pre id="command" tabindex="0" aria-label="Replay">{escape(command)}</pre>'
        yield '<button type="button" id="copy">Copy</button></div>'
    yield from facts(finding, scene)
    yield "</header>"


def _sentences(scene: Scene) -> Iterator[str]:
    if not scene.rows:
        return
    yield '<details id="sentences"><summary>The same run in sentences</summary>'
    yield '<ol class="told">'
    for row, text in zip(scene.rows, step_sentences(scene), strict=True):
        yield f'<li><span>{escape(text)} <a href="#step{row.index}">see it</a></span></li>'
    yield "</ol></details>"
