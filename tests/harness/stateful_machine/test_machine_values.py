"""Results of two runs: equal by value, or by where the same object comes up again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from harness.linearizability.raised import raised
from harness.stateful.machine_values import Pairing, Slots


class Handle: ...


class Colour(Enum):
    RED = 1


@dataclass
class Point:
    x: int


def agree(seen: list[Any], wanted: list[Any]) -> bool:
    """Say whether two runs agree that showed these results, one after the other."""
    one, two = Slots(), Slots()
    pairing: Pairing | None = Pairing()
    for left, right in zip(seen, wanted, strict=True):
        if pairing is not None:
            pairing = pairing.with_equal(one.settle(left), two.settle(right))
    return pairing is not None


@pytest.mark.parametrize(
    "value",
    [
        0, "text", None, True, 1.5, b"x", (1, "a"), [1, [2]], {"a": [1]}, {1, 2}, frozenset({3}),
        deque([1]), Colour.RED, int, len, Point(1), float("nan"), bytearray(b"x"), range(3),
    ],
    ids=repr,
)  # fmt: skip
def test_values_compare_by_value(value: Any) -> None:
    assert agree([value], [value])
    assert not agree([value], ["something else"])


def test_points_of_two_runs_are_equal_by_their_fields() -> None:
    assert agree([Point(1)], [Point(1)])
    assert not agree([Point(1)], [Point(2)])


def test_objects_agree_if_they_come_up_at_the_same_places() -> None:
    a, b, c, d = Handle(), Handle(), Handle(), Handle()
    assert agree([a, b, a], [c, d, c])
    assert not agree([a, b, a], [c, d, d])
    assert not agree([a, a], [c, d])
    assert not agree([a, b], [c, c])


def test_objects_are_known_inside_of_containers() -> None:
    a, b, c, d = Handle(), Handle(), Handle(), Handle()
    assert agree([a, [a, b]], [c, [c, d]])
    assert not agree([a, [a, b]], [c, [d, c]])
    assert agree([a, {"k": a}], [c, {"k": c}])
    assert not agree([a, b, {"k": a}], [c, d, {"k": d}])
    assert agree([a, {a, b}], [c, {d, c}])
    assert not agree([a, b, {a}], [c, d, {d}])


def test_a_number_of_a_model_stands_for_an_object() -> None:
    a, b = Handle(), Handle()
    assert agree([a, b, a], [0, 1, 0])
    assert not agree([a, b], [0, 0])
    assert not agree([a, a], [0, 1])


def test_a_result_is_kept_as_it_was() -> None:
    slots, items = Slots(), [1]
    before = slots.settle(items)
    items.append(2)
    assert Pairing().with_equal(before, Slots().settle([1])) is not None


def test_exceptions_compare_by_their_class() -> None:
    assert agree([raised(KeyError("a"))], [raised(KeyError("b"))])
    assert not agree([raised(KeyError("a"))], [raised(IndexError("a"))])
