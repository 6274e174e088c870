"""Laws that verdicts keep, whatever the history: weakening, renaming, splitting, criteria."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.linearizability import Criterion, History, Operation, Status, check
from tests.harness.linearizability.random_histories import SUBJECTS, random_history

if TYPE_CHECKING:
    from harness.linearizability import Model

pytestmark = pytest.mark.property
CRITERIA = st.sampled_from(list(Criterion))


@st.composite
def judged_histories(draw: st.DrawFn) -> tuple[History, Model[Any]]:
    """Draw a history of up to 14 operations and its model."""
    subject = SUBJECTS[draw(st.sampled_from(sorted(SUBJECTS)))]
    rng = random.Random(draw(st.integers(0, 2**32)))
    history, _ = random_history(subject, rng, most=14)
    return history, subject.model()


def holds(history: History, model: Model[Any], criterion: Criterion, **more: Any) -> bool | None:
    return check(history, model, criterion=criterion, **more).holds


@given(judged_histories())
def test_what_is_linearizable_satisfies_the_weaker_criteria(
    drawn: tuple[History, Model[Any]],
) -> None:
    history, model = drawn
    if holds(history, model, Criterion.LINEARIZABLE):
        assert holds(history, model, Criterion.SEQUENTIALLY_CONSISTENT)
        assert holds(history, model, Criterion.QUIESCENTLY_CONSISTENT)


@given(judged_histories(), CRITERIA, st.data())
def test_a_weaker_history_holds_where_the_stronger_did(
    drawn: tuple[History, Model[Any]], criterion: Criterion, data: st.DataObject
) -> None:
    history, model = drawn
    if not history or not holds(history, model, criterion):
        return
    at = data.draw(st.integers(0, len(history) - 1))
    one = history.operations[at]
    earlier = data.draw(st.integers(0, 5))
    weaker = [replace(one, call=one.call - earlier)]
    if one.ret is not None:
        weaker.append(replace(one, ret=one.ret + earlier))
    weaker.append(replace(one, status=Status.UNKNOWN, output=None, ret=None))
    for other in weaker:
        changed = History.of(other if index == at else each for index, each in enumerate(history))
        assert holds(changed, model, criterion)


@given(judged_histories(), CRITERIA)
def test_names_of_clients_and_units_of_time_do_not_matter(
    drawn: tuple[History, Model[Any]], criterion: Criterion
) -> None:
    history, model = drawn
    renamed = History.of(_renamed(one) for one in history)
    assert holds(renamed, model, criterion) is holds(history, model, criterion)


@given(judged_histories(), CRITERIA)
def test_parts_do_not_matter(drawn: tuple[History, Model[Any]], criterion: Criterion) -> None:
    history, model = drawn
    whole = holds(history, model, criterion, partition=False)
    assert holds(history, model, criterion) is whole


@given(judged_histories(), CRITERIA)
def test_a_verdict_is_the_same_every_time(
    drawn: tuple[History, Model[Any]], criterion: Criterion
) -> None:
    history, model = drawn
    first = check(history, model, criterion=criterion)
    again = check(history, model, criterion=criterion)
    assert (first.verdict, first.order, first.configurations) == (
        again.verdict, again.order, again.configurations,
    )  # fmt: skip


# Not so for quiescent consistency: what never came back keeps every later moment from being quiet,
# and what is cut off would be called in a new one. Nor for sequential consistency: what a client
# read may be explained by what another one calls only later.
@given(judged_histories())
def test_a_beginning_of_a_right_history_is_right(drawn: tuple[History, Model[Any]]) -> None:
    """What had not come back by then never did."""
    history, model = drawn
    if not history or not holds(history, model, Criterion.LINEARIZABLE):
        return
    cut = history.operations[len(history) // 2].call
    begun = [_until(one, cut) for one in history if one.call <= cut]
    assert holds(History.of(begun), model, Criterion.LINEARIZABLE)


def test_what_is_read_early_may_be_explained_by_what_is_called_late() -> None:
    read = Operation(client=0, name="read", output="a", call=0, ret=1)
    write = Operation(client=1, name="write", arguments=("a",), call=5, ret=6)
    model = SUBJECTS["text"].model()
    assert holds(History.of([read, write]), model, Criterion.SEQUENTIALLY_CONSISTENT)
    assert not holds(History.of([read]), model, Criterion.SEQUENTIALLY_CONSISTENT)
    assert not holds(History.of([read, write]), model, Criterion.LINEARIZABLE)


@given(
    judged_histories(),
    st.sampled_from([Criterion.LINEARIZABLE, Criterion.SEQUENTIALLY_CONSISTENT]),
)
def test_a_beginning_of_an_order_is_an_order(
    drawn: tuple[History, Model[Any]], criterion: Criterion
) -> None:
    history, model = drawn
    order = check(history, model, criterion=criterion).order
    if order is None:
        return
    kept = sorted(order[: len(order) // 2])
    assert holds(History.of(history.operations[at] for at in kept), model, criterion)


def _renamed(one: Operation) -> Operation:
    ret = None if one.ret is None else one.ret * 3.5 - 100
    return replace(one, client=f"client {one.client}", call=one.call * 3.5 - 100, ret=ret)


def _until(one: Operation, cut: float) -> Operation:
    if one.ret is None or one.ret <= cut:
        return one
    return replace(one, ret=None, status=Status.UNKNOWN, output=None)
