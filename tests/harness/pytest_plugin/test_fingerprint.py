"""What was changed in a value that is shared."""

from __future__ import annotations

import functools
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.pytest_run.fingerprint import MAX_PLACES, change, fingerprint


@dataclass
class Basket:
    """A user's object."""

    items: list[Any] = field(default_factory=list)
    name: str = "mine"
    inner: Any = None

    @functools.cached_property
    def size(self) -> int:
        return 5


class Slotted:
    """One without a dictionary."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 1


def changed(value: Any, act: Any) -> str:
    before = fingerprint(value, "it")
    act(value)
    return change(before, fingerprint(value, "it"))


CASES = [
    (Basket(), lambda it: it.items.append(1), "it.items was <list of 0>, and is <list of 1>"),
    (Basket(), lambda it: setattr(it, "name", "yours"), "it.name was 'mine', and is 'yours'"),
    (Basket(), lambda it: setattr(it, "extra", 1), "it.extra is new"),
    (Basket(), lambda it: delattr(it, "name"), "it.name is gone"),
    (Basket(inner=Basket()), lambda it: it.inner.items.append(1), "it.inner.items was"),
    (Slotted(), lambda it: setattr(it, "value", 2), "it.value was 1, and is 2"),
    ({"a": 1}, lambda it: it.update(a=2), "it['a'] was 1, and is 2"),
    ({"a": 1}, lambda it: it.pop("a"), "it was <dict of 1>, and is <dict of 0>"),
    ({1, 2}, lambda it: (it.remove(2), it.add(3)), "it was something, and is something else"),
    (deque([1]), lambda it: it.append(2), "it was something, and is something else"),
    (bytearray(b"secret"), lambda it: it.reverse(), "it was something, and is something else"),
    ([[1], [2]], lambda it: it[1].append(3), "it[1] was <list of 1>, and is <list of 2>"),
]


@pytest.mark.parametrize(("value", "act", "words"), CASES)
def test_the_first_difference_is_named_by_its_place(value: Any, act: Any, words: str) -> None:
    told = changed(value, act)
    assert told.startswith(words)
    assert "secret" not in told


def test_what_stays_as_it_was_is_no_change() -> None:
    basket = Basket(items=[1, {"a": (2, 3)}])
    basket.inner = basket  # a circle
    assert changed(basket, lambda it: it.items.__setitem__(0, 1)) == ""


def test_a_cache_that_fills_and_the_insides_of_a_library_are_no_change() -> None:
    assert changed(Basket(), lambda it: it.size) == ""
    lock = threading.Lock()
    assert changed({"lock": lock}, lambda _: lock.acquire()) == ""
    event = threading.Event()
    assert changed(Basket(inner=event), lambda _: event.set()) == ""


def test_a_large_value_costs_a_bounded_time() -> None:
    large = [[number] for number in range(100)] * 100
    assert len(fingerprint({"a": [large] * 100, "b": list(range(10**5))}, "it")) <= MAX_PLACES
