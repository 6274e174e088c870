"""Student's t distribution, without a library of statistics.

The tail is a regularised incomplete beta function: P(|T| > t) = I_x(df / 2, 1 / 2) with
x = df / (df + t**2) (DLMF 8.17, Abramowitz and Stegun 26.7.1). The beta function is the continued
fraction DLMF 8.17.22, evaluated from the front by Lentz's method as Thompson and Barnett changed it
(J. Comput. Phys. 64, 1986).
"""

from __future__ import annotations

import functools
import math
from typing import Final

from reports.errors import BadValueError

_TERMS: Final = 10_000  # about sqrt(max(a, b)) are needed; a million degrees of freedom take 2 000
_PRECISION: Final = 1e-15
_TINY: Final = 1e-300  # stands in for a zero denominator, as Lentz's method asks
_STEPS: Final = 100  # Newton needs 4 to 12
_CLOSE: Final = 1e-13
_LARGEST_LOG: Final = 300.0  # beyond e**300 no quantile of ours lies: df 1 at p = 1e-130


def two_sided_p(t: float, df: float) -> float:
    """Return the chance, 0 to 1, that |T| with `df` degrees of freedom is at least |t|.

    Args:
        df: Any number above 0, whole or not; Welch's test has fractions.

    Raises:
        BadValueError: `t` is not a number, or `df` is not above 0.
    """
    if math.isnan(t):
        raise BadValueError("t", repr(t), "a number")
    if not df > 0:
        raise BadValueError("df", repr(df), "a number above 0")
    if math.isinf(t):
        return 0.0
    # From the side that keeps its digits: x near 1 would lose them in 1 - x.
    square = t * t
    return incomplete_beta(df / 2, 0.5, x=df / (df + square), rest=square / (df + square))


@functools.lru_cache(maxsize=4096)  # plans ask for the same few whole degrees again and again
def two_sided_t(p: float, df: float) -> float:
    """Return the t >= 0 that |T| with `df` degrees of freedom exceeds with the chance `p`.

    Raises:
        BadValueError: `p` is not above 0 and at most 1, or `df` is not above 0.
    """
    if not 0 < p <= 1:
        raise BadValueError("p", repr(p), "a chance above 0 and at most 1")
    if p == 1:
        return 0.0
    # Newton's method on log p over log t. That curve is concave and falls, so that every step but
    # the first comes from beyond the quantile and none leaves the range.
    log_t = 0.0
    for _ in range(_STEPS):
        t = math.exp(log_t)
        tail = two_sided_p(t, df)
        if tail == 0:
            log_t -= 1.0
            continue
        step = math.log(tail / p) * tail / (2 * t * density(t, df))
        log_t = min(log_t + step, _LARGEST_LOG)
        if abs(step) < _CLOSE:
            break
    return math.exp(log_t)


def density(t: float, df: float) -> float:
    """Return the density of Student's distribution at `t`."""
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    return math.exp(log_scale - (df + 1) / 2 * math.log1p(t * t / df))


def incomplete_beta(a: float, b: float, *, x: float, rest: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), 0 to 1.

    Args:
        x: 0 to 1.
        rest: 1 - x, given apart so that an x close to 1 keeps its digits.
    """
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    log_front = a * math.log(x) + b * math.log(rest) - _log_beta(a, b)
    front = math.exp(log_front)
    # The fraction converges quickly on this side of the mean; the other is its mirror.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, rest) / b


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + coefficient * d)
            c = _away_from_zero(1.0 + coefficient / c)
            value *= c * d
        if abs(c * d - 1.0) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
