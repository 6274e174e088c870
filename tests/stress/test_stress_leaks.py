"""Every kind of leak, planted in a real child and found there; the twin that clears up passes."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from stress import Budget, Ending, StressRun, run_scenario

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kinds are Linux's"),
]
LEAKING = "tests.stress.leaking_scenarios:"
MANY = 40  # rounds enough for slopes


def run(name: str, **budget: Any) -> StressRun:
    return run_scenario(LEAKING + name, Budget(**{"rounds": 3, **budget}))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("STARTED_THREAD", "3 threads more than before the first round"),
        ("STARTED_PROCESS", "3 processes more than before the first round"),
        ("UNAWAITED_PROCESS", "3 processes more than before the first round"),
        ("KEPT_DESCRIPTOR", "2 more descriptors at the end"),
        ("KEPT_FILE", "2 more temporary files at the end"),
        ("LOCKED_PAGE", "more bytes of locked memory at the end"),
        ("KEPT_MAPPINGS", "more memory mappings at the end"),
    ],
)
def test_a_leak_is_found_in_three_rounds(name: str, says: str) -> None:
    seen = run(name)
    assert seen.ending is Ending.LEAK, seen.message
    assert says in seen.message


@pytest.mark.parametrize(
    "name",
    [
        "JOINED_THREAD", "AWAITED_PROCESS", "CLOSED_DESCRIPTOR", "REMOVED_FILE", "UNLOCKED_PAGE",
        "CLOSED_MAPPINGS",
    ],
)  # fmt: skip
def test_the_twin_that_clears_up_passes(name: str) -> None:
    seen = run(name)
    assert seen.passed, seen.message


@pytest.mark.parametrize(
    ("name", "says"),
    [("KEPT_FILE", "new temporary files: tmp"), ("STARTED_PROCESS", "new processes: ")],
)
def test_what_is_left_is_named(name: str, says: str) -> None:
    assert says in run(name).message


def test_memory_that_grows_by_300_kib_a_round_is_a_leak_and_its_twin_is_none() -> None:
    leak = run("KEPT_MEMORY", rounds=MANY)
    assert leak.ending is Ending.LEAK
    assert "more bytes of memory at the end" in leak.message
    slope = leak.slopes["resident_bytes"]
    assert slope.low <= 300 << 10 <= slope.high or slope.per_round == pytest.approx(
        300 << 10, rel=0.1
    )
    twin = run("FREED_MEMORY", rounds=MANY)
    assert twin.passed, twin.message


def test_with_rounds_enough_a_leak_is_a_slope_with_its_confidence() -> None:
    seen = run("KEPT_DESCRIPTOR", rounds=MANY)
    assert "1 a round, between 1 and 1 with 99% confidence" in seen.message
    assert seen.slopes["descriptors"].per_round == 1


def test_what_is_opened_once_and_kept_is_no_leak() -> None:
    seen = run("OPENED_ONCE", rounds=MANY)
    assert seen.growth.descriptors == 1
    assert seen.passed, seen.message


def test_a_child_is_sampled_from_outside() -> None:
    seen = run("FREED_MEMORY", rounds=None, seconds=1.2)
    assert len(seen.samples) >= 2
    assert [one.at_s for one in seen.samples] == sorted(one.at_s for one in seen.samples)
    last = seen.samples[-1]
    assert last.resident_bytes > 1 << 20
    assert last.threads >= 1
    assert last.descriptors
    assert last.switches is not None
    assert last.children == 0
    assert seen.samples[0].mappings
