"""Reduction only weakens: each step is held to its theorem by brute force over all orders."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ArgumentError
from harness.linearizability import (
    REFUSED,
    Criterion,
    Failure,
    History,
    Judgement,
    Model,
    Operation,
    Prefix,
    Status,
    Verdict,
    check,
    reduction,
    reduction_situations,
)
from harness.linearizability.model_answers import answer, unpredictable
from harness.linearizability.reduction import reduce
from harness.linearizability.reduction_search import first_bad, needed
from harness.linearizability.reduction_situations import moments as each_moment
from harness.linearizability.reduction_situations import rest_from
from harness.linearizability.reduction_steps import (
    Weakening,
    both,
    moments,
    weaken,
    without_results,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CRITERIA = list(Criterion)


class Register(Model[Any]):
    """A register with compare-and-set, as tests need it: nothing shared with the real ones."""

    name = "register"

    def initial(self) -> Any:
        return 0

    def step(self, state: Any, operation: Operation) -> Any:
        if operation.name == "write":
            return operation.arguments[0]
        if operation.name == "read":
            return state if not operation.known or operation.output == state else REFUSED
        old, new = operation.arguments
        if operation.known and operation.output is not (state == old):
            return REFUSED
        return new if state == old else state

    def observes(self, operation: Operation) -> bool:
        return operation.name == "read" or (operation.name == "cas" and operation.output is False)


class Queue(Model[Any]):
    """A queue of which a get waits where it is empty."""

    name = "queue"

    def initial(self) -> Any:
        return ()

    def step(self, state: Any, operation: Operation) -> Any:
        if operation.name == "put":
            return (*state, operation.arguments[0])
        if not state or (operation.known and operation.output != state[0]):
            return REFUSED
        return state[1:]


# -- brute force: every order, no cleverness ------------------------------------------------------


def must_precede(history: History, criterion: Criterion) -> set[tuple[int, int]]:
    """Return which operation has to stand before which, by the definition of each criterion."""
    pairs = set()
    for one, two in itertools.permutations(range(len(history)), 2):
        first, second = history.operations[one], history.operations[two]
        ended = first.ret if first.known else None
        if criterion is Criterion.SEQUENTIALLY_CONSISTENT:
            before = first.known and first.client == second.client and first.call < second.call
        elif ended is None or not ended < second.call:
            before = False
        elif criterion is Criterion.LINEARIZABLE:
            before = True
        else:
            before = quiet_moment(history, ended, second.call)
        if before:
            pairs.add((one, two))
    return pairs


def quiet_moment(history: History, begin: float, end: float) -> bool:
    """Say whether nothing runs somewhere between; what is unknown runs for ever."""
    times = sorted({begin, end, *(one.call for one in history), *(one.ret or 0 for one in history)})
    middles = [(a + b) / 2 for a, b in itertools.pairwise(times) if begin <= a and b <= end]
    return any(
        not any(
            one.call <= at and (not one.known or one.ret is None or one.ret >= at)
            for one in history
        )
        for at in middles
    )


def brute(
    history: History, model: Model[Any], *, criterion: Criterion = Criterion.LINEARIZABLE, **_: Any
) -> Judgement:
    """Judge a small history by trying every order."""
    pairs = must_precede(history, criterion)
    required = {index for index, one in enumerate(history) if one.known}
    longest: list[tuple[tuple[int, ...], Any]] = []
    witness: list[tuple[int, ...]] = []
    seen = set()

    def extend(order: tuple[int, ...], state: Any) -> None:
        if witness or (frozenset(order), state) in seen:
            return
        seen.add((frozenset(order), state))
        if required <= set(order):
            witness.append(order)
            return
        longest.append((order, state))
        for index in ready(order):
            after = model.step(state, history.operations[index])
            if after is not REFUSED:
                extend((*order, index), after)

    def ready(order: tuple[int, ...]) -> list[int]:
        left = set(range(len(history))) - set(order)
        return [
            two
            for two in sorted(left)
            if not any((one, two) in pairs and one in required for one in left)
            # what has taken effect cannot be followed by what had to stand before it
            and not any((two, one) in pairs for one in order)
        ]

    extend((), model.initial())
    failure = None
    if not witness:
        most = max(len(order) for order, _ in longest)
        prefixes = tuple(
            Prefix(order, repr(state), tuple(
                index for index in ready(order)
                if model.step(state, history.operations[index]) is REFUSED
            ))
            for order, state in longest if len(order) == most
        )  # fmt: skip
        failure = Failure(history, None, prefixes, model)
    return Judgement(
        verdict=Verdict.that(criterion, holds=bool(witness)), criterion=criterion,
        model=model.name, operations=len(history),
        order=witness[0] if witness else None, failure=failure,
    )  # fmt: skip


# -- histories ----------------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn, *, most: int = 7) -> History:
    """Draw a register's history of a few clients; each calls one operation after the other."""
    operations = []
    for client in range(draw(st.integers(1, 3))):
        now = draw(st.integers(0, 4))
        for _ in range(draw(st.integers(0, 3))):
            name = draw(st.sampled_from(["read", "write", "cas"]))
            value = st.integers(0, 2)
            given_ = {"read": (), "write": (draw(value),), "cas": (draw(value), draw(value))}[name]
            output = {"read": draw(value), "write": None, "cas": draw(st.booleans())}[name]
            end = now + draw(st.integers(0, 5))
            unknown = draw(st.integers(0, 5)) == 0
            operations.append(
                Operation(
                    client=client, name=name, arguments=given_,
                    output=None if unknown else output,
                    status=Status.UNKNOWN if unknown else Status.OK, call=now,
                    ret=None if unknown and draw(st.booleans()) else end,
                )
            )  # fmt: skip
            now = end + draw(st.integers(0, 3))
    return History.of(operations[:most])


def indices(history: History) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(0, max(len(history) - 1, 0)))


@st.composite
def weakenings(draw: st.DrawFn, history: History, criterion: Criterion) -> Weakening:
    """Draw anything that reduction may ever do to a history."""
    cuts = [None, *moments(history, criterion=criterion)]
    known = [index for index in draw(indices(history)) if index < len(history)]
    results = without_results(history, known, observes=Register().observes, criterion=criterion)
    return both(results, Weakening(
        cut=draw(st.sampled_from(cuts)), early=draw(indices(history)), late=draw(indices(history))
    ))  # fmt: skip


SLOW = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize=True,
    database=None,
)


@SLOW
@given(data=st.data(), criterion=st.sampled_from(CRITERIA), history=histories())
def test_what_no_order_explains_weakened_no_order_explains_whole(
    data: st.DataObject, criterion: Criterion, history: History
) -> None:
    weaker = weaken(history, data.draw(weakenings(history, criterion)), criterion=criterion)
    if brute(history, Register(), criterion=criterion).holds:
        assert brute(weaker.history, Register(), criterion=criterion).holds


def dropped_writers(history: History, criterion: Criterion) -> Iterable[History]:
    for index, one in enumerate(history.operations):
        if one.name == "write" and one.known:
            kept = history.operations[:index] + history.operations[index + 1 :]
            yield History(kept)


def dropped_observers(history: History, criterion: Criterion) -> Iterable[History]:
    for index, one in enumerate(history.operations):
        if one.name == "read":
            yield History(history.operations[:index] + history.operations[index + 1 :])


def cut_anywhere(history: History, criterion: Criterion) -> Iterable[History]:
    for end in sorted({one.ret for one in history if one.ret is not None}):
        yield weaken(history, Weakening(cut=end), criterion=criterion).history


def narrowed(history: History, criterion: Criterion) -> Iterable[History]:
    for index, one in enumerate(history.operations):
        if one.ret is not None and one.ret > one.call:
            kept = list(history.operations)
            kept[index] = replace(one, ret=one.call)
            yield History(tuple(kept))


@pytest.mark.parametrize(
    ("unsound", "criterion"),
    [
        *((dropped_writers, criterion) for criterion in CRITERIA),
        (cut_anywhere, Criterion.SEQUENTIALLY_CONSISTENT),
        (cut_anywhere, Criterion.QUIESCENTLY_CONSISTENT),
        (dropped_observers, Criterion.QUIESCENTLY_CONSISTENT),
        (narrowed, Criterion.LINEARIZABLE),
    ],
    ids=lambda one: getattr(one, "__name__", str(one)),
)
def test_an_unsound_reduction_is_caught(
    unsound: Callable[[History, Criterion], Iterable[History]], criterion: Criterion
) -> None:
    caught: list[Judgement] = []

    @SLOW
    @given(history=histories(most=5))
    def holds_the_theorem(history: History) -> None:
        if not brute(history, Register(), criterion=criterion).holds:
            return
        judged = (
            brute(one, Register(), criterion=criterion) for one in unsound(history, criterion)
        )
        caught.extend(one for one in judged if not one.holds)

    holds_the_theorem()
    assert caught


@SLOW
@given(criterion=st.sampled_from(CRITERIA), history=histories())
def test_a_counterexample_is_a_proof_and_none_of_it_can_go(
    criterion: Criterion, history: History
) -> None:
    judgement = brute(history, Register(), criterion=criterion)
    if judgement.holds:
        return
    found = reduce(history, judgement, judge=brute)
    assert brute(found.weakest.history, Register(), criterion=criterion).failure is not None
    assert set(found.core) <= set(found.prefix)
    assert found.straw in found.core
    assert found.orders
    assert not found.reduction.stopped
    for index in found.core:  # each result is needed: without it there is an order
        at = found.weakest.origin.index(index)
        without = without_results(
            found.weakest.history, [at], observes=Register().observes, criterion=criterion
        )
        weaker = weaken(found.weakest.history, without, criterion=criterion)
        assert brute(weaker.history, Register(), criterion=criterion).holds


def write(client: int, value: int, call: float, ret: float) -> Operation:
    return Operation(client=client, name="write", arguments=(value,), call=call, ret=ret)


def read(client: int, value: int, call: float, ret: float) -> Operation:
    return Operation(client=client, name="read", output=value, call=call, ret=ret)


def test_the_core_of_a_stale_read_is_the_read_and_the_write_before_it() -> None:
    history = History.of(
        [write(0, 1, 0, 1), read(1, 1, 2, 3), write(0, 2, 4, 5), read(1, 2, 6, 7),
         read(2, 1, 8, 9), write(0, 3, 10, 11), read(1, 3, 12, 13)]
    )  # fmt: skip
    found = reduce(history, brute(history, Register()), judge=brute)
    assert found.prefix == (0, 1, 2, 3, 4)
    assert [history.operations[one].ret for one in found.core] == [1, 5, 9]
    assert found.straw == 4
    (stuck,) = found.orders[0].stuck
    assert stuck.index == 4
    assert stuck.answer.fits == (2,)


def test_a_budget_of_nothing_still_gives_a_proof_and_says_that_it_ended() -> None:
    history = History.of([write(0, 1, 0, 1), read(1, 1, 2, 3), read(1, 2, 4, 5)])
    found = reduce(history, brute(history, Register()), budget_s=0, judge=brute)
    assert found.reduction.stopped
    assert found.core == (0, 1, 2)
    assert brute(found.weakest.history, Register()).failure is not None


def test_what_the_judge_leaves_undecided_is_kept() -> None:
    history = History.of([write(0, 1, 0, 1), read(1, 1, 2, 3), read(1, 2, 4, 5)])

    def hesitant(history: History, model: Model[Any], **options: Any) -> Judgement:
        if len(history) == 3:
            return brute(history, model)
        return Judgement(
            verdict=Verdict.UNDECIDED, criterion=Criterion.LINEARIZABLE, model="register",
            operations=len(history),
        )  # fmt: skip

    found = reduce(history, brute(history, Register()), judge=hesitant)
    assert found.reduction.undecided
    assert not found.reduction.stopped
    assert 2 in found.core
    assert brute(found.weakest.history, Register()).failure is not None


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (("x", None), {}, "history is 'x'"),
        ((History(()), None), {}, "judgement is None"),
        ((History(()), brute(History(()), Register())), {}, "nothing to reduce"),
    ],
    ids=["history", "judgement", "legal"],
)
def test_reduce_says_what_it_takes(arguments: Any, options: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        reduce(*arguments, **options)


def test_a_budget_must_be_seconds() -> None:
    history = History.of([read(0, 1, 0, 1)])
    judgement = brute(history, Register())
    for budget_s in (-1, True, "5", float("nan")):
        with pytest.raises(ArgumentError, match="budget_s"):
            reduce(history, judgement, budget_s=budget_s, judge=brute)  # type: ignore[arg-type]


# -- what a model would have said ------------------------------------------------------------------


def test_a_model_is_asked_what_it_would_have_returned() -> None:
    refused = read(0, 7, 0, 1)
    assert answer(Register(), 2, refused, history=[refused]).fits == (2,)
    cas = replace(refused, name="cas", arguments=(0, 1), output=False)
    assert answer(Register(), 0, cas, history=[cas]).fits == (True,)


def test_an_operation_that_no_result_fits_would_have_to_wait() -> None:
    get = Operation(client=0, name="get", output=1, call=0, ret=1)
    assert answer(Queue(), (), get, history=[get]).waits
    assert answer(Queue(), (2, 1), get, history=[get]).fits == (2,)


class Bag(Queue):
    """Gives any of its elements; asked without a result it says the first."""

    def step(self, state: Any, operation: Operation) -> Any:
        if operation.name == "put" or not operation.known:
            return super().step(state, operation)
        if operation.output not in state:
            return REFUSED
        at = state.index(operation.output)
        return state[:at] + state[at + 1 :]


def test_results_that_an_object_may_choose_are_not_forgotten() -> None:
    def one(name: str, value: int, call: int) -> Operation:
        given_ = (value,) if name == "put" else ()
        return Operation(
            client=0, name=name, arguments=given_, output=None if given_ else value, call=call,
            ret=call + 0.5,
        )  # fmt: skip

    names = [("put", 1), ("put", 2), ("get", 2), ("get", 2)]
    history = History.of([one(name, value, at) for at, (name, value) in enumerate(names)])
    judgement = brute(history, Bag())
    assert judgement.failure is not None
    assert unpredictable(judgement.failure) == {"get"}
    found = reduce(history, judgement, judge=brute)
    assert {2, 3} <= set(found.core)


# -- the search ------------------------------------------------------------------------------------


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_bisection_finds_the_first_bad_one(case: tuple[int, int]) -> None:
    count, first = case
    assert first_bad(range(count), lambda one: one >= first) == first


@given(st.sets(st.integers(0, 40)), st.integers(1, 41))
def test_delta_debugging_keeps_what_is_needed_and_nothing_else(
    guilty: set[int], count: int
) -> None:
    guilty = {one for one in guilty if one < count}
    tried = []

    def still_bad(kept: Any) -> bool:
        tried.append(kept)
        return guilty <= set(kept)

    assert needed(range(count), still_bad) == sorted(guilty)
    assert len(tried) <= 2 * count + 8 * (len(guilty) + 1)


def put(client: int, value: int, call: float, ret: float) -> Operation:
    return Operation(client=client, name="put", arguments=(value,), call=call, ret=ret)


def waiting(client: int, call: float) -> Operation:
    return Operation(client=client, name="get", status=Status.UNKNOWN, call=call, ret=None)


def test_an_operation_that_waits_for_ever_with_no_reason_is_the_straw() -> None:
    history = History.of([put(0, 1, 0, 1), put(0, 2, 2, 3), waiting(1, 4)])
    judgement = check(history, Queue(), blocked=[2])
    found = reduce(history, judgement, blocked=[2])
    assert history.operations[found.straw].pending
    assert len(found.core) == 2  # one put is enough to go on
    (order,) = found.orders
    assert order.stuck[0].index == found.straw
    assert "it waits for ever, but" in found.text(width=100)


def test_a_judgement_with_blocked_operations_needs_them_again() -> None:
    history = History.of([put(0, 1, 0, 1), waiting(1, 4)])
    judgement = check(history, Queue(), blocked=[1])
    with pytest.raises(ArgumentError, match="the same blocked operations"):
        reduce(history, judgement)
    with pytest.raises(ArgumentError, match="blocked"):
        reduce(history, judgement, blocked=[7])


@SLOW
@given(criterion=st.sampled_from(CRITERIA), history=histories())
def test_the_checker_reduces_as_brute_force_does(criterion: Criterion, history: History) -> None:
    judgement = check(history, Register(), criterion=criterion)
    if judgement.holds:
        return
    found = reduce(history, judgement)
    assert brute(found.weakest.history, Register(), criterion=criterion).failure is not None
    assert len(found.core) <= sum(one.known for one in history)


# -- situations ------------------------------------------------------------------------------------


@SLOW
@given(history=histories())
def test_the_rest_of_a_history_has_an_order_if_and_only_if_the_whole_has(history: History) -> None:
    holds = brute(history, Register()).holds
    found = list(each_moment(history, Register(), budget_s=60))
    assert all(moment.configurations for moment in found) == holds
    for moment in found:
        if not moment.configurations:
            continue
        rest = rest_from(history, Register(), moment)
        assert brute(rest.history, rest.model).holds == holds
        assert check(rest.history, rest.model).holds == holds


def test_a_situation_that_is_left_out_is_caught() -> None:
    history = History.of([write(0, 1, 0, 3), write(1, 2, 1, 2), read(2, 1, 4, 5)])
    (moment, *_) = (
        one for one in each_moment(history, Register(), budget_s=60) if len(one.configurations) > 1
    )
    fewer = [replace(moment, configurations=(one,)) for one in moment.configurations]
    rests = [rest_from(history, Register(), one) for one in fewer]
    assert {check(rest.history, rest.model).holds for rest in rests} == {True, False}


@SLOW
@given(history=histories())
def test_a_counterexample_after_a_beginning_is_a_proof(history: History) -> None:
    judgement = brute(history, Register())
    if judgement.holds:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "LONG", 0)
        patch.setattr(reduction_situations, "LEAST_AFTER", 0)
        found = reduce(history, judgement, judge=brute)
    if found.situations is None:
        return
    assert brute(found.weakest.history, found.situations.model).failure is not None
    assert not set(found.core) & set(found.situations.earlier)
    assert found.straw in found.core
    assert found.orders
    assert all(step.index in found.prefix for order in found.orders for step in order.steps)
    assert "before" in found.text(width=100)
    assert found.html()


def test_of_a_long_history_the_end_is_told_and_where_the_beginning_led() -> None:
    long = [write(at % 3, at % 50, 2 * at, 2 * at + 3) for at in range(600)]
    history = History.of([*long, read(5, 77, 1150, 1210)])
    judgement = check(history, Register())
    found = reduce(history, judgement)
    assert found.situations is not None
    assert len(found.core) <= 2
    assert not found.reduction.stopped
    text = found.text(width=100)
    assert f"The {len(found.situations.earlier)} operations before can" in text
