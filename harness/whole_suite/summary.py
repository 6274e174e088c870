"""What the terminal says at the end of a run of a whole suite."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from harness.headway import grouped
from harness.whole_suite.account import Account, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECTION: Final = "holdfast: the whole suite"
MAX_NAMED: Final = 3  # tests of a group that are named; with -v all of them
SLOW_S: Final = 1.0  # an exploration that is named among the slowest
MAX_SLOW: Final = 3
EXPLORED: Final = (Standing.PASSED, Standing.UNDECIDED, Standing.FAILED)


def lines_of(accounts: Sequence[Account], *, verbosity: int = 0) -> Iterator[str]:
    """Yield the lines of the summary.

    Args:
        verbosity: As pytest counts it: -1 for -q, 1 for -v.
    """
    yield headline(accounts)
    if verbosity < 0:
        return
    verbose = verbosity > 0
    yield from _listed(accounts, Standing.FAILED, "failed under some interleaving:")
    yield from _listed(accounts, Standing.UNDECIDED, "undecided, does not fail the run:")
    yield from _grouped(accounts, verbose=verbose)
    yield from _listed(
        accounts, Standing.NOT_EXPLORED, "not explored, because they did not pass by themselves:"
    )
    if verbose:
        yield from _listed(accounts, Standing.PASSED, "passed:")
    yield from _notes(accounts)
    yield from _slowest(accounts)


def headline(accounts: Sequence[Account]) -> str:
    """Return the counts in a line."""
    count = Counter(account.standing for account in accounts)
    executions = sum(account.executions for account in accounts)
    explored = sum(count[standing] for standing in EXPLORED)
    threaded = len(accounts) - count[Standing.LEFT_ALONE]
    tests, runs = _counted(len(accounts), "test"), _counted(executions, "execution")
    parts = [
        f"{tests}, {threaded} with threads, {explored} explored in {runs}",
        f"{count[Standing.FAILED]} failed",
    ]
    if count[Standing.UNDECIDED]:
        parts.append(f"{count[Standing.UNDECIDED]} undecided")
    parts.append(f"{count[Standing.UNCONTROLLED]} could not be controlled")
    if count[Standing.NOT_EXPLORED]:
        parts.append(f"{count[Standing.NOT_EXPLORED]} did not pass by themselves")
    return "; ".join(parts)


def _listed(accounts: Sequence[Account], standing: Standing, title: str) -> Iterator[str]:
    chosen = [account for account in accounts if account.standing is standing]
    if chosen:
        yield title
    for account in chosen:
        yield f"  {account.test}: {account.words}"
        if account.gil:
            yield f"      {account.gil}"


def _grouped(accounts: Sequence[Account], *, verbose: bool) -> Iterator[str]:
    """Yield why tests could not be controlled: the most frequent reason first."""
    groups: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        if account.standing is Standing.UNCONTROLLED:
            groups[account.words].append(account)
    if groups:
        yield "could not be controlled, so their plain outcome stands:"
    for what, group in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        yield f"  {len(group)} x {what}"
        if group[0].where:
            yield f"      e.g. {group[0].where}"
        if group[0].remedy:
            yield f"      {group[0].remedy}"
        named = group if verbose else group[:MAX_NAMED]
        for account in named:
            place = f" ({account.where})" if verbose and account.where else ""
            yield f"      - {account.test}{place}"
        if len(group) > len(named):
            yield f"      - and {len(group) - len(named)} more (-v names them)"


def _slowest(accounts: Sequence[Account]) -> Iterator[str]:
    slow = sorted(
        (account for account in accounts if account.elapsed_s >= SLOW_S),
        key=lambda account: -account.elapsed_s,
    )
    if slow:
        yield "slowest: " + ", ".join(
            f"{account.test} {account.elapsed_s:.1f} s" for account in slow[:MAX_SLOW]
        )


def _notes(accounts: Sequence[Account]) -> Iterator[str]:
    for account in accounts:
        for note in account.notes:
            first, *more = note.splitlines()
            yield f"  {account.test}: {first}"
            yield from (f"    {line}" for line in more)


def _counted(number: int, noun: str) -> str:
    return f"{grouped(number)} {noun}{'s' if number != 1 else ''}"
