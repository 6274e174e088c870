"""What a failing run shows beside its failure: races, lock orders, locks kept, the cycle."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.analysis.lock_order import Inversion
    from harness.analysis.races import Access, Race
    from harness.finding import Finding

    Short = Callable[[str], str]

MAX_SHOWN: Final = 3  # of each kind; the others are counted
MAX_CALLERS: Final = 3  # lines of a stack that are shown below the access itself
# Where everybody waits, a lock kept is the likely cause; elsewhere it would only distract.
_STUCK: Final = ("DEADLOCK", "LOST_WAKEUP", "LEAKED_TASK", "LOCK_HELD")


def head_lines(finding: Finding, short: Short, width: int) -> list[str]:
    """Return what a finding is about, drawn; empty where its message says it."""
    found = finding.analyses
    match finding.kind.name:
        case "DEADLOCK" if found.cycle is not None:
            return [short(line) for line in found.cycle.draw()]
        case "DATA_RACE":
            mine = [race for race in found.races if race.message() == finding.message]
            return [line for lines in _races(mine[:1], short) for line in lines]
        case "LOCK_ORDER":
            mine_too = [one for one in found.inversions if one.message() == finding.message]
            return [line for lines in _inversions(mine_too[:1], short, width) for line in lines]
        case "LOCK_HELD":
            return _wrap(short(finding.message), width, "")
        case _:
            return []


def guilty_steps(finding: Finding) -> set[int]:
    """Return the numbers of the events that a failure is about which no switch tells of.

    Calls that fit no order fail long after the accesses that made them wrong: those of the data
    races are the best guess there is.
    """
    found = finding.analyses
    match finding.kind.name:
        case "DATA_RACE" | "NOT_LINEARIZABLE":
            ends = [access for race in found.races for access in (race.first, race.second)]
            return {access.step for access in ends}
        case "LOCK_ORDER":
            nestings = [one for inversion in found.inversions for one in inversion.nestings]
            sites = {held.site for one in nestings for held in (one.outer, one.inner)}
        case "LOCK_HELD":
            sites = {one.site for one in found.held}
            sites |= {held.site for one in found.held for held in one.held}
        case _:
            return set()
    return {event.number for event in finding.trace.events if event.site in sites}


def remark_lines(finding: Finding, short: Short, *, width: int) -> Iterator[str]:
    """Yield a section for each kind of thing that the run shows, beside what it is about."""
    races, inversions = other_races(finding), other_inversions(finding)
    more = "More data" if finding.kind.name == "DATA_RACE" else "Data"
    yield from _section(f"{more} races in this run", _races(races, short))
    yield from _section(
        "Lock orders in this run that another schedule can turn into a deadlock",
        _inversions(inversions, short, width),
    )
    if finding.kind.name in _STUCK:
        kept = [one for one in finding.analyses.held if one.message() != finding.message]
        yield from _section(
            "Locks kept while waiting or calling out",
            (_wrap(short(one.message()), width, "") for one in kept),
        )


def other_races(finding: Finding) -> list[Race]:
    """Return the races of the run, without the one that the finding is about."""
    return [race for race in finding.analyses.races if race.message() != finding.message]


def other_inversions(finding: Finding) -> list[Inversion]:
    """Return the lock orders of the run, without the one that the finding is about."""
    cycle = finding.analyses.cycle
    blocked = set() if cycle is None else {link.wants for link in cycle.links}
    return [
        one
        for one in finding.analyses.inversions
        if one.message() != finding.message
        and {nesting.outer.name for nesting in one.nestings} != blocked
    ]


def _section(title: str, items: Iterable[Sequence[str]]) -> Iterator[str]:
    items = list(items)
    if not items:
        return
    yield ""
    yield f"{title}:"
    for item in items[:MAX_SHOWN]:
        yield from (f"  {line}" for line in item)
    if len(items) > MAX_SHOWN:
        yield f"  and {len(items) - MAX_SHOWN} more"


def _races(races: Sequence[Race], short: Short) -> Iterator[list[str]]:
    for race in races:
        lines = [f"{short(race.target)}: nothing orders these two"]
        for access in (race.first, race.second):
            lines += [f"  {line}" for line in _access(access, short)]
        yield lines


def _access(access: Access, short: Short) -> Iterator[str]:
    yield short(access.text())
    for site in access.stack[1 : 1 + MAX_CALLERS]:
        if not site.path.endswith("threading.py"):  # how every thread comes to its function
            yield f"  called at {short(site.text())}"


def _inversions(inversions: Sequence[Inversion], short: Short, width: int) -> Iterator[list[str]]:
    for inversion in inversions:
        lines = [short(inversion.text())]
        for nesting in inversion.nestings:
            lines += _wrap(short(nesting.text()), width, "  ")
        yield lines


def _wrap(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width - 2,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
