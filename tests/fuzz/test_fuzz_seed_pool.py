"""What is rare, new and short is varied more; a scheduler without that is told apart."""

from collections import Counter

import pytest

from fuzz.engines import seed_pool
from fuzz.engines.edges import CodePath
from fuzz.engines.seed_pool import SeedPool, told_features


def pool() -> SeedPool:
    return SeedPool(lambda path: [place << 5 for place in sorted(path[0])])


def path(*places: int) -> CodePath:
    return frozenset(places), ()


def shares(made: SeedPool, *, times: int = 10_000) -> dict[bytes, float]:
    """Return how often each seed is chosen."""
    chosen = Counter(made.choose(number / times).data for number in range(times))
    return {seed.data: chosen[seed.data] / times for seed in made.seeds}


def test_a_feature_is_new_once_whether_of_code_or_told() -> None:
    made = pool()
    assert set(made.note(path(1, 2), [])) == {1 << 5, 2 << 5}
    assert made.note(path(1, 2), []) == ()
    assert made.note(path(1, 3), [7]) == (7 << 1 | 1, 3 << 5)
    assert made.note(path(1, 3), [7, 8]) == (8 << 1 | 1,)


def test_what_is_told_is_never_taken_for_code() -> None:
    assert not {*told_features(range(100))} & {place << 5 for place in range(100)}


def test_features_are_counted_right_to_a_factor_of_two() -> None:
    made = pool()
    for number in range(1, 1_000):
        made.note(path(1), [5])
        assert number / 2 < made.counts[1 << 5] <= number
        assert made.counts[5 << 1 | 1] == number


def add(made: SeedPool, data: bytes, *, place: int, times: int) -> None:
    own = made.note(path(place), [])
    made.add(data, own)
    for _ in range(times - 1):
        made.note(path(place), [])


def test_the_rarer_the_feature_the_more_often_its_seed_is_varied() -> None:
    made = pool()
    add(made, b"rare", place=1, times=4)
    add(made, b"frequent", place=2, times=1024)
    found = shares(made)
    assert found[b"rare"] == pytest.approx(256 / 257, abs=0.01)


def test_a_seed_with_one_rare_feature_counts_as_rare() -> None:
    made = pool()
    own = made.note(path(1, 2), [])
    made.add(b"both", own)
    add(made, b"frequent", place=3, times=512)
    for _ in range(511):
        made.note(path(1), [])
    assert shares(made)[b"both"] > 0.9


def test_a_new_seed_is_the_rarest_of_all_at_once() -> None:
    made = pool()
    for place in range(10):
        add(made, b"old %d" % place, place=place, times=64)
    shares(made)
    add(made, b"new", place=99, times=1)
    assert shares(made)[b"new"] > 0.8


def test_a_seed_that_leads_to_nothing_is_chosen_less() -> None:
    made = pool()
    add(made, b"fruitless", place=1, times=8)
    add(made, b"untried", place=2, times=8)
    made.seeds[0].fruitless = 3 * seed_pool.FRUITLESS
    assert shares(made)[b"fruitless"] == pytest.approx(1 / 5, abs=0.01)


def test_of_two_alike_the_shorter_is_chosen_more() -> None:
    made = pool()
    add(made, b"s" * 8, place=1, times=8)
    add(made, b"l" * 512, place=2, times=8)
    assert shares(made)[b"s" * 8] == pytest.approx(0.8, abs=0.01)  # 1 : 1/4


def test_a_schedule_without_rarity_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SeedPool, "_weight", lambda _self, _seed: 1.0)
    with pytest.raises(AssertionError):
        test_the_rarer_the_feature_the_more_often_its_seed_is_varied()
    with pytest.raises(AssertionError):
        test_a_new_seed_is_the_rarest_of_all_at_once()


def test_every_seed_is_chosen_at_some_time_and_none_is_out_of_reach() -> None:
    made = pool()
    for place in range(50):
        add(made, b"%d" % place, place=place, times=1 + place % 4)
    assert min(shares(made).values()) > 0
    assert made.choose(0.0) is made.seeds[0]
    assert made.choose(1 - 2**-53) is made.seeds[-1]


def test_seeds_that_show_nothing_are_chosen_alike() -> None:
    made = pool()
    made.add(b"one", ())
    made.add(b"two", ())
    assert shares(made) == {b"one": 0.5, b"two": 0.5}


def test_paths_are_forgotten_at_their_limit_and_features_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seed_pool, "MOST_PATHS", 10)
    made = pool()
    for place in range(100):
        assert made.note(path(place), [])
    assert not any(made.note(path(place), []) for place in range(100))
    assert len(made._paths) <= 10


def test_an_input_shows_what_is_its_own_or_does_not() -> None:
    made = pool()
    own = made.note(path(1, 2), [9])
    assert made.shows(own, path(1, 2), [9, 10])
    assert not made.shows(own, path(1, 2), [])
    made.note(path(1), [9])
    assert not made.shows(own, path(1), [9])
