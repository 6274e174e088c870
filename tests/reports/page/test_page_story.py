"""A check's story: one split into what is read at once and the rest, wherever it is told."""

from __future__ import annotations

import pytest

from reports.page.finding import finding_view
from reports.page.story import split_story, story_of
from reports.record import Outcome, Record, RecordKind

WORDS = " ".join(f"word{at}" for at in range(100))


def failed(message: str, *, outcome: Outcome = Outcome.FAILED) -> Record:
    return Record(kind=RecordKind.STRESS, name="pool", outcome=outcome, message=message)


@pytest.mark.parametrize(
    ("message", "lead", "rest", "lines"),
    [
        ("", "No message was recorded.", "", 0),
        ("  \n ", "No message was recorded.", "", 0),
        ("stuck", "stuck", "", 0),
        ("stuck\n\n  at a\n  at b\n", "stuck", "  at a\n  at b", 2),
        ("x" * 240, "x" * 240, "", 0),
        ("x" * 241, "x" * 240 + " \u2026", "x" * 241, 1),
    ],
    ids=["nothing", "blank", "one line", "stacks", "just fits", "one too many"],
)
def test_a_message_is_split_into_its_first_line_and_the_rest(
    message: str, lead: str, rest: str, lines: int
) -> None:
    told = split_story(failed(message))
    assert (told.lead, told.rest, told.lines) == (lead, rest, lines)


def test_a_long_line_is_cut_behind_a_word_and_told_whole_in_the_story() -> None:
    told = split_story(failed(f"{WORDS}\nthen more"))
    lead = told.lead.removesuffix(" \u2026")
    assert 200 <= len(lead) <= 240
    assert WORDS[len(lead)] == " ", "no word is cut in two"
    assert told.rest == f"{WORDS}\nthen more"


def test_an_endless_story_is_cut_and_says_where_the_whole_is() -> None:
    told = split_story(failed("stuck\n" + "at a\n" * 10_000))
    assert len(told.rest) < 20_100
    assert told.rest.endswith("the run's document has the whole story")
    assert told.lines == 10_000


def test_the_first_screen_and_the_sections_tell_one_story() -> None:
    for message in ("stuck\nat a\nat b", WORDS, f"{WORDS}\nat a"):
        record = failed(message)
        first, card = finding_view(record), story_of(record)
        assert card is not None
        assert (first.lead, first.story, first.lines) == (card.lead, card.rest, card.lines)


def test_what_passed_or_has_nothing_to_say_has_no_story() -> None:
    assert story_of(failed("left over", outcome=Outcome.PASSED)) is None
    assert story_of(failed("", outcome=Outcome.UNDECIDED)) is None
    assert story_of(failed("")) is not None, "a failure is told even without words"
