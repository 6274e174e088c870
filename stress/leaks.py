"""What a child held more at its end than at its beginning, and whether that is a leak.

Two rules, because things leak in two ways. A thread or a child process that still runs when a round
is over is left behind, however often that happens: it is compared with what was there before the
first round. Of everything else some may be opened once and kept, and what is opened late is no
leak; so where there are rounds enough it has to *grow*: the slope is above zero with confidence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from stress.slopes import LEAST_POINTS, slope_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stress.holdings import Holdings
    from stress.slopes import Slope

    Rounds = Sequence[tuple[int, Holdings]]

MIB: Final = 1024 * 1024
# The system keeps some stacks of ended threads and the allocator moves its blocks about: 3 to 20
# mappings come and go here. A scenario that leaks one per cycle leaks thousands.
MAPPINGS_SPARE: Final = 64
# Pools of the allocator fill up for some hundred rounds: 1 to 2 MiB in the scenarios here, and a
# growth of less than that in a whole run harms nobody.
MEMORY_SPARE_BYTES: Final = 4 * MIB
WARM_UP_SHARE: Final = 0.25  # of the rounds are not looked at: caches and pools fill up there
WARM_UP_LEAST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What the child held at its end more than at its beginning; see `stress.leaks`."""

    threads: int = 0
    children: int = 0
    descriptors: int = 0
    temp_files: int = 0
    mappings: int = 0
    locked_bytes: int = 0
    resident_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that a process can hold too much of.

    Attributes:
        field: Of `Holdings` and `Growth`.
        what: In words, for more than one.
        spare: Growth up to here comes and goes.
        why: What usually lets it grow.
    """

    field: str
    what: str
    why: str
    spare: int = 0


LEFT: Final = (
    Resource(
        field="threads",
        what="threads",
        why="a thread that is started and not joined looks like this, or one that nobody wakes",
    ),
    Resource(
        field="children",
        what="processes",
        why="a process that is started and not waited for looks like this, or a fork whose copy "
        "goes on",
    ),
)
GROWING: Final = (
    Resource(
        field="descriptors",
        what="descriptors",
        why="something opens files, sockets or pipes and never closes them",
    ),
    Resource(
        field="temp_files",
        what="temporary files",
        why="something makes files or folders for a while and never removes them",
    ),
    Resource(
        field="locked_bytes",
        what="bytes of locked memory",
        why="something locks pages (mlock) and never gives them back",
    ),
    Resource(
        field="mappings",
        what="memory mappings",
        why="something maps memory, or loads libraries, and never lets go",
        spare=MAPPINGS_SPARE,
    ),
)
MEMORY: Final = Resource(
    field="resident_bytes",
    what="bytes of memory",
    why="a list or a cache without a bound looks like this, or objects that something keeps",
    spare=MEMORY_SPARE_BYTES,
)


def growth_of(warm: Holdings | None, rounds: Rounds) -> Growth:
    """Return how much more the last round left than the baseline; nothing without a round.

    The baseline of threads and processes is the small round before the first: libraries start
    their own there, and a full-scale round has to end all of its own. Everything else may be
    opened lazily at full scale, once, so its baseline is the first full-scale round; with only one
    of those it is the small round too.

    Args:
        warm: After the small round.
        rounds: Numbers of full-scale rounds, and what was held after each.
    """
    if warm is None or not rounds:
        return Growth()
    base, last = (rounds[0][1] if len(rounds) > 1 else warm), rounds[-1][1]
    grown = {
        one.field: _amount(last, one) - _amount(warm if one in LEFT else base, one)
        for one in (*LEFT, *GROWING, MEMORY)
    }
    return Growth(**grown)


def slopes_of(rounds: Rounds) -> dict[str, Slope]:
    """Return the slope of everything that may grow, by its field; none with too few rounds.

    The first quarter of the rounds is left out: it warms up.
    """
    steady = _steady(rounds)
    if len(steady) < LEAST_POINTS:
        return {}
    return {one.field: slope_of(_points(steady, one)) for one in (*GROWING, MEMORY)}


def leak_in(growth: Growth, rounds: Rounds, slopes: Mapping[str, Slope]) -> str:
    """Say what the run left behind, or "" if nothing that counts."""
    for one in LEFT:
        if getattr(growth, one.field) > 0:
            return (
                f"{getattr(growth, one.field)} {one.what} more than before the first round were "
                f"there after the last; {one.why}"
            )
    for one in GROWING:
        if getattr(growth, one.field) > one.spare:
            slope = slopes.get(one.field)
            if slope is None:
                return f"{_total(growth, one)}; {one.why}"
            if slope.rises:
                return f"{_total(growth, one)}, {_words(slope)}; {one.why}"
    return _memory_leak(growth, rounds, slopes.get(MEMORY.field))


def _memory_leak(growth: Growth, rounds: Rounds, slope: Slope | None) -> str:
    """Judge memory: it has to rise, by something that matters, and still do so at the end.

    A pool that fills up rises too, ever more slowly; so the later half is judged by itself.
    """
    if slope is None or not slope.rises:
        return ""
    steady = _steady(rounds)
    if slope.low * (steady[-1][0] - steady[0][0]) < MEMORY.spare:
        return ""
    later = steady[len(steady) // 2 :]
    if len(later) < LEAST_POINTS or not slope_of(_points(later, MEMORY)).rises:
        return ""
    return f"{_total(growth, MEMORY)}, {_words(slope)}; {MEMORY.why}"


def _total(growth: Growth, one: Resource) -> str:
    return f"{getattr(growth, one.field):,} more {one.what} at the end than at the beginning"


def _words(slope: Slope) -> str:
    return (
        f"{slope.per_round:,.3g} a round, between {slope.low:,.3g} and {slope.high:,.3g} with "
        f"{slope.confidence:.0%} confidence"
    )


def _steady(rounds: Rounds) -> Rounds:
    skipped = max(WARM_UP_LEAST, round(len(rounds) * WARM_UP_SHARE))
    return rounds[skipped:]


def _points(rounds: Rounds, one: Resource) -> list[tuple[float, float]]:
    return [(float(number), float(_amount(held, one))) for number, held in rounds]


def _amount(held: Holdings, one: Resource) -> int:
    value: int | None = getattr(held, one.field)
    return value or 0
