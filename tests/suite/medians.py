"""What many searches of one program with one strategy come to, when some never found the bug."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.suite.searches import SearchEnd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.suite.searches import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All seeds of one program and one strategy.

    A search that did not find the bug is censored: it would have taken more executions than it
    ran, nobody knows how many. It counts as infinite where medians are taken.

    Attributes:
        found: How many found the bug.
        seeds: Of how many.
        median: Executions to the bug; a lower bound where `censored`.
        censored: The median search did not find the bug.
        mean: Executions to the bug over those that found it; None if none did.
        rate: Executions per CPU-second, over all seeds.
        dry: Every search that missed had tried all there was.
        refused: The strategy does not search such a program.
    """

    found: int
    seeds: int
    median: float
    censored: bool
    mean: float | None
    rate: float
    dry: bool = False
    refused: bool = False

    def __str__(self) -> str:
        if self.refused:
            return "refused"
        number = f"{self.median:g}"
        shown = f">{number}" if self.censored else number
        if self.dry and not self.found:
            return f"none in all {number}"
        return shown if self.found == self.seeds else f"{shown} ({self.found}/{self.seeds})"


def summarise(searches: Sequence[Search]) -> Summary | None:
    """Return what searches of one program with one strategy come to; None for no searches."""
    if not searches:
        return None
    ran = [float(one.executions) for one in searches]
    exact = [float(one.executions) if one.found else math.inf for one in searches]
    median = statistics.median(exact)
    censored = math.isinf(median)
    found = [number for number in exact if not math.isinf(number)]
    cpu_s = sum(one.cpu_s for one in searches)
    return Summary(
        found=len(found),
        seeds=len(searches),
        # Each search ran at most as long as it would have taken: so does their median.
        median=statistics.median(ran) if censored else median,
        censored=censored,
        mean=statistics.fmean(found) if found else None,
        rate=sum(ran) / cpu_s if cpu_s else math.nan,
        refused=all(one.end is SearchEnd.REFUSED for one in searches),
        dry=all(one.end is SearchEnd.DRY for one in searches if not one.found),
    )
