"""A gate's verdict as a pull request's comment: short, and one that can be edited in place."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from reports.judging.change_words import (
    ack_command,
    by_range,
    level_words,
    look_command,
    range_words,
    size_words,
    suspect_words,
)
from reports.judging.decision import Colour
from reports.judging.escaping import code_span, one_line
from reports.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.judging.decision import Decision
    from reports.judging.verdict import SeriesChange

MARKER: Final = "<!-- holdfast report gate -->"  # by which a job finds its own comment again
_MOST_ROWS: Final = 30  # a comment holds 65 536 characters, and a reader fewer
_MOST_ASIDE: Final = 5


def markdown(decision: Decision) -> str:
    """Return the comment; its first line is `MARKER`."""
    return "\n".join(_lines(decision)) + "\n"


def _lines(decision: Decision) -> Iterator[str]:
    judgement = decision.judgement
    yield MARKER
    yield f"### {_headline(decision)}"
    yield ""
    rows = [
        *(("worse", change) for change in decision.regressions),
        *(("better", change) for change in decision.improvements),
    ]
    yield from _table(rows)
    yield (
        f"{code_span(judgement.label)}, {count(len(judgement.current), 'series', 'series')}: "
        f"{decision.unchanged} unchanged, {len(decision.acknowledged)} accepted, "
        f"{len(decision.earlier)} worse before, {len(decision.untold)} cannot be told. "
        f"Measured on {code_span(str(judgement.environment))}."
    )
    yield from _asides(decision)
    yield from _commands(decision.regressions)


def _headline(decision: Decision) -> str:
    match decision.colour:
        case Colour.RED:
            return f"{count(decision.worse, 'benchmark')} got worse"
        case Colour.GREEN:
            return "No benchmark got worse"
        case Colour.CANNOT_TELL:
            return "Cannot tell whether a benchmark got worse"


def _table(rows: Sequence[tuple[str, SeriesChange]]) -> Iterator[str]:
    if not rows:
        return
    yield "| | benchmark | change | level | between | alert |"
    yield "|---|---|---|---|---|---|"
    for word, change in rows[:_MOST_ROWS]:
        name = code_span(change.key.benchmark) + " " + code_span(change.key.metric, most=40)
        cells = (
            word,
            name,
            size_words(change),
            _plain(level_words(change)),
            code_span(range_words(change)),
            code_span(change.alert_id),
        )
        yield f"| {' | '.join(cells)} |"
    if len(rows) > _MOST_ROWS:
        yield f"| | and {len(rows) - _MOST_ROWS} more | | | | |"
    yield ""


def _asides(decision: Decision) -> Iterator[str]:
    for one in decision.suspects[:_MOST_ASIDE]:
        yield ""
        yield f"- {code_span(one.key.benchmark)}: {_plain(suspect_words(one))}"
    reasons = Counter(one.reason for one in decision.untold)
    for reason, times in reasons.most_common(_MOST_ASIDE):
        yield ""
        yield f"- {count(times, 'series', 'series')} cannot be told: {_plain(reason)}"
    for note in (*decision.judgement.notes, decision.judgement.behind):
        if note:
            yield ""
            yield f"- {code_span(note, most=500)}"


def _commands(changes: Sequence[SeriesChange]) -> Iterator[str]:
    if not changes:
        return
    yield ""
    yield "<details><summary>Look at them, or accept them</summary>"
    yield ""
    yield "```console"
    for group in by_range(changes[:_MOST_ROWS]):
        if look_command(group[0]):
            yield f"$ {look_command(group[0])}"
        yield f"$ {ack_command(*group)}"
    yield "```"
    yield ""
    yield "</details>"


def _plain(text: str) -> str:
    """Return text of ours that may hold a foreign unit, with its markup taken away."""
    marks = "\\`*_{}[]<>#|~@!&"
    return "".join("\\" + char if char in marks else char for char in one_line(text, most=500))
