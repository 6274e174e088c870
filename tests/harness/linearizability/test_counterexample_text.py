"""A counterexample in a terminal: what a tired reader sees, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ArgumentError
from harness.linearizability import (
    Criterion,
    Fifo,
    History,
    Judgement,
    KeyValue,
    Operation,
    Raised,
    Register,
    SequentialModel,
    Status,
    Verdict,
    check,
    reduce,
    to_text,
)
from harness.linearizability.shown_values import columns


def op(client: int | str, name: str, given: tuple[Any, ...], output: Any, *at: float) -> Operation:
    return Operation(
        client=client, name=name, arguments=given, output=output, call=at[0], ret=at[1]
    )


def pending(client: int, name: str, given: tuple[Any, ...], call: float) -> Operation:
    return Operation(
        client=client, name=name, arguments=given, status=Status.UNKNOWN, call=call, ret=None
    )


def told(history: History, model: Any, width: int = 80, **options: Any) -> str:
    found = reduce(history, check(history, model, **options))
    text = found.text(width=width)
    assert max(columns(line) for line in text.splitlines()) <= max(width, 80)
    return text.rpartition("; ")[0]  # how long it took is never the same


STALE = History.of(
    [
        op(0, "put", ("k", 1), None, 0, 1),
        op(0, "put", ("k", 2), None, 4, 5),
        op(1, "get", ("k",), 1, 6, 7),
        op(1, "get", ("j",), Raised("KeyError"), 8, 9),
    ]
)


def test_a_stale_read_is_told_in_lanes() -> None:
    assert (
        told(STALE, KeyValue(), 100)
        == """\
No order explains these 3 operations: get('k') returned 1 after put('k', 2) had come back.

  client 0  ┣ put('k', 1) ┫ ┣ put('k', 2) ┫
  client 1                                  ┣ get('k') -> 1 ┫ ✗

  Bars that overlap may take effect in either order; what came back before another was called stands
  before it.

Times that matter:
  put('k', 2) was called after put('k', 1) had come back
  get('k') -> 1 was called after put('k', 2) had come back

A longest order that the model allows, and the state after each:
    at first       nothing
    put('k', 1)    1
    put('k', 2)    2
  ✗ get('k') -> 1  the model returns 2 here

Reduced from 4 operations, 3 of them of this part, to a prefix of 3, core of 3"""
    )


def test_a_value_taken_twice_is_told_with_numbers_where_words_repeat() -> None:
    history = History.of(
        [
            op("Producer", "put", ("order 17",), None, 0, 3),
            op("Worker-1", "get", (), "order 17", 5, 9),
            op("Worker-2", "get", (), "order 17", 6, 10),
        ]
    )
    assert (
        told(history, Fifo())
        == """\
No order explains these 2 operations: get() of Worker-1 returned 'order 17' and
get() of Worker-2 returned 'order 17'.

  Producer  ├ 1 ┤
  Worker-1        ┣ 2 ┫
  Worker-2        ┣ 3 ┫ ✗

  · 1  Producer  put('order 17')
    2  Worker-1  get() -> 'order 17'
  ✗ 3  Worker-2  get() -> 'order 17'

  Bars that overlap may take effect in either order; what came back before
  another was called stands before it.
  Light bars may take effect at any later time, or never: their results do not
  matter.

A longest order that the model allows (1 of 2), and the state after each:
    at first                 empty
    [1] put('order 17')      1 inside: ['order 17']
    [2] get() -> 'order 17'  empty
  ✗ [3] get() -> 'order 17'  it would have to wait here

A longest order that the model allows (2 of 2), and the state after each:
    at first                 empty
    [1] put('order 17')      1 inside: ['order 17']
    [3] get() -> 'order 17'  empty
  ✗ [2] get() -> 'order 17'  it would have to wait here

The result of the one other operation until then does not matter.
Reduced from 3 operations to a prefix of 3, core of 2"""
    )


def test_sequential_consistency_speaks_of_clients_and_not_of_time() -> None:
    history = History.of(
        [
            op(0, "write", (1,), None, 0, 1),
            op(0, "write", (2,), None, 2, 3),
            op(1, "read", (), 2, 4, 5),
            op(1, "read", (), 1, 6, 7),
        ]
    )
    text = told(history, Register(), criterion=Criterion.SEQUENTIALLY_CONSISTENT)
    assert text.startswith(
        "No order explains these 3 operations: read() returned 1 after the same client's\n"
        "read() had returned 2."
    )
    assert "write(2) was called after write(1) by the same client" in text
    assert "time between clients does not" in text


def test_quiescent_consistency_says_where_the_order_counts() -> None:
    history = History.of([op(0, "write", (1,), None, 0, 1), op(1, "read", (), 2, 4, 5)])
    text = told(history, Register(), criterion=Criterion.QUIESCENTLY_CONSISTENT)
    assert "Operations keep their order where nothing ran between them, and only there." in text


def test_ascii_alone_is_drawn_where_a_terminal_has_no_more() -> None:
    found = reduce(STALE, check(STALE, KeyValue()))
    text = found.text(width=90, ascii_only=True)
    assert text.isascii()
    assert "[ put('k', 2) ]" in text
    assert "x get('k') -> 1  the model returns 2 here" in text


def test_an_operation_that_never_came_back_is_torn_at_its_end() -> None:
    history = History.of(
        [
            op(0, "write", (0,), None, 0, 1),
            pending(1, "write", (7,), 2),
            op(2, "read", (), 7, 3, 4),
            op(2, "read", (), 0, 5, 6),
        ]
    )
    text = told(history, Register())
    assert "├ write(7) -> ? ┄" in text or "├ write(7) -> ? ▷" in text


def test_long_and_hostile_values_stay_on_their_line() -> None:
    long = "x" * 1_000_000
    history = History.of(
        [
            op("a\x1b[2J\u202e", "put", ("k", long), None, 0, 1),
            op(1, "get", ("k",), f"{long}\x00\n", 2, 3),
        ]
    )
    text = told(history, KeyValue())
    assert len(text) < 5_000
    assert all(line.isprintable() for line in text.splitlines())


def test_wide_characters_do_not_shift_the_lanes() -> None:
    history = History.of([op(0, "write", ("日本",), None, 0, 1), op("客", "read", (), "x", 2, 3)])
    told(history, Register())


def test_bytes_are_never_told() -> None:
    class Vault:
        def __init__(self) -> None:
            self.key = b""

        def lock(self, key: bytes) -> None:
            self.key = key

        def read(self) -> bytes:
            return self.key

    history = History.of(
        [op(0, "lock", (b"k3yk3y",), None, 0, 1), op(1, "read", (), b"othr00", 2, 3)]
    )
    text = told(history, SequentialModel(Vault))
    assert "k3y" not in text
    assert "othr" not in text
    assert "read() -> <bytes#1 of 6>" in text or "read() -> <bytes#2 of 6>" in text


def test_a_history_too_long_to_draw_is_drawn_at_its_end_and_that_is_said() -> None:
    many = [op(0, "write", (at,), None, 2 * at, 2 * at + 1) for at in range(200)]
    history = History.of([*many, op(1, "read", (), 500, 1000, 1001)])
    judgement = check(history, Register())
    text = reduce(history, judgement, budget_s=0).text(width=80)
    assert "before these are not drawn)" in text
    assert "stopped by its budget after 0 checks" in " ".join(text.split())
    assert len(text.splitlines()) < 140


def test_an_order_that_shows_a_history_right_is_told_with_its_states() -> None:
    history = History.of(
        [
            op(0, "write", (1,), None, 0, 3),
            op("other", "read", (), None, 1, 2),
            op(0, "read", (), 1, 4, 5),
        ]
    )
    model = Register()
    text = to_text(history, check(history, model), model=model, width=80)
    assert (
        text
        == """\
An order explains all 3 operations.

An order, and the state after each:
    other     read() -> None  None
    client 0  write(1)        1
    client 0  read() -> 1     1"""
    )


def test_what_is_not_decided_says_which_budget_ended() -> None:
    judgement = Judgement(
        verdict=Verdict.UNDECIDED, criterion=Criterion.LINEARIZABLE, model="kv",
        operations=len(STALE), why="time: 60 s",
    )  # fmt: skip
    text = to_text(STALE, judgement, model=KeyValue())
    assert text == "Not decided whether an order explains the 4 operations: time: 60 s."


def test_to_text_tells_a_counterexample_where_there_is_no_order() -> None:
    model = KeyValue()
    text = to_text(STALE, check(STALE, model), model=model, width=80)
    assert text.startswith("No order explains these 3 operations")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"history": [1]}, "history"),
        ({"judgement": None}, "judgement"),
        ({"model": "kv"}, "model"),
        ({"history": History(())}, "of 0 operations"),
    ],
    ids=["history", "judgement", "model", "other history"],
)
def test_a_picture_says_what_it_takes(change: dict[str, Any], says: str) -> None:
    given = {"history": STALE, "judgement": check(STALE, KeyValue()), "model": KeyValue(), **change}
    with pytest.raises(ArgumentError, match=says):
        to_text(given["history"], given["judgement"], model=given["model"])


def test_a_width_is_a_number_of_columns() -> None:
    found = reduce(STALE, check(STALE, KeyValue()))
    with pytest.raises(ArgumentError, match="width"):
        found.text(width=0)
    assert str(found).startswith("No order explains")
