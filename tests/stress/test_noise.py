"""Noise as a value: its text, its JSON, what it refuses."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stress.chance import Chance
from stress.noise import OFF, PRESETS, Noise, Pinning
from stress.noise_errors import NoiseTextError
from stress.noise_places import drawn

seconds = st.floats(1e-6, 60.0, allow_nan=False)
noises = st.builds(
    Noise,
    spell_s=st.just(0.0) | seconds,
    switch_s=st.lists(st.floats(1e-9, 1.0), max_size=4).map(tuple),
    gather_s=st.just(0.0) | seconds,
    yields=st.floats(0.0, 0.5),
    sleeps=st.floats(0.0, 0.5),
    places=st.integers(0, 1_000),
    near=st.booleans(),
    delay_s=seconds,
    budget_s=st.just(0.0) | seconds,
    pinning=st.sampled_from(Pinning),
    busy=st.integers(0, 1_024),
    memory_mib=st.integers(0, 4_096),
)


@pytest.mark.property
@given(noise=noises)
def test_text_and_json_are_read_back_as_the_same_noise(noise: Noise) -> None:
    assert Noise.parse(str(noise)) == noise
    assert Noise.from_json(noise.to_json()) == noise


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_shown_by_its_name(name: str) -> None:
    assert str(Noise.parse(name)) == name


def test_settings_change_a_preset_or_nothing() -> None:
    heavy = PRESETS["heavy"]
    changed = Noise.parse("heavy, pin=one, busy=4")
    assert changed == dataclasses.replace(heavy, pinning=Pinning.ONE, busy=4)
    assert Noise.parse("places=3,delay=2ms,switch=10us/1ms") == Noise(
        places=3, delay_s=0.002, switch_s=(0.000_01, 0.001)
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no such preset or setting"),
        ("loud", "there is no such preset or setting"),
        ("heavy,heavy", "at 'heavy'"),
        ("places", "there is no such preset or setting"),
        ("places=x", "'x' is no value: how many places"),
        ("places=-1", "places takes a whole number from 0 to 1000, got -1"),
        ("yields=200%", "yields takes a number from 0 to 1, got 2.0"),
        ("yields=60%,sleeps=60%", "together at most 1"),
        ("delay=0ms", "delay_s takes a number from 1e-06"),
        ("delay=nan", "delay_s takes a number"),
        ("pin=two", "processors: pin=free, one or spread"),
        ("near=maybe", "near=yes"),
        ("places=1,places=2", "at 'places=2': it is set twice"),
    ],
)
def test_a_text_that_names_no_noise_is_refused_with_what_there_is(text: str, says: str) -> None:
    with pytest.raises(NoiseTextError) as caught:
        Noise.parse(text)
    assert says in str(caught.value)
    assert "the presets off, switch, light, heavy" in str(caught.value)


@pytest.mark.parametrize(
    "found",
    [{"volume": 11}, {"places": "3"}, {"pinning": "two"}, {"switch_s": 5}, {"near": 1}],
    ids=str,
)
def test_json_that_describes_no_noise_is_refused(found: dict[str, Any]) -> None:
    with pytest.raises(NoiseTextError):
        Noise.from_json(found)


def test_only_noise_at_accesses_needs_the_subject_rewritten() -> None:
    assert not OFF.instruments
    assert not PRESETS["switch"].instruments
    assert PRESETS["light"].instruments
    assert Noise(places=1).instruments


def test_what_is_drawn_follows_from_what_it_is_made_of() -> None:
    assert [Chance(7, "a").share() for _ in range(3)] == [Chance(7, "a").share()] * 3
    assert Chance(7, "a").share() != Chance(8, "a").share()
    assert Chance(7, "a").share() != Chance(7, "b").share()


def test_gaps_come_as_often_as_their_share_says() -> None:
    chance = Chance("gaps")
    for share in (0.5, 0.1, 0.01):
        mean = sum(chance.gap(share) for _ in range(4_000)) / 4_000
        # The mean of 4000 has a spread of at most 1.6% of 1/share: 8% is five of them.
        assert math.isclose(mean, 1 / share, rel_tol=0.08)
    assert chance.gap(1.0) == 1


def test_durations_lie_in_all_orders_of_size_below_the_longest() -> None:
    chance = Chance("durations")
    seen = [chance.duration_s(1.0) for _ in range(1_000)]
    assert 0.01 <= min(seen) < 0.012
    assert 0.9 < max(seen) <= 1.0
    assert 400 < sum(duration < 0.1 for duration in seen) < 600  # half; 6 deviations are 95


def test_a_spell_is_at_most_as_strong_as_the_noise() -> None:
    noise = PRESETS["heavy"]
    for number in range(100):
        one = drawn(noise, Chance(number))
        assert one.delay_s <= noise.delay_s
        assert one.sleeps <= noise.sleeps
        assert one.yields <= noise.yields
