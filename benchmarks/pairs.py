"""A before/after pair: a subject with a planted fault, the fixed one, and what a document claims.

The claim stands beside the measured ratio and is never part of it: it was made of another program,
in another language, on another machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.comparing.difference import Difference

SAME_BAND: Final = 0.05  # what a document that says "within noise" may mean by it


class Side(StrEnum):
    """Which of the two is measured."""

    BEFORE = "before"
    AFTER = "after"


class ClaimKind(StrEnum):
    """What sort of claim it is; the value says it."""

    FASTER_BY = "faster by a figure"
    FASTER = "better, no figure given"
    SAME = "no significant change"
    NONE = "no claim about speed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a document says, in its words, and where.

    Attributes:
        figure: How many times as good after as before, 1.04 for "4 % faster"; None without one.
    """

    kind: ClaimKind
    words: str
    source: str
    figure: float | None = None


class PairVerdict(StrEnum):
    """Whether a claim is met here, on this subject and this machine."""

    HOLDS = "holds here"
    FAILS = "does not hold here"
    OPEN = "cannot tell here"
    NO_CLAIM = "no claim to judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair, and how one run of a side is measured.

    Attributes:
        name: What records and the page call it.
        about: What a run does, and what its value is.
        planted: The fault of the side before, by its number and in words.
        measure: Takes the side and how many times to do the work; returns the run's value.
        unit: Of the value: "s" of one operation, lower is better, or what there should be more of.
        quick: How many times in a quick run; `full` in a full one.
        batches: How many such values a run takes, of which its best counts: what else the machine
            does makes a value worse, and never better.
    """

    name: str
    about: str
    planted: str
    claim: Claim
    measure: Callable[[Side, int], float]
    quick: int
    full: int
    unit: str = "s"
    batches: int = 5

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better."""
        return self.unit != "s"


def gain_of(found: Difference, pair: Pair) -> tuple[float, tuple[float, float] | None]:
    """Return how many times as good after is as before, and its interval.

    1.04 is 4 percent more done in the same time.

    Raises:
        ValueError: Every run before gave 0, so there is no ratio.
    """
    # With a 0 among the runs the change is told in the unit, and not as a part of what was before.
    base = 1.0 if found.relative else found.old_level
    if not base > 0:
        raise ValueError(f"{pair.name}: every run before gave 0 {pair.unit}, so there is no ratio")
    ratio = 1.0 + found.change / base
    bounds = found.interval
    interval = None if bounds is None else (1.0 + bounds[0] / base, 1.0 + bounds[1] / base)
    if pair.higher_is_better:
        return ratio, interval
    return 1.0 / ratio, None if interval is None else (1.0 / interval[1], 1.0 / interval[0])


def verdict_on(claim: Claim, interval: tuple[float, float] | None) -> PairVerdict:
    """Return whether a claim is met by an interval of the gain.

    A figure is met by a gain that is shown (the interval is above 1) and does not fall short of it
    (the interval reaches it); it is not met where the interval ends below it. "No change" is met by
    an interval within 5 percent of 1.
    """
    if claim.kind is ClaimKind.NONE:
        return PairVerdict.NO_CLAIM
    if interval is None:
        return PairVerdict.OPEN
    low, high = interval
    match claim.kind:
        case ClaimKind.FASTER_BY:
            assert claim.figure is not None, "a claim with a figure has one"
            return _decided(holds=low > 1.0 and high >= claim.figure, fails=high < claim.figure)
        case ClaimKind.FASTER:
            return _decided(holds=low > 1.0, fails=high < 1.0)
        case ClaimKind.SAME:
            inside = low >= 1.0 - SAME_BAND and high <= 1.0 + SAME_BAND
            outside = low > 1.0 + SAME_BAND or high < 1.0 - SAME_BAND
            return _decided(holds=inside, fails=outside)


def _decided(*, holds: bool, fails: bool) -> PairVerdict:
    if holds:
        return PairVerdict.HOLDS
    return PairVerdict.FAILS if fails else PairVerdict.OPEN
