"""Pairs of before and after: verdicts by their intervals, and one quick pair for real."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from benchmarks.before_after import PAIRS, Measured, lines, measure, record_of
from benchmarks.before_after_page import page
from reports import Outcome, RecordKind

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from pairs import Claim, ClaimKind, PairVerdict, Side, verdict_on
from pairs_awaited import AWAITED

HOLDS, FAILS, OPEN = PairVerdict.HOLDS, PairVerdict.FAILS, PairVerdict.OPEN


def claim(kind: ClaimKind, figure: float | None = None) -> Claim:
    return Claim(kind=kind, words="it is faster", source="the document", figure=figure)


BY = claim(ClaimKind.FASTER_BY, 1.04)


@pytest.mark.parametrize(
    ("said", "interval", "verdict"),
    [
        (BY, (1.01, 1.06), HOLDS),
        (BY, (1.10, 1.20), HOLDS),  # more than was claimed
        (BY, (1.01, 1.03), FAILS),  # faster, and less than was claimed
        (BY, (0.90, 1.03), FAILS),
        (BY, (0.98, 1.10), OPEN),
        (BY, None, OPEN),
        (claim(ClaimKind.FASTER), (1.001, 3.0), HOLDS),
        (claim(ClaimKind.FASTER), (0.5, 0.9), FAILS),
        (claim(ClaimKind.FASTER), (0.9, 1.1), OPEN),
        (claim(ClaimKind.SAME), (0.97, 1.04), HOLDS),
        (claim(ClaimKind.SAME), (0.90, 1.20), OPEN),
        (claim(ClaimKind.SAME), (1.06, 1.20), FAILS),
        (claim(ClaimKind.SAME), (0.80, 0.94), FAILS),
        (claim(ClaimKind.NONE), (1.0, 2.0), PairVerdict.NO_CLAIM),
    ],
)
def test_a_claim_is_judged_by_the_interval(
    said: Claim, interval: tuple[float, float] | None, verdict: PairVerdict
) -> None:
    assert verdict_on(said, interval) is verdict


def measured(before: tuple[float, ...], after: tuple[float, ...], **how: object) -> Measured:
    pair = dataclasses.replace(PAIRS[0], claim=BY, **how)  # type: ignore[arg-type]
    return Measured(pair=pair, before=before, after=after)


SLOW = (2.00, 2.04, 1.98, 2.02, 2.01, 1.99)
FAST = (1.00, 1.02, 0.99, 1.01, 1.00, 1.00)


def test_a_side_that_takes_half_the_time_is_twice_as_good() -> None:
    gain, interval = measured(SLOW, FAST).gain
    assert gain == pytest.approx(2.0, abs=0.02)
    assert interval is not None
    assert 1.9 < interval[0] < gain < interval[1] < 2.1
    assert measured(SLOW, FAST).verdict is HOLDS
    assert measured(FAST, SLOW).verdict is FAILS


def test_where_more_is_better_the_gain_is_the_ratio_itself() -> None:
    gain, _ = measured(FAST, SLOW, unit="woken").gain
    assert gain == pytest.approx(2.0, abs=0.02)


def test_a_run_that_gave_nothing_still_leaves_a_ratio() -> None:
    # Where a value is 0, differences are compared in their unit: 99 more of 1 are 100 times.
    gain, interval = measured((2.0, 2.0, 0.0, 2.0), (8.0, 8.0, 8.0, 8.0), unit="woken").gain
    assert gain == pytest.approx(8.0 / 1.5)
    assert interval is not None
    assert interval[0] <= gain <= interval[1]
    with pytest.raises(ValueError, match="every run before gave 0"):
        measured((0.0, 0.0), (8.0, 8.0), unit="woken").gain  # noqa: B018  # a property that raises


def test_two_sides_alike_hold_no_claim() -> None:
    # What a benchmark that copied the claim, or measured one side twice, would get wrong.
    assert measured(SLOW, SLOW[::-1]).verdict is not HOLDS


@pytest.mark.slow
def test_a_pair_is_measured_in_processes_and_told_beside_its_claim() -> None:
    pair = next(pair for pair in PAIRS if pair.name == "secret-same-state")
    found = measure(pair, rounds=2, times=2_000)
    # A system call each time, or none: 9 times as good on a quiet machine.
    assert found.gain[0] > 2
    record = record_of(found)
    assert (record.kind, record.name) == (RecordKind.BENCHMARK, "before-after/secret-same-state")
    assert record.outcome is Outcome.PASSED
    assert record.params["pair"] == pair.name
    assert record.params["claim"] == pair.claim.words
    assert [one.metric for one in record.measures] == ["gain", "before", "after"]
    assert pair.claim.words in lines(found)[1]
    text = page([found], rounds=2)
    assert pair.claim.words in text
    assert all(one.claim in text for one in AWAITED)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
@pytest.mark.parametrize("side", Side)
def test_every_side_of_every_pair_can_be_measured(pair: object, side: Side) -> None:
    assert pair.measure(side, 1) > 0  # type: ignore[attr-defined]


def test_no_claim_of_a_figure_is_without_one_and_each_has_its_source() -> None:
    for pair in PAIRS:
        assert (pair.claim.figure is not None) == (pair.claim.kind is ClaimKind.FASTER_BY)
        assert pair.claim.source
        assert pair.planted.startswith("B-")
