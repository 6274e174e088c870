"""Values in pictures: bounded, on one line, and without what may be a secret."""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from harness.linearizability import Raised
from harness.linearizability.frozen import Frozen, Held, frozen
from harness.linearizability.shown_values import Values, columns, one_line, shortened


@dataclass(frozen=True)
class Token:
    key: bytes
    owner: str = "ann"
    hint: str = field(default="hunter2", repr=False)


@dataclass
class Vault:
    key: bytes


class Redacted:
    def __repr__(self) -> str:
        return "<secret of 32 bytes>"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


class Pair(NamedTuple):
    left: bytes
    right: int


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (-3, "-3"),
        (10**300, "<int of 997 bits>"),
        ("it's", '"it\'s"'),
        ("a\u202eb\x00\ud800\n", "'a\\u202eb\\x00\\ud800\\n'"),
        ("x" * 1_000_000, f"'{'x' * 60}'… (1,000,000 characters)"),
        (b"k3y", "<bytes#1 of 3>"),
        (bytearray(b"k3y"), "<bytearray#1 of 3>"),
        ((1,), "(1,)"),
        ([1, "a"], "[1, 'a']"),
        ({"k": b"k3y"}, "{'k': <bytes#1 of 3>}"),
        (frozenset({2, 1}), "{1, 2}"),
        (set(), "set()"),
        (deque([1]), "deque([1])"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 88 more]"),
        ([[[[[1]]]]], "[[[[[…]]]]]"),
        (Raised("queue.Empty"), "raised queue.Empty"),
        (Colour.RED, "Colour.RED"),
        (Redacted(), "<secret of 32 bytes>"),
        (Broken(), "<Broken#1>"),
        (object(), "<object#1>"),
        (Token(b"k3y"), "Token(key=<bytes#1 of 3>, owner='ann')"),
        (Pair(b"k3y", 2), "Pair(left=<bytes#1 of 3>, right=2)"),
        (frozen(Vault(b"k3y")), "<Vault#1>"),
        (frozen([1, {"a": 2}]), "[1, {'a': 2}]"),
        (Held(3), "3"),
    ],
    ids=lambda one: str(one)[:20] if isinstance(one, str) else type(one).__name__,
)
def test_a_value_is_shown(value: Any, shown: str) -> None:
    assert Values().show(value) == shown


def test_equal_bytes_have_one_number_and_others_another() -> None:
    values = Values()
    shown = [values.show(one) for one in (b"one", b"two", b"one", (b"two",))]
    assert shown == ["<bytes#1 of 3>", "<bytes#2 of 3>", "<bytes#1 of 3>", "(<bytes#2 of 3>,)"]
    assert Values(numbered=False).show(b"one") == "<bytes of 3>"


def test_a_frozen_copy_is_never_shown_by_its_attributes() -> None:
    copied = Frozen("shop.Card", (("_pin", "1234"),))
    assert "1234" in repr(copied)  # which is why it is not shown by its repr
    assert Values().show(copied) == "<Card#1>"


def test_text_stays_on_its_line_and_in_its_columns() -> None:
    assert one_line("a\r\x1b[2Jb") == "a\\r\\x1b[2Jb"
    assert shortened("x" * 50, 10) == "xxxxxxxxx…"
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
