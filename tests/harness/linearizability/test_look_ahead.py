"""What models say is in reach is true of them, and looking ahead pays and changes no verdict."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.linearizability import (
    REFUSED,
    CasRegister,
    History,
    KeyValueAppend,
    Model,
    Operation,
    Register,
    Status,
    check,
)
from harness.linearizability.models.key_value_part import KeyValuePart

if TYPE_CHECKING:
    from harness.linearizability import Refused

TEXTS = st.sampled_from(["", "a", "b", "ab", "ba"])
SMALL = st.integers(0, 2)
GROW_OR_PUT = st.sampled_from(["put", "append"])
NO = st.sampled_from([False])


def operation(name: str, *arguments: Any, output: Any = None, known: bool = True) -> Operation:
    return Operation(
        client=0, name=name, arguments=arguments, output=output if known else None, call=0,
        ret=1 if known else None, status=Status.OK if known else Status.UNKNOWN,
    )  # fmt: skip


def operations(model: type[Model[Any]]) -> st.SearchStrategy[Operation]:
    """Return operations of a model with any results, known and unknown."""
    known = st.booleans()
    if model is KeyValuePart:
        texts = [
            st.builds(operation, st.just("get"), st.just("k"), output=st.none() | TEXTS),
            st.builds(operation, st.just("__contains__"), st.just("k"), output=st.booleans()),
            st.builds(operation, GROW_OR_PUT, st.just("k"), TEXTS, known=known),
            st.builds(operation, st.just("setdefault"), st.just("k"), TEXTS, known=NO),
            st.builds(operation, st.just("delete"), st.just("k"), known=known),
            st.builds(operation, st.just("delete"), st.just("k"), output=NO),
            st.builds(operation, st.just("pop"), st.just("k"), known=NO),
            st.builds(
                operation, st.just("cas"), st.just("k"), TEXTS, TEXTS, output=st.booleans(),
                known=known,
            ),
        ]  # fmt: skip
        return st.one_of(texts)
    values = [
        st.builds(operation, st.just("read"), output=SMALL),
        st.builds(operation, st.just("write"), SMALL, known=known),
        st.builds(operation, st.just("swap"), SMALL, output=SMALL, known=known),
    ]
    if model is CasRegister:
        values.append(
            st.builds(operation, st.just("cas"), SMALL, SMALL, output=st.booleans(), known=known)
        )
    return st.one_of(values)


def unreachable(model: Model[Any], given_operations: list[Operation]) -> str:
    """Run operations one after another; return how a model was wrong on what is in reach."""
    state = model.initial()
    out_of_reach: list[Operation] = []
    for one in given_operations:
        watchers = [one for one in given_operations if one.known and model.observes(one)]
        after = model.step(state, one)
        if after is REFUSED:
            continue
        jump = model.jumps_to(one)
        if after != state and jump is not REFUSED:
            out_of_reach = []
            if after != jump:
                return f"{one} leads to {after!r}, and not to {jump!r}"
        state = after
        for lost in out_of_reach:
            if model.step(state, lost) is not REFUSED:
                return f"{lost} was out of reach, and fits {state!r}"
        out_of_reach += [one for one in watchers if not model.in_reach(state, one)]
    return ""


@pytest.mark.property
@pytest.mark.parametrize("model", [Register, CasRegister, KeyValuePart])
@given(data=st.data())
def test_what_is_out_of_reach_needs_a_jump(model: type[Model[Any]], data: st.DataObject) -> None:
    drawn = data.draw(st.lists(operations(model), max_size=8))
    assert not unreachable(model(), drawn)


class TooNarrow(KeyValuePart):
    """Takes a text for one that does not grow."""

    def in_reach(self, state: Any, operation: Operation) -> bool:
        return self.step(state, operation) is not REFUSED


class NoJumps(KeyValuePart):
    """Says that nothing jumps."""

    def jumps_to(self, operation: Operation) -> Refused:
        return REFUSED


@pytest.mark.parametrize("model", [TooNarrow, NoJumps])
def test_a_model_that_is_wrong_on_what_is_in_reach_is_caught(model: type[Model[Any]]) -> None:
    run = [
        operation("put", "k", "b"),
        operation("put", "k", "a"),
        operation("append", "k", "b"),
        operation("get", "k", output="ab"),
        operation("put", "k", "b"),
        operation("get", "k", output="b"),
    ]
    assert unreachable(model(), run)
    assert not unreachable(KeyValuePart(), run)


class Blind(KeyValueAppend):
    """The same store, which does not look ahead."""

    def part(self) -> Model[Any]:
        return BlindPart(initial="")


class BlindPart(KeyValuePart):
    in_reach = Model.in_reach
    jumps_to = Model.jumps_to


def concurrent_appends(seed: int) -> History:
    """Return a history of appends at once, which gets see much later, once in a wrong order."""
    rng = random.Random(seed)
    made, text, now = [], "", 0
    for burst in range(6):
        pieces = [f"{burst}{letter} " for letter in "abcd"]
        rng.shuffle(pieces)
        made += [
            Operation(client=at, name="append", arguments=("k", one), call=now, ret=now + 30)
            for at, one in enumerate(sorted(pieces))
        ]
        text += "".join(pieces)
        seen = text.replace("2a", "9z") if burst == 5 and seed % 2 else text
        at = now + 31
        made.append(Operation(client=9, name="get", arguments=("k",), output=seen, call=at, ret=at))
        now += 40
    return History.of(made)


@pytest.mark.parametrize("seed", range(6))
def test_looking_ahead_changes_no_verdict_and_saves_most_of_the_search(seed: int) -> None:
    history = concurrent_appends(seed)
    far = check(history, KeyValueAppend())
    blind = check(history, Blind())
    assert far.holds is blind.holds is (seed % 2 == 0)
    assert far.configurations <= blind.configurations
