"""The t-tests behind a difference: two sides apart, or round by round."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports.comparing.moments import mean, pooled_variance, variance
from reports.comparing.student import two_sided_p, two_sided_t


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a t-test came to on its own scale.

    Attributes:
        error: Standard error of `estimate`.
        noise: Standard deviation of one run, or of one round's difference.
        groups: What was averaged; `signs` tells how the means make the estimate.
        resampled_error: The standard error that the estimate has under resampling, which divides
            by n where the true one divides by n - 1.
    """

    estimate: float
    error: float
    freedom: float
    noise: float
    groups: tuple[list[float], ...]
    signs: tuple[int, ...]
    resampled_error: float

    @property
    def p(self) -> float:
        """Return the two-sided p-value of no difference."""
        if self.error == 0:
            return 1.0  # nothing varies and nothing differs: every value is zero
        return two_sided_p(self.estimate / self.error, self.freedom)


def welch(old: list[float], new: list[float], *, least: float) -> Tested:
    """Return Welch's test of two sides of at least two values each.

    Args:
        least: The least standard deviation that is believed of a side.
    """
    variances = [max(variance(side), least**2) for side in (old, new)]
    parts = [one / len(side) for one, side in zip(variances, (old, new), strict=True)]
    # Satterthwaite's approximation, as Welch has it.
    below = parts[0] ** 2 / (len(old) - 1) + parts[1] ** 2 / (len(new) - 1)
    resampled = sum(variance(side, less=0) / len(side) for side in (old, new))
    return Tested(
        estimate=mean(new) - mean(old),
        error=math.sqrt(sum(parts)),
        freedom=sum(parts) ** 2 / below if below > 0 else len(old) + len(new) - 2,
        noise=max(math.sqrt(pooled_variance(old, new)), least),
        groups=(old, new),
        signs=(-1, 1),
        resampled_error=math.sqrt(resampled),
    )


def paired(old: list[float], new: list[float], *, least: float) -> Tested:
    """Return the t-test of the differences within at least two rounds."""
    steps = [after - before for before, after in zip(old, new, strict=True)]
    noise = max(math.sqrt(variance(steps)), least)
    return Tested(
        estimate=mean(steps),
        error=noise / math.sqrt(len(steps)),
        freedom=len(steps) - 1,
        noise=noise,
        groups=(steps,),
        signs=(1,),
        resampled_error=math.sqrt(variance(steps, less=0) / len(steps)),
    )


def reach(alpha: float, *, power: float, freedom: float) -> float:
    """Return how many standard errors a change must measure to be seen with `power`.

    The usual approximation of the noncentral t distribution by a shifted one.
    """
    return two_sided_t(alpha, freedom) + two_sided_t(2 * (1 - power), freedom)
