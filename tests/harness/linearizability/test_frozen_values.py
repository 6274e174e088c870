"""Values that change are kept as they were, and compare as they did."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.linearizability.frozen import Frozen, Held, frozen, same, thawed

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(LEAVES, inner)
        | st.sets(LEAVES)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(deque)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_a_frozen_value_can_be_hashed_equals_its_origin_and_thaws_to_it(value: Any) -> None:
    kept = frozen(value)
    hash(kept)
    assert kept == value
    assert thawed(kept) == value


@given(VALUES, VALUES)
def test_frozen_values_are_equal_where_the_values_are(one: Any, two: Any) -> None:
    assert (frozen(one) == frozen(two)) == (one == two)
    if one == two:
        assert hash(frozen(one)) == hash(frozen(two))


def test_a_change_after_freezing_is_not_seen() -> None:
    inner = [1]
    kept = frozen({"a": inner})
    inner.append(2)
    assert kept == {"a": [1]}
    assert kept != {"a": [1, 2]}


def test_an_object_that_hashes_is_kept_as_it_is() -> None:
    class Job:
        pass

    job = Job()
    assert frozen(job) is job


def test_a_value_class_with_a_list_in_it_can_be_hashed() -> None:
    @dataclasses.dataclass(frozen=True)
    class Point:
        at: Any

    plain = Point(1)
    assert frozen(plain) is plain
    kept = frozen(Point([1]))
    hash(kept)
    assert kept == Point([1])
    assert kept != Point([2])


def test_a_mutable_value_class_is_copied_by_attribute() -> None:
    @dataclasses.dataclass(slots=True)
    class Box:
        item: int

    box = Box(1)
    kept = frozen(box)
    box.item = 2
    assert kept == Box(1)
    assert repr(kept).endswith("Box(item=1)")


def test_a_value_that_holds_itself_ends() -> None:
    knot: list[Any] = []
    knot.append(knot)
    assert isinstance(frozen(knot).content[0], Held)


def test_no_code_of_the_users_runs() -> None:
    class Loud:
        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __hash__(self) -> int:
            raise AssertionError

    loud = Loud()
    kept = frozen([loud, (loud,)])
    assert kept.content[0] is loud


def test_derived_classes_compare_as_the_plain_ones() -> None:
    assert frozen(OrderedDict(a=1)) == {"a": 1}


def test_not_a_number_is_itself() -> None:
    nan = float("nan")
    assert same(nan, nan)
    assert not same(nan, float("nan"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, "a"], "[1, 'a']"),
        ({"a": [1]}, "{'a': [1]}"),
        (set(), "set()"),
        ({1}, "{1}"),
        (deque([1]), "deque([1])"),
    ],
)
def test_a_frozen_value_shows_as_what_it_was(value: Any, words: str) -> None:
    assert isinstance(frozen(value), Frozen)
    assert repr(frozen(value)) == words
