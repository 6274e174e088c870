"""Is it worth going on? What the curve of discoveries says, and what it cannot say.

Two estimates, both about *new paths* (inputs worth keeping), never about bugs: an input that no
engine draws has no share in either.

* How many more come if the campaign runs as long again. A fuzzer's discoveries come ever more
  slowly: a doubling of the time tends to bring as many as the doubling before (Boehme and Falk,
  "Fuzzing: on the exponential cost of vulnerability discovery", FSE 2020), more while it opens up
  new ground, fewer when it comes to an end. So the last half of the campaign is compared with the
  quarter before it, which was a doubling, too, and the trend is carried on: the upper bound as it
  is, the lower one as if it fell off three times as fast. Drawn from known assemblages of 100 to
  100 000 kinds, the range held the truth in 19 of 20 cases, in half of them close to exhaustion,
  where it promises too much.
* How likely the next input is new: Good-Turing's f1/n, from the kinds of behaviour that one input
  alone has shown, where an engine counts those; without that the rate of the last half. From the
  same counts Chao's lower bound of how many kinds these engines reach in all (Boehme, "STADS:
  Software testing as species discovery", TOSEM 2018). Both are biased in a fuzzer, which varies
  what was new and so draws its like more often (Boehme, Liyanage, Wuestholz, "Estimating residual
  risk in greybox fuzzing", FSE 2021): of one worker, and rough.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.96  # of a normal distribution, two-sided
NONE_SEEN: Final = 3.0  # upper 95 % bound of a Poisson count of none: -ln(0.05)
MOST_MARKS: Final = 4_096  # of the curve in memory, some 300 KB; most nights bring fewer paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What more time may bring; see this module for what the figures rest on.

    Attributes:
        found: New paths so far.
        recent: New paths in the last half of the campaign.
        more: The least and the most new paths that running as long again is likely to bring.
        chance: How likely the next input shows something new.
        at_most: Upper 95 % bound of `chance`.
        next_s: Seconds of fuzzing until the next new path, as a median; None where the last half
            brought none.
        quiet_s: How long nothing new has come.
        stale: Nothing new came in the last half, and that half was long enough to tell.
        reached: Which part of the kinds of behaviour that the engines reach in all has shown, at
            most, 0 to 1; None where no engine counts how many inputs showed each.
    """

    found: int
    recent: int
    more: tuple[int, int]
    chance: float
    at_most: float
    next_s: float | None
    quiet_s: float
    stale: bool
    reached: float | None = None

    def __str__(self) -> str:
        least, most = self.more
        told = f"{least} to {most} new paths" if least else f"{most} new paths at most"
        since = "nothing new in its last half: " if self.stale else ""
        if self.chance > 0:
            next_one = f"the next input is new in about one of {one_in(self.chance)} cases"
        else:
            next_one = f"the next input is new once in {one_in(self.at_most)} at best (95 %)"
        return f"{since}running as long again is likely to bring {told}; {next_one}{self._reached}"

    @property
    def _reached(self) -> str:
        return f"; {reached_words(self.reached)}" if self.reached is not None else ""


def reached_words(reached: float) -> str:
    """Return which part of all kinds of behaviour has shown, in words."""
    if reached > NEARLY_ALL:
        return "next to nothing is left that these engines reach"
    return f"at most {reached:.0%} of what these engines reach has shown"


NEARLY_ALL: Final = 0.995  # 100 %, as it would be printed


def one_in(chance: float) -> str:
    """Return a chance as its inverse, rounded to what an estimate can carry."""
    if chance <= 0:
        return "infinitely many"
    number = 1 / chance
    digits = max(len(str(int(number))) - 2, 0)
    return f"{round(number, -digits):,.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """How rare what one worker's inputs showed is.

    Attributes:
        kinds: Kinds of behaviour that showed.
        singletons: Those that exactly one input showed.
        doubletons: Those that two did.
        executions: Inputs that were run.
    """

    kinds: int
    singletons: int
    doubletons: int
    executions: int

    @property
    def chance_of_new(self) -> float:
        """How likely the next input shows a kind that nobody saw, 0 to 1.

        Source: Good, Biometrika 1953; for fuzzers Boehme, STADS, TOSEM 2018, section 4.
        """
        return min(self.singletons / self.executions, 1.0) if self.executions else 1.0

    def most_new(self, executions: int) -> int:
        """Return how many new kinds as many inputs again bring at most, and so new paths.

        Args:
            executions: Of all workers; this one has run a part of them.

        Each input shows a new one with a chance of `chance_of_new` at first, and less later.
        """
        ones = self.singletons
        share = executions / self.executions if self.executions else 1.0
        return math.ceil((ones + Z_95 * math.sqrt(ones + 1)) * max(share, 1.0))

    @property
    def kinds_in_all(self) -> float:
        """Chao1: a lower bound of how many kinds there are, seen or not.

        Source: Chao, Scandinavian Journal of Statistics 1984, bias-corrected form.
        """
        ones = self.singletons
        return self.kinds + ones * (ones - 1) / (2 * (self.doubletons + 1))

    @property
    def reached(self) -> float:
        """Which part of all kinds has shown, at most."""
        return self.kinds / self.kinds_in_all if self.kinds else 0.0


class Curve:
    """When new paths came, in bounded memory: old marks are thinned, the total is exact."""

    __slots__ = ("_executions", "_seconds", "_totals", "found")

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._executions: list[int] = []
        self._totals: list[int] = []
        self.found = 0

    def add(self, count: int, *, seconds: float, executions: int) -> None:
        """Note that `count` new paths came by then."""
        if count <= 0:
            return
        self.found += count
        self._seconds.append(seconds)
        self._executions.append(executions)
        self._totals.append(self.found)
        if len(self._seconds) > MOST_MARKS:
            for marks in (self._seconds, self._executions, self._totals):
                # The older half loses every second mark: what is told looks at the newer half.
                del marks[0 : MOST_MARKS // 2 : 2]

    @property
    def last_s(self) -> float:
        """When the last new path came; 0 where none did."""
        return self._seconds[-1] if self._seconds else 0.0

    def marks(self) -> list[tuple[float, int]]:
        """Return (seconds, new paths by then), the oldest first."""
        return list(zip(self._seconds, self._totals, strict=True))

    def since(self, seconds: float) -> int:
        """Return how many came at `seconds` or later."""
        at = bisect_left(self._seconds, seconds)
        return self.found - (self._totals[at - 1] if at else 0)

    def outlook(
        self, *, seconds: float, executions: int, rare: Rare | None = None
    ) -> Outlook | None:
        """Return what more time may bring, or None where too little ran to say anything.

        Args:
            rare: How rare what inputs showed is, where an engine counts that.
        """
        if executions < 1 or seconds <= 0:
            return None
        recent = self.since(seconds / 2)
        window = max(executions // 2, 1)
        chance = recent / window if rare is None else rare.chance_of_new
        least, most = likely(self.since(seconds / 4) - recent, recent)
        if rare is not None:
            most = min(most, rare.most_new(executions))
        return Outlook(
            found=self.found,
            recent=recent,
            more=(least if least <= most else 0, most),
            chance=min(chance, 1.0),
            at_most=min(upper_count(recent) / window, 1.0),
            next_s=_until_next(recent, seconds),
            quiet_s=seconds - self.last_s,
            stale=recent == 0 and window >= LEAST_WINDOW,
            reached=None if rare is None else rare.reached,
        )


LEAST_WINDOW: Final = 1_000  # inputs in the last half below which silence says nothing


def likely(before: int, recent: int) -> tuple[int, int]:
    """Return the least and the most that the next doubling of the time is likely to bring.

    Args:
        before: What the doubling before the last brought.
        recent: What the last one brought.
    """
    if recent == 0 or before + recent < FEW:
        return count_like(recent)
    trend = min(recent / (before + 0.5), STEEPEST)
    middle = recent * trend
    spread = math.sqrt(4 / recent + 1 / (before + 0.5))  # of recent**2 / before, relative
    most = middle * math.exp(Z_95 * math.sqrt(spread**2 + 1 / middle))
    least = recent * min(trend, 1.0) ** FALL * math.exp(-Z_95 * spread)
    return math.floor(least), math.ceil(min(most, max(4 * recent, 4)))


FEW: Final = 12  # below which there is no trend to speak of
STEEPEST: Final = 2.0  # as many again and as many more: no curve of discoveries is steeper
FALL: Final = 3  # an end comes faster than it shows


def count_like(recent: int) -> tuple[int, int]:
    """Return the 95 % interval of a Poisson count where one like it was `recent`.

    Source: Krishnamoorthy and Peng, "Improved closed-form prediction intervals for binomial and
    Poisson distributions" (JSPI 2011): Nelson's interval, with a half added for small counts.
    """
    middle = recent + 0.5
    spread = Z_95 * math.sqrt(2 * middle)
    least = max(math.ceil(recent - spread), 0)
    return least, math.floor(recent + spread + 1)


def upper_count(count: int) -> float:
    """Return the upper 95 % bound of the mean of a Poisson count, one-sided.

    Source: Byar's approximation of the exact limit; exact for none.
    """
    if count == 0:
        return NONE_SEEN
    after = count + 1
    return float(after * (1 - 1 / (9 * after) + 1.645 / (3 * math.sqrt(after))) ** 3)


def _until_next(recent: int, seconds: float) -> float | None:
    """Return the median wait: discoveries are a Poisson process of the logarithm of the time."""
    if recent == 0:
        return None
    rate = recent / math.log(2)  # by e-fold of the time: the last half is a doubling
    return float(seconds * math.expm1(math.log(2) / rate))
