"""The report as Markdown, for a CI job's summary: what is wrong first, with the line to run again.

Every text that is not ours stands in a code span, so that no name can draw a table, hide a line
or call a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.judging.change_words import ack_command, level_words, range_words, size_words
from reports.judging.escaping import code_span
from reports.page import campaigns, evidence, planted, stress, tests
from reports.page.cells import by_urgency, first_line, value_of
from reports.page.data import read_page_data
from reports.page.finding import MARKS
from reports.page.wording import verdict
from reports.quantities import count, number, quantity
from reports.record import Outcome, RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.judging.accepted import Acceptances
    from reports.judging.policy import Policy
    from reports.judging.verdict import SeriesChange, StoreJudgement
    from reports.page.cells import Rows
    from reports.page.data import PageData
    from reports.record import Record
    from reports.store import Store

_MOST: Final = 20  # rows of a table; a job's summary holds a megabyte, and a reader less
_WORDS: Final = 300  # characters of one message
_KINDS: Final = {
    RecordKind.TEST: "Tests",
    RecordKind.PLANTED: "Planted bugs",
    RecordKind.EXPLORATION: "Explorations",
    RecordKind.FUZZ: "Fuzz campaigns",
    RecordKind.STRESS: "Stress",
}


def summary_markdown(
    store: Store, *, policy: Policy | None = None, accepted: Acceptances | None = None
) -> str:
    """Return what the newest code's runs came to.

    Args:
        policy: How strict judging is; the defaults when None.
        accepted: The project's acknowledgements and resets; none when None.
    """
    data = read_page_data(store, policy=policy, accepted=accepted)
    return "\n".join(_lines(data)) + "\n"


def _lines(data: PageData) -> Iterator[str]:
    yield f"## {verdict(data)}"
    yield ""
    yield from _about(data)
    yield from _failures(data.records)
    yield from _benchmarks(data)
    yield from _tests(data)
    yield from _planted(data)
    yield from _explorations(data)
    yield from _campaigns(data)
    yield from _stress(data)
    for refused in data.selection.refused:
        yield f"- Left out: {code_span(str(refused), most=_WORDS)}"


def _about(data: PageData) -> Iterator[str]:
    if not data.selection.documents:
        return
    newest = data.selection.documents[0]
    code = code_span(newest.commit.short) if newest.commit is not None else "no commit"
    runs = count(len(data.selection.documents), "run")
    yield f"{code}, {runs}, the newest of {newest.written_at:%Y-%m-%d %H:%M} UTC."
    yield ""


def _failures(records: Sequence[Record]) -> Iterator[str]:
    """Yield the failed checks with what they said, whichever kind they are."""
    failed = [record for record in records if record.outcome is Outcome.FAILED]
    if not failed:
        return
    yield "### What failed"
    yield ""
    for record in failed[:_MOST]:
        kind = _KINDS.get(record.kind, "Benchmarks")
        said = first_line(record.message) or "no message was recorded"
        yield f"- **{kind}** {code_span(record.name)}: {code_span(said, most=_WORDS)}"
        if record.replay:
            yield f"  - run it again: {code_span(record.replay, most=2_000)}"
    yield from _more(len(failed) - _MOST, "failed check")
    yield ""


def _benchmarks(data: PageData) -> Iterator[str]:
    judgement = data.judgement
    if judgement is None:
        return
    yield "### Benchmarks"
    yield ""
    worse = judgement.regressions
    better = _better(judgement)
    yield (
        f"{count(len(judgement.series), 'series', 'series')} judged together: "
        f"{number(len(worse))} worse, {number(len(better))} better."
    )
    yield ""
    rows = [
        *(_change_row("\u2717 worse", change) for change in worse[:_MOST]),
        *(_change_row("\u2713 better", change) for change in better[:_MOST]),
    ]
    yield from _table(("", "Benchmark", "Change (95 %)", "Level", "Between", "Alert"), rows)
    yield from _more(len(worse) - _MOST, "regression")
    if worse:
        yield f"To accept what is meant: {code_span(ack_command(*worse[:_MOST]), most=2_000)}"
        yield ""


def _better(judgement: StoreJudgement) -> tuple[SeriesChange, ...]:
    changes = [change for one in judgement.series if one.is_current for change in one.changes]
    return tuple(change for change in changes if change.standing and not change.worse)


def _change_row(word: str, change: SeriesChange) -> tuple[str, ...]:
    metric = "" if change.key.metric == "time" else " " + code_span(change.key.metric, most=40)
    return (
        word,
        code_span(change.key.benchmark) + metric,
        size_words(change),
        code_span(level_words(change)),
        code_span(range_words(change)),
        code_span(change.alert_id),
    )


def _tests(data: PageData) -> Iterator[str]:
    view = tests.view(data)
    if view is None:
        return
    yield from ("### Tests", "", view.summary, "")
    slowest = [(code_span(row.name), code_span(row.time)) for row in view.slowest[:5]]
    yield from _table(("Slowest", "Time"), slowest)


def _planted(data: PageData) -> Iterator[str]:
    view = planted.view(data)
    if view is None:
        return
    yield from ("### Planted bugs, by method", "")
    rows = [
        (
            code_span(row.method),
            row.bugs,
            f"{row.found.text} ({row.found.interval})" if row.found.runs else row.found.text,
            row.time,
            row.alarms.text,
        )
        for row in view.methods[:_MOST]
    ]
    heads = ("Method", "Bugs found every time", "Runs that found theirs", "Time to find, median")
    yield from _table((*heads, "False alarms on good twins"), rows)


def _explorations(data: PageData) -> Iterator[str]:
    view = evidence.view(data)
    if view is None:
        return
    yield from ("### Explorations", "", view.summary, "")
    rows = [
        (
            f"{row.mark} {row.outcome}",
            code_span(row.name),
            code_span(row.strategy),
            row.executions,
            code_span(row.covered.words if row.covered else row.evidence, most=_WORDS),
        )
        for row in view.rows.first[:_MOST]
    ]
    yield from _table(("", "Exploration", "Strategy", "Executions", "Covered"), rows)
    yield from _more(_all(view.rows) - _MOST, "exploration")


def _campaigns(data: PageData) -> Iterator[str]:
    view = campaigns.view(data)
    if view is None:
        return
    yield from ("### Fuzz campaigns", "", view.summary, "")
    records = by_urgency(data.selection.of_kind(RecordKind.FUZZ))
    rows = [
        (
            _state(record),
            code_span(record.name),
            _told(record, "executions"),
            _told(record, "coverage"),
            _told(record, "crashes"),
            code_span(record.params["outlook"], most=_WORDS)
            if record.params.get("outlook")
            else "\u2013",
        )
        for record in records[:_MOST]
    ]
    yield from _table(("", "Target", "Inputs run", "Edges", "Crashes", "Outlook"), rows)
    yield from _more(len(records) - _MOST, "campaign")


def _stress(data: PageData) -> Iterator[str]:
    view = stress.view(data)
    if view is None:
        return
    yield from ("### Stress", "", view.summary, "")
    records = by_urgency(data.selection.of_kind(RecordKind.STRESS))
    rows = []
    for record, card in zip(records[:_MOST], (*view.rows.first, *view.rows.folded), strict=False):
        grows = [leak for leak in card.leaks if leak.grows]
        words = ", ".join(code_span(f"{leak.resource} {leak.per_round} a round") for leak in grows)
        seconds = value_of(record, "time")
        rows.append(
            (
                _state(record),
                code_span(record.name),
                "\u2013" if seconds is None else quantity(seconds, "s"),
                code_span(card.ending) if card.ending else "\u2013",
                words or "nothing",
            )
        )
    yield from _table(("", "Scenario", "Time", "Ended", "Grows"), rows)
    yield from _more(len(records) - _MOST, "run")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _more(left_out: int, noun: str) -> Iterator[str]:
    if left_out > 0:
        yield f"And {count(left_out, 'more ' + noun)}: see the page."
        yield ""


def _all(rows: Rows[evidence.ExplorationRow]) -> int:
    return len(rows.first) + len(rows.folded) + rows.left_out


def _state(record: Record) -> str:
    return f"{MARKS[record.outcome]} {record.outcome.value}"


def _told(record: Record, metric: str) -> str:
    value = value_of(record, metric)
    return "\u2013" if value is None else number(value)
