"""A finding as a numbered story in plain sentences."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Final

from harness.render.consequence import consequence, in_short
from harness.render.crossing import ACCESSES
from harness.render.lanes import locks_held, place_names
from harness.render.scene import scene_of
from harness.render.sentences import in_words, sentence
from harness.render.story import MAX_WIDTH, MIN_WIDTH, replay_line
from harness.render.wording import task_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.finding import Finding
    from harness.render.lanes import Row
    from harness.render.scene import Scene

_LETTERS: Final = {"read": "r", "write": "w", "opaque": "w"}
_PAIR: Final = 2
_BEFORE: Final = ", the value before {other}'s write in step {b}"
_BETWEEN: Final = ", between step {a} and step {c} of {mine}"
_SINCE: Final = ". In step {a} it saw {old}: {other} has written since, in step {b}"
_GUILT: Final = {  # by which of three accesses it is, and what the three are
    (0, "rww"): _BEFORE,
    (0, "rw*"): _BEFORE,
    (0, "rwr"): _BEFORE,
    (1, "wrw"): ". It is a value in the middle: {mine} writes again in step {c}",
    (2, "rww"): (
        ". It still goes by step {a}, where it saw {old}: what {other} wrote in step {b} is lost"
    ),
    (2, "rw*"): _SINCE,
    (2, "rwr"): _SINCE,
    (2, "wwr"): ". It wrote {old} itself in step {a}: {other} has written since, in step {b}",
}


def explain(finding: Finding, *, width: int | None = None) -> str:
    """Return who did what to which object, with which value, and what that made wrong.

    The steps have the numbers that they have in the text story and on the HTML page.

    Args:
        width: Characters in a line; None takes the terminal's.
    """
    if width is None:
        width = shutil.get_terminal_size((100, 24)).columns
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    return "\n".join(_lines(finding, width)).rstrip()


def _lines(finding: Finding, width: int) -> Iterator[str]:
    scene = scene_of(finding)
    yield from _wrap(f"{finding.kind.name}: {in_short(finding, scene)}.", width)
    if scene.rows:
        yield ""
        yield "What happened, step by step:"
        yield ""
        yield from _step_lines(scene, width)
    ends = consequence(finding, scene)
    if ends:
        yield ""
        yield "What that made wrong:"
        for paragraph in ends:
            yield ""
            yield from _wrap(paragraph, width, indent="  ")
    yield ""
    yield replay_line(finding)


def _step_lines(scene: Scene, width: int) -> Iterator[str]:
    digits = len(str(scene.rows[-1].number))
    places = place_names([row.site for row in scene.rows])
    for number, text in enumerate(step_sentences(scene), start=1):
        mark = f"  {number:>{digits}}. "
        yield from textwrap.wrap(
            f"{text} ({places[number - 1]})",
            width,
            initial_indent=mark,
            subsequent_indent=" " * len(mark),
            break_on_hyphens=False,
        )


def step_sentences(scene: Scene) -> list[str]:
    """Return a sentence for each step, with what is to be seen in it."""
    held = locks_held(scene.events)
    found = []
    for row in scene.rows:
        event = scene.events[row.index]
        locks = held[row.index] if event.kind in ACCESSES else ()
        found.append(f"{sentence(event, locks)}{_remark(scene, row)}.")
    return found


def _remark(scene: Scene, row: Row) -> str:
    """Say what an access has to do with those of others."""
    crossing = scene.crossing
    if crossing is not None and row.index in crossing.steps:
        return _guilt(scene, crossing.steps, crossing.steps.index(row.index))
    event = scene.events[row.index]
    return _whose(scene, row) if event.kind == "read" else ""


def _whose(scene: Scene, row: Row) -> str:
    """Say who wrote what is read, if it was another task."""
    event = scene.events[row.index]
    for at in range(row.index - 1, -1, -1):
        other = scene.events[at]
        if other.target == event.target and other.kind in ("write", "opaque"):
            number = scene.numbers().get(at)
            # The reader trusts this: a value that is not the one written came in another way.
            if other.task == event.task or number is None or other.value != event.value:
                return ""
            return f", which {task_alone(other.task_name)} wrote in step {number}"
    return ""


def _guilt(scene: Scene, steps: tuple[int, ...], part: int) -> str:
    """Say what is wrong about one of the accesses to look at first."""
    numbers = scene.numbers()
    if any(step not in numbers for step in steps):
        return ""
    events = [scene.events[step] for step in steps]
    at = [numbers[step] for step in steps]
    if len(steps) == _PAIR:
        return f". Nothing orders this and step {at[0]}" if part else ""
    mine, other = (task_alone(event.task_name) for event in events[:_PAIR])
    shape = "".join(_LETTERS[event.kind] for event in events)
    if shape == "rww" and events[-1].value.startswith("<"):
        shape = "rw*"  # a container: what another one wrote may still be in it
    pattern = _GUILT.get((part, shape), _BETWEEN if part == 1 else "")
    old = in_words(events[0].value) or "something else"
    return pattern.format(mine=mine, other=other, a=at[0], b=at[1], c=at[2], old=old)


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
