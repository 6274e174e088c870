"""Student's t: closed forms, printed tables, and an integral that shares no line with it."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from reports.comparing.student import density, incomplete_beta, two_sided_p, two_sided_t
from reports.errors import BadValueError

FREEDOMS = [0.4, 1.0, 1.7, 2.0, 3.0, 4.37, 8.0, 12.0, 29.5, 300.0, 1e6]


@pytest.mark.parametrize("t", [1e-9, 0.1, 1.0, 3.3, 40.0, 1e5])
def test_one_and_two_degrees_agree_with_their_closed_forms(t: float) -> None:
    assert two_sided_p(t, 1) == pytest.approx(2 / math.pi * math.atan2(1, t), rel=1e-11)
    # 1 - t / sqrt(2 + t^2), without the cancellation
    root = math.sqrt(2 + t * t)
    assert two_sided_p(t, 2) == pytest.approx(2 / (root * (root + t)), rel=1e-11)


@pytest.mark.parametrize(
    ("p", "df", "t"),
    [
        (0.05, 1, 12.706),
        (0.05, 4, 2.776),
        (0.05, 8, 2.306),
        (0.01, 10, 3.169),
        (0.001, 12, 4.318),
        (0.2, 20, 1.325),
        (0.05, 120, 1.980),
    ],
)
def test_quantiles_are_those_of_the_printed_table(p: float, df: float, t: float) -> None:
    # NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
    assert two_sided_t(p, df) == pytest.approx(t, abs=5e-4)


def simpson_tail(t: float, df: float) -> float:
    """Return P(|T| > t) by Simpson's rule over u = 1 / x, which makes the tail finite."""
    steps = 20_000
    width = 1 / t / steps

    def height(at: int) -> float:
        if at == 0:
            return 0.0 if df > 1 else math.nan
        x = 1 / (at * width)
        return density(x, df) * x * x

    inner = sum((4 if at % 2 else 2) * height(at) for at in range(1, steps))
    return 2 * (height(0) + inner + height(steps)) * width / 3


@pytest.mark.parametrize("df", [one for one in FREEDOMS if 1 < one < 1e5])
@pytest.mark.parametrize("t", [0.3, 2.0, 6.5])
def test_tails_agree_with_a_numeric_integral(df: float, t: float) -> None:
    # near u = 0 the integrand goes like u^(df - 1): a fraction below 2 costs Simpson's rule digits
    close = 1e-3 if df < 2 else 1e-8
    if df == 300 and t == 6.5:
        close = 1e-6
    assert two_sided_p(t, df) == pytest.approx(simpson_tail(t, df), rel=close)


@pytest.mark.parametrize("df", FREEDOMS)
@pytest.mark.parametrize("p", [1e-12, 1e-5, 0.01, 0.4, 0.999])
def test_the_quantile_and_the_tail_are_each_others_inverse(p: float, df: float) -> None:
    assert two_sided_p(two_sided_t(p, df), df) == pytest.approx(p, rel=1e-8)


def test_many_degrees_of_freedom_are_the_normal_distribution() -> None:
    for t in (0.5, 1.96, 5.0):
        normal = 2 * NormalDist().cdf(-t)
        assert two_sided_p(t, 1e7) == pytest.approx(normal, rel=1e-4)


def test_signs_do_not_matter_and_ends_are_exact() -> None:
    assert two_sided_p(-2.5, 7) == two_sided_p(2.5, 7)
    assert two_sided_p(0.0, 7) == 1.0
    assert two_sided_p(math.inf, 7) == 0.0
    assert two_sided_t(1.0, 7) == 0.0


def test_the_incomplete_beta_agrees_with_binomial_sums() -> None:
    # I_x(k, n - k + 1) is the chance of at least k of n (DLMF 8.17.5).
    for n, k, x in ((5, 2, 0.3), (12, 11, 0.6), (40, 3, 0.05)):
        tail = sum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(k, n + 1))
        assert incomplete_beta(k, n - k + 1, x=x, rest=1 - x) == pytest.approx(tail, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: two_sided_p(math.nan, 3), "a number"),
        (lambda: two_sided_p(1.0, 0), "a number above 0"),
        (lambda: two_sided_p(1.0, math.nan), "a number above 0"),
        (lambda: two_sided_t(0.0, 3), "a chance above 0"),
        (lambda: two_sided_t(1.5, 3), "a chance above 0"),
    ],
)
def test_what_is_no_argument_is_refused(call: object, says: str) -> None:
    assert callable(call)
    with pytest.raises(BadValueError, match=says):
        call()
