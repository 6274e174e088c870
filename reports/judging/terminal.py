"""A gate's verdict for a terminal: what, how much, since when, how to look, how to accept."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from reports.judging.change_words import (
    ack_command,
    by_range,
    evidence_words,
    level_words,
    look_command,
    name_words,
    range_words,
    size_words,
    suspect_words,
    unmeasured_words,
)
from reports.judging.decision import Colour
from reports.judging.escaping import one_line
from reports.quantities import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reports.judging.decision import Decision
    from reports.judging.verdict import JudgedSeries, SeriesChange

_MOST_SHOWN: Final = 20  # what somebody reads before scrolling back
_MOST_ASIDE: Final = 5


def terminal_lines(decision: Decision) -> Iterator[str]:
    """Return the report, line by line; the last line is the verdict."""
    judgement = decision.judgement
    yield f"{judgement.label} on {one_line(str(judgement.environment), most=200)}"
    yield ""
    for group in by_range(decision.regressions[:_MOST_SHOWN]):
        yield from _group_lines(group, family=len(judgement.current))
        yield ""
    if len(decision.regressions) > _MOST_SHOWN:
        yield f"... and {count(len(decision.regressions) - _MOST_SHOWN, 'more', 'more')} like these"
        yield ""
    yield from _aside("better", decision.improvements, _brief)
    yield from _aside("worse before --since", decision.earlier, _brief)
    yield from _aside("worse and accepted", decision.acknowledged, _accepted)
    yield from _suspect_lines(decision.suspects)
    yield from _untold_lines(decision.untold)
    yield from _note_lines(decision)
    yield verdict_line(decision)


def verdict_line(decision: Decision) -> str:
    """Return the verdict in one line."""
    total = len(decision.judgement.current)
    counts = (
        f"{decision.worse} worse, {len(decision.acknowledged)} accepted, "
        f"{decision.unchanged} unchanged, {len(decision.untold)} cannot be told, "
        f"of {count(total, 'series', 'series')}"
    )
    match decision.colour:
        case Colour.RED:
            return f"RED: {counts}"
        case Colour.GREEN:
            return f"GREEN: {counts}"
        case Colour.CANNOT_TELL:
            return f"CANNOT TELL: {counts}"


def _group_lines(group: Sequence[SeriesChange], *, family: int) -> Iterator[str]:
    first = group[0]
    between = unmeasured_words(first)
    yield f"worse {range_words(first)}" + (f" ({between})" if between else "")
    for change in group:
        yield f"    {name_words(change.key)}"
        yield f"        {size_words(change)}: {level_words(change)}  [{change.alert_id}]"
        yield f"        {evidence_words(change, family=family)}"
    if look_command(first):
        yield f"    look:   {look_command(first)}"
    yield f"    accept: {ack_command(*group)}"


def _aside(
    title: str, changes: Sequence[SeriesChange], words: Callable[[SeriesChange], Iterable[str]]
) -> Iterator[str]:
    if not changes:
        return
    yield f"{title}:"
    for change in changes[:_MOST_ASIDE]:
        for at, line in enumerate(words(change)):
            yield f"{' ' * (8 if at else 4)}{line}"
    if len(changes) > _MOST_ASIDE:
        yield f"    and {len(changes) - _MOST_ASIDE} more"
    yield ""


def _brief(change: SeriesChange) -> Iterator[str]:
    yield name_words(change.key)
    yield f"{size_words(change)}, {range_words(change)}"


def _accepted(change: SeriesChange) -> Iterator[str]:
    entry = change.acknowledged
    assert entry is not None
    yield from _brief(change)
    yield f"by {one_line(entry.who, most=60)} on {entry.day}: {one_line(entry.why)}"


def _suspect_lines(suspects: Sequence[JudgedSeries]) -> Iterator[str]:
    if not suspects:
        return
    yield "measure again:"
    for one in suspects[:_MOST_ASIDE]:
        yield f"    {name_words(one.key)}"
        yield f"        {suspect_words(one)}"
    if len(suspects) > _MOST_ASIDE:
        yield f"    and {len(suspects) - _MOST_ASIDE} more"
    yield ""


def _untold_lines(untold: Sequence[JudgedSeries]) -> Iterator[str]:
    if not untold:
        return
    reasons = Counter(one.reason for one in untold)
    yield "cannot tell:"
    for reason, times in reasons.most_common(_MOST_ASIDE):
        names = [name_words(one.key) for one in untold if one.reason == reason]
        who = names[0] if times == 1 else f"{count(times, 'series', 'series')}, {names[0]} one"
        yield f"    {who}"
        yield f"        {reason}"
    yield ""


def _note_lines(decision: Decision) -> Iterator[str]:
    notes = list(decision.judgement.notes)
    if decision.judgement.behind:
        notes.append(decision.judgement.behind + ".")
    if decision.unmeasured:
        these = count(decision.unmeasured, "regression")
        notes.append(f"{these} stand in series that {decision.judgement.label} was not measured on")
    for note in notes:
        yield f"note    {one_line(note, most=500)}"
    if notes:
        yield ""
