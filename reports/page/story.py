"""What a check said when it did not pass, split into a lead to read at once and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.record import Outcome

if TYPE_CHECKING:
    from reports.record import Record

_LEAD_CHARS: Final = 240  # three lines of the first screen, five of a card; the rest is the story
_WORD_CHARS: Final = 40  # how far back a cut looks for the end of a word
_STORY_CHARS: Final = 20_000  # of one story on the page; the document keeps all of it
UNTOLD: Final = "No message was recorded."


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a check said when it did not pass, and the line that runs it again.

    Attributes:
        lead: Its first line, cut where that is long.
        rest: What follows, or all of it after a lead that was cut; empty where nothing does.
        lines: Of the whole rest, also where the page cuts it.
    """

    lead: str
    rest: str
    lines: int
    replay: str


def split_story(record: Record) -> Story:
    """Return what a record says, whatever its outcome."""
    message = record.message.strip()
    lead, _, rest = message.partition("\n")
    if len(lead) > _LEAD_CHARS:
        lead, rest = _cut(lead), message
    rest = rest.strip("\n") if rest.strip() else ""
    lines = rest.count("\n") + 1 if rest else 0
    if len(rest) > _STORY_CHARS:
        rest = f"{rest[:_STORY_CHARS]}\n... cut here; the run's document has the whole story"
    return Story(lead=lead or UNTOLD, rest=rest, lines=lines, replay=record.replay)


def story_of(record: Record) -> Story | None:
    """Return what is to be told of a record, or None of one that passed or says nothing."""
    if record.outcome in {Outcome.PASSED, Outcome.SKIPPED}:
        return None
    if not record.message.strip() and record.outcome is not Outcome.FAILED:
        return None
    return split_story(record)


def _cut(line: str) -> str:
    """Return the beginning of a line, up to the end of a word where one is near."""
    end = line.rfind(" ", _LEAD_CHARS - _WORD_CHARS, _LEAD_CHARS + 1)
    return f"{line[: end if end > 0 else _LEAD_CHARS].rstrip()} \u2026"
