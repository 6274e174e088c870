"""Estimates of how much was run hold the truth as often as they say, on trees of known size."""

from __future__ import annotations

import math
import pickle
import random
from functools import cache
from typing import TYPE_CHECKING

import pytest

from harness.estimate import Estimate, Level, TreeSample, merged, percent, share_of_path

if TYPE_CHECKING:
    from collections.abc import Callable

    State = tuple[int, ...]
    Children = Callable[[State], list[State]]


def interleavings(state: State) -> list[State]:
    """Threads of so many steps each."""
    return [
        (*state[:index], left - 1, *state[index + 1 :]) for index, left in enumerate(state) if left
    ]


def comb(state: State) -> list[State]:
    """One child ends, the other goes on: half of all walks see nothing of the rest."""
    (depth,) = state
    return [(0,), (depth - 1,)] if depth else []


@cache
def leaves(children: Children, state: State) -> int:
    below = children(state)
    return sum(leaves(children, child) for child in below) if below else 1


def walk(
    children: Children, state: State, draw: random.Random, *, wrong: bool = False
) -> tuple[float, State]:
    """Return a walk's log product and the choices it made."""
    product, path = 0.0, []
    while below := children(state):
        chosen = int(draw.random() * len(below))
        product += math.log(2.0 if wrong else len(below))
        path.append(chosen)
        state = below[chosen]
    return product, tuple(path)


TREES = {
    "20 leaves": (interleavings, (3, 3)),
    "2 520": (interleavings, (2, 2, 2, 2)),
    "34 650": (interleavings, (4, 4, 4)),
    "184 756": (interleavings, (10, 10)),
    "6e14": (interleavings, (5, 5, 5, 5, 5)),
    "5 456, one thread of 30 steps": (interleavings, (30, 3)),
    "comb of 11": (comb, (10,)),
}
ROUNDS = 60


def held(name: str, walks: int, *, wrong: bool = False) -> tuple[int, int]:
    """Return how many of 60 intervals hold the part really met, and the part if all was met."""
    children, root = TREES[name]
    size = leaves(children, root)
    draw = random.Random(7)
    met_held = done_held = 0
    for _ in range(ROUNDS):
        sample, met = TreeSample(), set()
        for _ in range(walks):
            product, path = walk(children, root, draw, wrong=wrong)
            sample.add(product)
            met.add(path)
        met_held += holds(sample.share_seen(walks), len(met) / size)
        done_held += holds(sample.share_of(min(50, size)), min(50, size) / size)
    return met_held, done_held


def holds(estimate: Estimate | None, truth: float) -> bool:
    return estimate is None or estimate.low <= truth <= estimate.high


@pytest.mark.parametrize("walks", [30, 200])
@pytest.mark.parametrize("name", TREES)
def test_intervals_hold_the_truth(name: str, walks: int) -> None:
    # With a chance of 0.95 each, fewer than 50 of 60 come with less than 1e-3; the combs of few
    # walks are the worst there is, and hold in 5 of 6.
    met, done = held(name, walks)
    least = 44 if "comb" in name or "one thread" in name else 50
    assert met >= least
    assert done >= least


@pytest.mark.parametrize("name", ["2 520", "34 650", "6e14"])
def test_wrong_weights_are_seen_by_that_test(name: str) -> None:
    met, done = held(name, 200, wrong=True)
    assert met < 10
    assert done < 10


@pytest.mark.parametrize("name", ["34 650", "184 756", "2 520"])
def test_an_interval_is_narrow_enough_to_say_something(name: str) -> None:
    children, root = TREES[name]
    draw = random.Random(1)
    sample = TreeSample()
    for _ in range(1_000):
        sample.add(walk(children, root, draw)[0])
    estimate = sample.share_seen(1_000)
    assert estimate is not None
    assert 0 < estimate.low < estimate.fraction < estimate.high < estimate.low * 1.4


def test_a_tail_without_a_variance_leaves_the_interval_open() -> None:
    draw = random.Random(3)
    sample = TreeSample()
    for _ in range(1_000):
        sample.add(walk(interleavings, (60, 3), draw)[0])
    estimate = sample.share_of(100)
    assert estimate is not None
    assert not estimate.low
    assert str(estimate).startswith("estimated at most ")


def test_what_was_only_drawn_is_never_called_all() -> None:
    sample = TreeSample()
    sample.add(0.0, walks=1_000)  # nothing to choose: one leaf
    estimate = sample.share_seen(1_000)
    assert estimate is not None
    assert estimate.fraction < 1
    assert str(estimate).startswith("estimated over 99 % ")


def test_too_few_walks_say_nothing() -> None:
    sample = TreeSample()
    sample.add(1.0, walks=19)
    assert sample.share_seen(19) is None
    assert sample.share_of(5) is None


def test_a_sample_stays_small_and_stays_right() -> None:
    draw = random.Random(5)
    sample = TreeSample()
    for _ in range(20_000):
        sample.add(draw.uniform(9.0, 11.0))
    assert len(sample.__getstate__()[0]) <= 2_048
    true = math.log((math.exp(11) - math.exp(9)) / 2)
    assert sample.log_size() == pytest.approx(true, abs=0.02)


def test_products_beyond_every_float_are_taken() -> None:
    sample = TreeSample()
    for index in range(100):
        sample.add(5_000.0 + index % 3)
    for estimate in (sample.share_seen(100), sample.share_of(10**6)):
        assert estimate is not None
        assert estimate.high < 1e-300
        assert str(estimate) == f"estimated under 0.001 % of {estimate.of}"


def test_a_sample_tells_of_all_runs_that_it_is_a_part_of() -> None:
    children, root = TREES["2 520"]
    draw = random.Random(6)
    good = 0
    for _ in range(40):
        sample, met = TreeSample(), set()
        for number in range(800):
            product, path = walk(children, root, draw)
            met.add(path)
            if number < 100 or not number % 8:
                sample.add(product)
        good += holds(sample.share_seen(800), len(met) / 2_520)
    assert good >= 34


def test_samples_of_workers_are_pooled() -> None:
    children, root = TREES["2 520"]
    draw = random.Random(2)
    parts, whole = [TreeSample() for _ in range(4)], TreeSample()
    for number in range(400):
        product, _ = walk(children, root, draw)
        parts[number % 4].add(product)
        whole.add(product)
    shipped = [pickle.loads(pickle.dumps(part.share_seen(100))) for part in parts]  # noqa: S301
    assert merged(shipped) == whole.share_seen(400)
    assert merged(shipped, done=500) == whole.share_of(500, of="the schedules")
    assert merged([*shipped, None]) is None
    assert merged([Estimate(fraction=0.1, low=0.1, high=0.1)]) is None
    assert merged([]) is None


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(fraction=0.12, low=0.07, high=0.2),
         "estimated 12 % of the tree (95 %: 7 to 20)"),
        (Estimate(fraction=0.12, low=0.0, high=0.2), "estimated at most 20 % of the tree (95 %)"),
        (Estimate(fraction=3e-4, low=1e-4, high=9e-4, of="the schedules"),
         "estimated 0.03 % of the schedules (95 %: 0.01 to 0.09)"),
        (Estimate(fraction=1e-9, low=1e-12, high=1e-8), "estimated under 0.001 % of the tree"),
        (Estimate(fraction=0.999, low=0.995, high=1.0),
         "estimated over 99 % of the tree (95 %: over 99 to 100)"),
    ],
)  # fmt: skip
def test_an_estimate_in_words(estimate: Estimate, text: str) -> None:
    assert str(estimate) == text


def test_only_all_is_a_hundred_percent() -> None:
    assert percent(1.0) == "100"
    assert percent(1 - 1e-12) == "over 99"
    assert percent(0.0) == "under 0.001"


# -- where a depth-first search stands ------------------------------------------------------------


def path_to(children: Children, state: State, done: int) -> list[Level]:
    """Return the levels of a search that has run `done` leaves."""
    index, levels = done - 1, []
    while below := children(state):
        sizes = []
        for place, child in enumerate(below):
            if index < leaves(children, child):
                levels.append(Level(sizes, len(below) - place - 1))
                state = child
                break
            index -= leaves(children, child)
            sizes.append(leaves(children, child))
    return levels


@pytest.mark.parametrize("name", ["20 leaves", "2 520", "34 650"])
def test_the_part_of_a_tree_that_a_search_has_done(name: str) -> None:
    children, root = TREES[name]
    size = leaves(children, root)
    draw = random.Random(4)
    rounds = [draw.randrange(1, size) for _ in range(100)]
    good = 0
    for done in rounds:
        estimate = share_of_path(path_to(children, root, done))
        good += holds(estimate, done / size)
        if done > size / 4 and estimate is not None:
            assert estimate.fraction == pytest.approx(done / size, rel=0.6)
    assert good >= 90


def test_a_search_at_its_last_leaf_has_done_all_and_no_other_has() -> None:
    children, root = TREES["2 520"]
    at_end = share_of_path(path_to(children, root, 2_520))
    before = share_of_path(path_to(children, root, 2_519))
    assert at_end is not None
    assert before is not None
    assert (at_end.low, at_end.fraction, at_end.high) == (1.0, 1.0, 1.0)
    assert before.low < 1.0


def test_a_walk_of_thousands_of_choices_beside_short_ones_says_next_to_nothing() -> None:
    # As an execution that fails early gives them; the share of a short one has no square.
    sample = TreeSample()
    for _ in range(30):
        sample.add(3.0)
    sample.add(900.0)
    for estimate in (sample.share_seen(31), sample.share_of(31)):
        assert estimate is None or estimate.fraction < 1e-100
