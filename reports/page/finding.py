"""A failed or undecided check as the first screen tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import ran_at
from reports.page.story import split_story
from reports.page.wording import KIND_TITLES
from reports.record import Outcome

if TYPE_CHECKING:
    from reports.record import Record

MARKS: Final = {
    Outcome.PASSED: "\u2713",
    Outcome.FAILED: "\u2717",
    Outcome.UNDECIDED: "?",
    Outcome.SKIPPED: "\u2013",
}
_LONG_STORY_LINES: Final = 30  # a story up to here is read at a glance, so it starts open


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A failed or undecided check: what happened, and the line that runs it again."""

    mark: str
    kind: str
    name: str
    outcome: str
    lead: str
    story: str
    lines: int
    open: bool
    replay: str


def finding_view(record: Record) -> FindingView:
    """Return a failed or undecided check with its story split into a lead and the rest."""
    told = split_story(record)
    return FindingView(
        mark=MARKS[record.outcome],
        kind=" \u00b7 ".join(filter(None, (KIND_TITLES[record.kind], ran_at(record)))),
        name=record.name,
        outcome=record.outcome.value,
        lead=told.lead,
        story=told.rest,
        lines=told.lines,
        open=told.lines <= _LONG_STORY_LINES,
        replay=record.replay,
    )
