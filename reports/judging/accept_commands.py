"""`holdfast report ack`, `unack` and `reset`: what a team accepts, written into its repository."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.command_line import explained, index_option, open_store, say, store_option
from reports.errors import BadValueError
from reports.judging.accepted import Accepted, Reset
from reports.judging.accepted_file import append_entries, read_acceptances, remove_accepted
from reports.judging.change_words import name_words, range_words, size_words
from reports.judging.commands import accepted_option
from reports.judging.errors import UnknownAlertError
from reports.judging.git_facts import author_here, find_commit
from reports.judging.judged_store import judge_store
from reports.judging.patterns import matches
from reports.judging.policy_file import find_project, read_policy
from reports.quantities import count

if TYPE_CHECKING:
    from reports.judging.policy_file import ProjectPolicy
    from reports.judging.verdict import SeriesChange, StoreJudgement

_reason_option = click.option(
    "--reason", required=True, metavar="TEXT", help="Why, for whoever reads it next year."
)
_author_option = click.option(
    "--author", metavar="NAME", help="Who accepts it.  [default: git's user.name and user.email]"
)


@click.command(
    name="ack",
    short_help="Accept a change: the gate never reports it again.",
    help="""Accept changes by their alert ids, which the gate prints.

    \b
    Example:
      holdfast report ack 0123456789ab --reason "checks signatures now, see the design page"

    The entry goes to the end of .holdfast/accepted.toml, with author, date and reason: commit it
    with the change that it is about. It covers the change as large as it is today; should it grow
    by half, it is reported again.
    """,
)
@click.argument("alerts", nargs=-1, required=True, metavar="ALERT_ID...")
@_reason_option
@_author_option
@accepted_option
@store_option
@index_option
@explained
def ack_command(  # noqa: PLR0913  # a command's options
    *,
    alerts: tuple[str, ...],
    reason: str,
    author: str | None,
    accepted: Path | None,
    store: Path,
    index: str | None,
) -> None:
    """Write an entry for each alert."""
    project, path = _where(accepted)
    entries = read_acceptances(path)
    with open_store(store, index) as opened:
        judgement = judge_store(opened, policy=project.policy, accepted=entries)
    changes = [_found(alert, judgement) for alert in dict.fromkeys(alerts)]
    who = author or author_here(Path.cwd())
    fresh = [change for change in changes if change.acknowledged is None]
    for change in changes:
        if change.acknowledged is not None:
            say(f"{change.alert_id} was accepted already, by {change.acknowledged.who}")
    if fresh:
        append_entries(path, *(_entry(change, who, reason) for change in fresh))
    for change in fresh:
        say(f"accepted {name_words(change.key)}: {size_words(change)}, {range_words(change)}")
    say(f"{path}: {count(len(fresh), 'new entry', 'new entries')}; commit it")


@click.command(
    name="unack",
    short_help="Take back what was accepted.",
    help="""Take accepted changes out of the file; the gate reports them again.

    \b
    Example:
      holdfast report unack 0123456789ab

    Other entries, comments and their order stay as they are.
    """,
)
@click.argument("alerts", nargs=-1, required=True, metavar="ALERT_ID...")
@accepted_option
@explained
def unack_command(alerts: tuple[str, ...], accepted: Path | None) -> None:
    """Remove the entries of these alerts."""
    _, path = _where(accepted)
    known = tuple(entry.alert for entry in read_acceptances(path).changes if entry.alert)
    wanted = frozenset(_one_of(alert, known, where=str(path)) for alert in alerts)
    for entry in remove_accepted(path, wanted):
        say(f"{entry.alert} of {entry.benchmark} counts again; {entry.author} had accepted it")


@click.command(
    name="reset",
    short_help="Let the history of some benchmarks begin anew.",
    help="""Forget the history before a commit: what was measured there is another benchmark.

    \b
    Examples:
      holdfast report reset "benchmarks/test_io.py::*" --at 8d3f2c1 --reason "reads 4 MiB now"
      holdfast report reset "*" --at v2.0 --reason "new machine settings"

    In PATTERN, * and ? alone mean something. No result is deleted; the entry stands in
    .holdfast/accepted.toml, with author, date and reason.
    """,
)
@click.argument("pattern")
@click.option("--at", "commit", required=True, metavar="COMMIT", help="The first that counts.")
@click.option("--metric", default="*", show_default=True, help="Only these metrics; a pattern.")
@_reason_option
@_author_option
@accepted_option
@store_option
@index_option
@explained
def reset_command(  # noqa: PLR0913  # a command's options
    *,
    pattern: str,
    commit: str,
    metric: str,
    reason: str,
    author: str | None,
    accepted: Path | None,
    store: Path,
    index: str | None,
) -> None:
    """Write an entry that lets histories begin at a commit."""
    _, path = _where(accepted)
    read_acceptances(path)
    with open_store(store, index) as opened:
        at = find_commit(commit, folder=Path.cwd(), stamps=opened.stamps())
        every = opened.all_series()
    hit = [s for s in every if matches(pattern, s.key.benchmark) and matches(metric, s.key.metric)]
    if not hit:
        takes = "a pattern that matches a benchmark of the store"
        raise BadValueError("reset", f"{pattern!r} with metric {metric!r}", takes)
    entry = Reset(
        benchmark=pattern,
        metric=metric,
        commit=at.commit_id,
        position=at.position,
        committed_at=at.committed_at,
        author=author or author_here(Path.cwd()),
        day=datetime.now(UTC).date(),
        reason=reason,
    )
    append_entries(path, entry)
    say(f"{count(len(hit), 'series', 'series')} begin anew at {at.commit_id[:12]}")
    say(f"{path}: 1 new entry; commit it")


def _where(accepted: Path | None) -> tuple[ProjectPolicy, Path]:
    project = read_policy(find_project(Path.cwd()))
    return project, accepted or project.accepted


def _entry(change: SeriesChange, author: str, reason: str) -> Accepted:
    return Accepted(
        alert=change.alert_id,
        benchmark=change.key.benchmark,
        metric=change.key.metric,
        environment=change.key.environment,
        commit=change.first_after.commit_id or "",
        change=round(change.change, 6),
        author=author,
        day=datetime.now(UTC).date(),
        reason=reason,
    )


def _found(alert: str, judgement: StoreJudgement) -> SeriesChange:
    changes = {
        change.alert_id: change
        for series in judgement.series
        for change in series.changes
        if change.worse
    }
    return changes[_one_of(alert, tuple(changes), where="this store")]


def _one_of(alert: str, known: tuple[str, ...], *, where: str) -> str:
    """Return the one id that begins so."""
    if alert in known:
        return alert
    begun = [one for one in known if alert and one.startswith(alert.lower())]
    if len(begun) != 1:
        raise UnknownAlertError(alert, tuple(begun) or known, where)
    return begun[0]
