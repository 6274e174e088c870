"""Programs as values: written in short, checked, printed."""

from __future__ import annotations

import pytest

from harness import ArgumentError
from harness.stateful import Call, Program


def size(subject: list[object]) -> int:
    return len(subject)


def test_a_program_is_written_in_short_and_read_as_columns() -> None:
    program = Program.of(
        [("put", 1), "get"], [Call.of("get", timeout=2)], prefix=["get"], suffix=[size]
    )
    assert str(program) == (
        "first: get()\nT1       T2\nput(1)   get(timeout=2)\nget()\nthen: size()"
    )
    assert len(program) == 5
    assert [call.name for call in program.calls()] == ["get", "put", "get", "get", "size"]


def test_bytes_are_not_shown_they_may_be_a_secret() -> None:
    program = Program.of([("seal", b"hunter2")])
    assert "hunter2" not in str(program)


@pytest.mark.parametrize(
    ("threads", "extra", "says"),
    [
        (["get"], {}, "threads is 'get'"),
        ([[1]], {}, "it takes calls"),
        ([[("put", 1)]], {"prefix": [None]}, "prefix is None"),
        ([], {}, "from 1 to 64 calls"),
        ([["get"] * 65], {}, "from 1 to 64 calls"),
        ([["get"]] * 17, {}, "at most 16"),
    ],
    ids=["a text", "a number", "a prefix of nothing", "no call", "too many calls", "threads"],
)
def test_what_is_no_program_is_refused_with_what_would_be(
    threads: list[list[object]], extra: dict[str, list[object]], says: str
) -> None:
    with pytest.raises(ArgumentError, match="it takes") as caught:
        Program.of(*threads, **extra)
    assert says in str(caught.value)


def test_a_program_made_by_hand_is_checked_before_it_runs() -> None:
    with pytest.raises(ArgumentError, match="tuple of Call values"):
        Program(threads=(("get",),)).check()  # type: ignore[arg-type]  # the point of it
