"""How much of a search space was run, estimated where it is too large to know.

Knuth: walk down a tree, choosing among b children at random, and multiply the b. The expectation of
the product is the number of leaves, whatever the shape (Knuth, "Estimating the efficiency of
backtrack programs", Mathematics of Computation 29, 1975). The products of a tree of schedules are
heavy-tailed: most walks end early, and the few that do not carry the sum. Roads that fail: a
standard error on the plain scale (its lower end falls below zero, and it holds the truth far less
often than it says), and an interval from a log-normal fit (the products are bounded above, so the
fit overshoots by orders of magnitude). So the interval is symmetric on the log scale, widened by
how few walks carry the sum; and where the tail shows no finite variance (Hill's estimator), it is
left open: the tree may be larger by any factor, and only "at most" is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Z_95: Final = 1.96  # standard deviations on each side that hold 95 % of a normal distribution
MIN_WALKS: Final = 20  # with fewer, the tail cannot be told from luck
MAX_BINS: Final = 2_048  # distinct products that are kept apart; then they are rounded
FINITE_VARIANCE: Final = 0.5  # Hill's 1/alpha below which the second moment exists (alpha > 2)
LEAST_TAIL: Final = 5  # walks at least that the tail is judged by
EXACT_LOG: Final = 30.0  # above it, 1 - (1 - p)**n is n * p to the last digit
LEAST_UNSEEN: Final = 1e-9  # what was only drawn is never called all
LOG_HUGE: Final = 700.0  # exp of more is no float
SAYS_NOTHING: Final = 0.9  # "at most this part" that is not worth saying
TINY_PERCENT: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The part of a search space that was run, and an interval that holds it 95 times in 100.

    Attributes:
        fraction: 0 to 1; the best guess.
        low: The interval's lower end; 0 says that the space may be larger by any factor.
        high: Its upper end.
        of: What the whole is.
        runs: Random walks that met the part; 0 where it was run systematically.
        sample: What it was estimated from, if samples of several workers can be pooled.
    """

    fraction: float
    low: float
    high: float
    of: str = "the tree"
    runs: int = 0
    sample: TreeSample | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        if self.high * 100 < TINY_PERCENT:
            return f"estimated {percent(self.high)} % of {self.of}"
        if not self.low:
            return f"estimated at most {percent(self.high)} % of {self.of} (95 %)"
        words = f"estimated {percent(self.fraction)} % of {self.of}"
        return f"{words} (95 %: {percent(self.low)} to {percent(self.high)})"


def percent(fraction: float) -> str:
    """Return a share as a percentage of two digits: "12", "0.034", "under 0.001", "over 99"."""
    value = fraction * 100
    if value < TINY_PERCENT:
        return f"under {TINY_PERCENT}"
    if 99 < value < 100:  # noqa: PLR2004  # never called all
        return "over 99"
    return f"{value:.2g}" if value < 99 else f"{value:.0f}"  # noqa: PLR2004  # "1e+02" otherwise


class TreeSample:
    """The products of random walks down one tree, in bounded memory. Not shared by threads."""

    __slots__ = ("_counts", "_grain", "_walks")

    def __init__(self) -> None:
        self._counts: dict[float, int] = {}  # log of a product: walks
        self._grain = 0.0  # the logs are multiples of it; 0 as long as they are exact
        self._walks = 0

    @property
    def walks(self) -> int:
        """How many there were."""
        return self._walks

    def add(self, log_product: float, walks: int = 1) -> None:
        """Take the natural log of the inverse chance with which a walk was made."""
        key = log_product if not self._grain else self._rounded(log_product)
        self._counts[key] = self._counts.get(key, 0) + walks
        self._walks += walks
        if len(self._counts) > MAX_BINS:
            self._coarsen()

    def merge(self, other: TreeSample) -> None:
        """Take the walks of another sample of the same tree."""
        for log_product, walks in other._counts.items():
            self.add(log_product, walks)

    def _rounded(self, log_product: float) -> float:
        return round(log_product / self._grain) * self._grain

    def _coarsen(self) -> None:
        """Round to a grain at which half of the bins are left: at first below 1 % of a product."""
        before = self._counts
        self._grain = max(self._grain * 2, 1 / 64)
        self._counts = {}
        for log_product, walks in before.items():
            key = self._rounded(log_product)
            self._counts[key] = self._counts.get(key, 0) + walks

    def log_size(self) -> float:
        """Return the natural log of the estimated number of leaves.

        Raises:
            ValueError: There is no walk.
        """
        top, total = self._sum(1)
        return top + math.log(total / self._walks)

    def share_of(self, done: int, *, of: str = "the tree") -> Estimate | None:
        """Return which part `done` different leaves are; None where nothing can be said yet."""
        if self._walks < MIN_WALKS:
            return None
        top, total = self._sum(1)
        _, squares = self._sum(2)
        mean = total / self._walks
        variance = max(squares / self._walks - mean * mean, 0.0)
        spread = math.sqrt(math.log1p(variance / mean**2 / (self._walks - 1)))
        log_share = min(math.log(max(done, 1)) - (top + math.log(mean)), 0.0)
        return self._estimate(log_share, spread, squares=squares, total=total, of=of)

    def share_seen(self, runs: int, *, of: str = "the schedules") -> Estimate | None:
        """Return which part of the leaves walks like these have met.

        Args:
            runs: How many there were; the sample is any of them.

        After n walks a leaf of chance p was met with the chance 1 - (1 - p)**n. The mean of this
        over p, for leaves met with chance p, estimates the number of different leaves met: the
        same importance weights as Knuth's, with another value a leaf.
        """
        if self._walks < MIN_WALKS:
            return None
        if min(self._counts) > EXACT_LOG:
            found = self.share_of(runs, of=of)  # no leaf comes twice
            return None if found is None else replace(found, runs=runs)
        top, total = self._sum(1)
        _, squares = self._sum(2)
        # As parts of the greatest: a long walk beside short ones makes shares that have no square.
        log_met = {log: _log_met(log, runs) for log in self._counts}
        most = max(log_met.values())
        met = {log: math.exp(value - most) for log, value in log_met.items()}
        share = sum(walks * met[log] for log, walks in self._counts.items()) / total
        mean = total / self._walks
        # The usual variance of a ratio of two means, and that of what is met by chance.
        variance = sum(
            walks * ((met[log] / share - math.exp(log - top)) / mean) ** 2
            for log, walks in self._counts.items()
        ) / (self._walks * (self._walks - 1))
        spread = math.sqrt(math.log1p(variance + self._luck(runs)))
        log_share = min(math.log(share) + most - top, -LEAST_UNSEEN)
        found = self._estimate(log_share, spread, squares=squares, total=total, of=of)
        return None if found is None else replace(found, runs=runs)

    def _luck(self, runs: int) -> float:
        """Return the relative variance of the number of different leaves met in so many runs.

        That of an occupancy: sum of q (1 - q), less what one leaf's walks take from another's
        (Holst, "Asymptotic normality and efficiency for certain goodness-of-fit tests", 1972).
        """
        met = apart = shared = 0.0
        for log, walks in self._counts.items():
            one = walks / self._walks
            met += one * math.exp(min(_log_met(log, runs), LOG_HUGE))
            missed = math.exp(-runs * math.exp(-log))
            if log < EXACT_LOG:
                apart += one * math.exp(log) * missed * (1 - missed)
            else:
                apart += one * runs * missed
            shared += one * runs * missed
        return max(apart - shared * shared / runs, 0.25) / (met * met)  # half a leaf at least

    def _estimate(
        self, log_share: float, spread: float, *, squares: float, total: float, of: str
    ) -> Estimate | None:
        """Return the interval around a share whose log is spread so much; None if it is all."""
        carriers = total * total / squares  # walks that carry the sum
        half = Z_95 * spread * (1 + 2 / math.sqrt(carriers))
        open_end = self._tail() > FINITE_VARIANCE
        high = _share(log_share + half)
        if open_end and high > SAYS_NOTHING:
            return None
        return Estimate(
            fraction=_share(log_share),
            low=0.0 if open_end else _share(log_share - half),
            high=high,
            of=of,
            sample=self,
        )

    def _sum(self, power: int) -> tuple[float, float]:
        """Return the greatest log, and the sum of the products' powers, each over the greatest."""
        top = max(self._counts)
        counts = self._counts.items()
        return top, sum(walks * math.exp(power * (log - top)) for log, walks in counts)

    def _tail(self) -> float:
        """Return Hill's estimate of 1/alpha: the mean log excess of the greatest products."""
        wanted = max(LEAST_TAIL, math.isqrt(self._walks))
        left, excess = wanted, 0.0
        for log in sorted(self._counts, reverse=True):
            taken = min(left, self._counts[log])
            excess += taken * log
            left -= taken
            if self._counts[log] > taken or not left:
                threshold = log
                if not left and self._counts[log] == taken:
                    threshold = max((key for key in self._counts if key < log), default=log)
                return excess / wanted - threshold
        return 0.0

    def __getstate__(self) -> tuple[dict[float, int], float, int]:
        return self._counts, self._grain, self._walks

    def __setstate__(self, state: tuple[dict[float, int], float, int]) -> None:
        self._counts, self._grain, self._walks = state


def _share(log_share: float) -> float:
    return min(math.exp(max(log_share, -LOG_HUGE)), 1.0)


def _log_met(log_product: float, walks: int) -> float:
    """Return log(w * (1 - (1 - 1/w)**walks)) for w = exp(log_product)."""
    if log_product <= 0:
        return 0.0  # a tree of one leaf
    if log_product > EXACT_LOG:
        return math.log(walks)
    chance = math.exp(-log_product)
    return log_product + math.log(-math.expm1(walks * math.log1p(-chance)))


def merged(estimates: Iterable[Estimate | None], *, done: int | None = None) -> Estimate | None:
    """Return what several workers' walks say together; None where one cannot be pooled.

    Args:
        done: Leaves that were run systematically; None: the walks are all there was.
    """
    pool = TreeSample()
    of, runs = "", 0
    for estimate in estimates:
        if estimate is None or estimate.sample is None:
            return None
        pool.merge(estimate.sample)
        of = estimate.of
        runs += estimate.runs
    if not of:
        return None
    return pool.share_seen(runs, of=of) if done is None else pool.share_of(done, of=of)


@dataclass(frozen=True, slots=True)
class Level:
    """A point on the path that a depth-first search stands on.

    Attributes:
        sizes: Leaves below each child that is done; the search stands in one more.
        left: Children that nobody has entered yet.
    """

    sizes: Sequence[int]
    left: int


UNSEEN_SPREAD: Final = 0.6  # log of the factor by which a subtree differs from its siblings


def share_of_path(levels: Sequence[Level], *, of: str = "the tree") -> Estimate | None:
    """Return which part of a tree a depth-first search has done, from where it stands.

    Children that nobody has entered are taken to be like their siblings, from the deepest level up
    (the recursive estimator of Kilby, Slaney, Thiebaux, Walsh, "Estimating search tree size", AAAI
    2006). Nothing is drawn, so the interval is no confidence in the strict sense: it is what the
    sizes of siblings have differed by so far.

    Args:
        levels: From the root; the leaf that the search stands on has just been run.
    """
    done, total, spread = 1.0, 1.0, 0.0  # leaves; spread: of the log of what is not known
    for level in reversed(levels):
        known = [*level.sizes, total]
        mean = sum(known) / len(known)
        finished = sum(level.sizes)
        unknown = level.left * mean
        if unknown:
            # The yardstick is wrong by as much as the child that is not done, and the children
            # that nobody has entered differ from it.
            yardstick = spread * total / sum(known)
            own = _log_spread(known) * math.sqrt(1 / len(known) + 1 / level.left)
            open_part = total - done
            spread = (open_part * spread + unknown * math.hypot(yardstick, own)) / (
                open_part + unknown
            )
        done += finished
        total += finished + unknown
    left = total - done
    fraction = done / total
    if not left:
        return Estimate(fraction=1.0, low=1.0, high=1.0, of=of)
    factor = math.exp(min(Z_95 * spread, LOG_HUGE))
    low, high = (done / (done + left * part) for part in (factor, 1 / factor))
    # As long as no child of the root is done, nothing has the size of what is left; and a search
    # that finds its branches as it goes knows few of them.
    first = next(level for level in levels if level.sizes or level.left)
    if not first.sizes and high > SAYS_NOTHING:
        return None
    return Estimate(fraction=fraction, low=low if first.sizes else 0.0, high=high, of=of)


def _log_spread(sizes: Sequence[float]) -> float:
    """Return the standard deviation of the logs, as if a typical one had been seen before."""
    logs = [math.log(size) for size in sizes]
    mean = sum(logs) / len(logs)
    own = sum((log - mean) ** 2 for log in logs)
    return math.sqrt((own + UNSEEN_SPREAD**2) / len(logs))
