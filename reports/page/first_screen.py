"""The first screen: is anything wrong since yesterday?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.judging.verdict import SeriesState
from reports.page.changes import ChangeView, change_view, names_of
from reports.page.finding import MARKS, FindingView, finding_view
from reports.page.news import Age, News, age_of_change, age_of_check, news_of
from reports.page.tally import Tally, tallies
from reports.page.wording import since_words, verdict
from reports.quantities import count, percent
from reports.record import Outcome

if TYPE_CHECKING:
    from reports.page.data import PageData
    from reports.record import Record
    from reports.selection import Selection

_AT_ONCE: Final = 8  # what a reader takes in before it is a list to work through


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedFinding:
    """A failed check, and since when it fails."""

    finding: FindingView
    age: str
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """What stands on the first screen, most urgent first.

    Attributes:
        findings: Checks that failed; those beyond `shown` are folded.
        changes: Series that got worse, stand, and nobody has acknowledged.
        fixed: Names of checks that failed and pass now.
        better: Changes for the better since yesterday.
        untold: Checks that ended undecided.
        reasons: What else could not be told, in sentences.
    """

    state: str
    seal: str
    verdict: str
    since: str
    facts: tuple[tuple[str, str], ...]
    tallies: tuple[Tally, ...]
    findings: tuple[AgedFinding, ...]
    changes: tuple[ChangeView, ...]
    fixed: tuple[str, ...]
    better: tuple[ChangeView, ...]
    untold: tuple[FindingView, ...]
    reasons: tuple[str, ...]
    shown: int = _AT_ONCE

    @property
    def wrong(self) -> int:
        """Return how many things need a look."""
        return len(self.findings) + len(self.changes)


def view(data: PageData) -> FirstScreen:
    """Return the first screen."""
    news = news_of(data)
    state = _state(data)
    return FirstScreen(
        state=state.value,
        seal=MARKS[state],
        verdict=verdict(data),
        since=since_words(data, news),
        facts=_facts(data.selection),
        tallies=tallies(data, news),
        findings=_findings(data),
        changes=_changes(data),
        fixed=tuple(one.name for one in news.fixed),
        better=tuple(change_view(data, one) for one in news.better),
        untold=tuple(finding_view(one) for one in data.checks if one.outcome is Outcome.UNDECIDED),
        reasons=_reasons(data, news),
    )


def _findings(data: PageData) -> tuple[AgedFinding, ...]:
    failed = [one for one in data.records if one.outcome is Outcome.FAILED]
    aged = [_aged(data, one) for one in failed]
    return tuple(sorted(aged, key=lambda one: not one.new))


def _aged(data: PageData, record: Record) -> AgedFinding:
    age = age_of_check(data, record)
    return AgedFinding(finding=finding_view(record), age=age.value, new=age is not Age.OLDER)


def _changes(data: PageData) -> tuple[ChangeView, ...]:
    if data.judgement is None:
        return ()
    found = sorted(
        data.judgement.regressions, key=lambda one: age_of_change(data, one) is not Age.NEW
    )
    return tuple(change_view(data, one) for one in found)


def _reasons(data: PageData, news: News) -> tuple[str, ...]:
    said = []
    if news.not_run_again:
        names = ", ".join(one.name for one in news.not_run_again[:3])
        more = len(news.not_run_again) - 3
        tail = f" and {count(more, 'other')}" if more > 0 else ""
        failed = count(len(news.not_run_again), "check")
        said.append(f"{failed} failed before and did not run on this code: {names}{tail}.")
    skipped = sum(one.outcome is Outcome.SKIPPED for one in data.checks)
    if skipped:
        said.append(f"{count(skipped, 'check')} {'was' if skipped == 1 else 'were'} skipped.")
    said += _suspicions(data)
    said += _series_reasons(data)
    if data.judgement is not None:
        said += [f"{note[:1].upper()}{note[1:]}" for note in data.judgement.notes]
    return tuple(said)


def _suspicions(data: PageData) -> list[str]:
    """Return the newest points that look worse and that more runs would settle."""
    judged = data.judgement.current if data.judgement else ()
    found = [(one, one.suspect) for one in judged if one.suspect is not None]
    found.sort(key=lambda pair: -abs(pair[1].change))
    said = [
        f"{names_of(one.key.benchmark, one.key.metric)[1]} stands {percent(suspect.change)} off at "
        f"{suspect.place.label}, in {count(suspect.runs, 'run')}: a spike or a change. "
        f"{count(suspect.wanted - suspect.runs, 'more run', 'more runs')} of this code will tell."
        for one, suspect in found[:_AT_ONCE]
    ]
    more = len(found) - _AT_ONCE
    return [*said, f"{count(more, 'other')} like it."] if more > 0 else said


def _series_reasons(data: PageData) -> list[str]:
    if data.judgement is None:
        return []
    numbers: dict[str, int] = {}
    for one in [one for one in data.judgement.current if one.state is SeriesState.CANNOT_TELL]:
        reason = one.reason or "nothing could be told"
        numbers[reason] = numbers.get(reason, 0) + 1
    ordered = sorted(numbers.items(), key=lambda pair: -pair[1])
    most = ordered[:4]
    said = [f"{count(number, 'series', 'series')}: {reason}." for reason, number in most]
    rest = sum(number for _, number in ordered[4:])
    if rest:
        said.append(f"{count(rest, 'other series', 'other series')}: each row says why.")
    return said


def _state(data: PageData) -> Outcome:
    outcomes = {record.outcome for record in data.checks}
    if not data.records:
        return Outcome.SKIPPED
    if Outcome.FAILED in outcomes or (data.judgement and data.judgement.regressions):
        return Outcome.FAILED
    current = data.judgement.current if data.judgement else ()
    blind = not outcomes and all(one.state is SeriesState.CANNOT_TELL for one in current)
    return Outcome.UNDECIDED if Outcome.UNDECIDED in outcomes or blind else Outcome.PASSED


def _code_words(selection: Selection) -> str:
    commits = [one.commit for one in selection.documents if one.commit is not None]
    if not commits:
        return "no commit"
    states = len({commit.changes for commit in commits if commit.dirty})
    if not states:
        return commits[0].short
    return f"{commits[0].commit_id[:7]} with {count(states, 'state')} of uncommitted changes"


def _facts(selection: Selection) -> tuple[tuple[str, str], ...]:
    if not selection.documents:
        return ()
    newest = selection.documents[0]
    shown, total = len(selection.documents), selection.runs_in_store
    facts = [
        ("Code", _code_words(selection)),
        ("Newest run", newest.written_at.strftime("%Y-%m-%d %H:%M UTC")),
        ("Runs", f"{count(shown, 'run')} shown, {count(total, 'run')} in the store"),
    ]
    loads = [one.load_1m for one in selection.documents if one.load_1m is not None]
    if loads:
        cores = newest.environment.cores
        ends = dict.fromkeys(f"{one:.1f}" for one in (min(loads), max(loads)))
        facts.append(("Load", f"{' to '.join(ends)} on {count(cores, 'core')}"))
    return tuple(facts)
