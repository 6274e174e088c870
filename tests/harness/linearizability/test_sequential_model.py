"""A plain class as the model: what it returns, call after call, is right, and nothing else is."""

from __future__ import annotations

import functools
import itertools
import queue
import threading
import weakref
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ArgumentError
from harness.linearizability import (
    REFUSED,
    History,
    ObserverError,
    Operation,
    Raised,
    Recording,
    SequentialModel,
    Status,
    UnknownOperationError,
    UnsteadyModelError,
    Verdict,
    check,
    make_model,
)
from harness.linearizability.controlled_runs import controlled_run
from harness.linearizability.may_wait import may_wait
from harness.linearizability.object_state import object_state
from tests.harness.linearizability.sequential_order import fits, took
from tests.harness.linearizability.test_models_against_python import OTHERS, TWINS

if TYPE_CHECKING:
    from collections.abc import Callable


class Account:
    """Ten lines, no locks: the sequential twin that a user writes."""

    def __init__(self) -> None:
        self.balance = 0

    def pay_in(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    def pay_out(self, amount: int) -> int:
        if amount > self.balance:
            raise ValueError(amount)
        self.balance -= amount
        return self.balance

    def look(self) -> int:
        return self.balance


def unknown(name: str, *arguments: Any) -> Operation:
    return Operation(
        client=1, name=name, arguments=arguments, status=Status.UNKNOWN, call=0, ret=None
    )


def test_what_the_class_returns_is_right_and_nothing_else_is() -> None:
    model = SequentialModel(Account)
    right = [took("pay_in", 5, gave=5), took("pay_out", 9, gave=Raised("ValueError"))]
    assert fits(model, [*right, took("pay_out", 2, gave=3), took("look", gave=3)])
    assert not fits(model, [*right, took("pay_out", 2, gave=5)])
    assert not fits(model, [took("pay_out", 9, gave=-9)])


def test_calls_that_lead_to_one_state_are_one_state_and_are_made_once() -> None:
    made = []

    def make() -> Account:
        made.append(1)
        return Account()

    model = SequentialModel(make)
    first = model.initial()
    one, two = unknown("pay_in", 1), unknown("pay_in", 2)
    by_one = model.step(model.step(first, one), two)  # type: ignore[arg-type]  # refuses none
    by_two = model.step(model.step(first, two), one)  # type: ignore[arg-type]
    assert by_one is by_two
    walks = len(made)
    for _ in range(3):
        assert fits(model, [one, two])
    assert len(made) == walks


def test_an_unknown_result_fits_whatever_the_class_returns() -> None:
    model = SequentialModel(Account)
    assert fits(model, [unknown("pay_in", 4), took("look", gave=4)])


@pytest.mark.parametrize("name", [name for name in TWINS if name != "asyncio"])
@given(data=st.data())
def test_a_class_is_its_own_model(name: str, data: st.DataObject) -> None:
    """Every real class that the ready models are compared with: what it did it would do again."""
    twin = TWINS[name]
    recording = Recording()
    subject = twin.make()
    for call, arguments in data.draw(twin.calls):
        try:
            recording.call(1, call, getattr(subject, call), *arguments)
        except Exception as error:  # noqa: BLE001  # it is in the recording
            del error
    history = recording.history().operations
    others = [data.draw(OTHERS) for _ in history]
    with controlled_run() as run:
        model = SequentialModel(twin.make, run=run)
        assert fits(model, history)
        for place, (one, other) in enumerate(zip(history, others, strict=True)):
            if one.output != other:
                wrong = took(one.name, *one.arguments, gave=other)
                assert not fits(model, [*history[:place], wrong])


def test_a_history_of_threads_is_judged_by_the_class() -> None:
    def at(client: str, name: str, *args: Any, gave: Any, call: int, ret: int) -> Operation:
        return Operation(client=client, name=name, arguments=args, output=gave, call=call, ret=ret)

    lost = [
        at("a", "pay_in", 5, gave=5, call=0, ret=3),
        at("b", "pay_in", 5, gave=5, call=1, ret=2),  # a lost update: both say 5
    ]
    assert check(History.of(lost), SequentialModel(Account)).verdict is Verdict.NOT_LINEARIZABLE
    right = [lost[0], at("b", "pay_in", 5, gave=10, call=1, ret=2)]
    assert check(History.of(right), SequentialModel(Account)).verdict is Verdict.LINEARIZABLE


def test_a_call_that_would_wait_for_ever_is_refused_under_the_engine() -> None:
    with controlled_run() as run:
        model = SequentialModel(lambda: queue.Queue(1), run=run)
        assert not fits(model, [took("get")])
        assert fits(model, [took("get", timeout=5, gave=Raised("queue.Empty"))])
        assert fits(model, [took("put", 1), took("get", gave=1)])
        assert not fits(model, [took("put", 1), took("put", 2)])
        full = model.step(model.initial(), took("put", 1))
        assert full is not REFUSED
        assert len(model._graph) == 3, "empty, empty after a get that gave up or not, full"


def test_a_class_with_locks_is_run_under_the_engine_without_being_asked() -> None:
    pending = Operation(client=1, name="get", status=Status.UNKNOWN, call=0, ret=None)
    for make in (queue.Queue, queue.SimpleQueue, queue.LifoQueue):
        model = SequentialModel(make)
        judged = check(History.of([pending, took("put", 1)]), model)
        assert judged.verdict is Verdict.LINEARIZABLE
        assert not fits(model, [took("get")]), "it waits, and the model says so instead of hanging"


def test_a_bounded_semaphore_can_be_made_between_two_executions() -> None:
    with controlled_run():
        made = threading.BoundedSemaphore(1)
    assert made.acquire(blocking=False)
    made.release()
    with pytest.raises(ValueError, match="too many times"):
        made.release()


@pytest.mark.parametrize(
    ("value", "waits"),
    [
        (queue.Queue(), True),
        (queue.SimpleQueue(), True),
        ([threading.Condition()], True),
        (Account(), False),
        (deque([1]), False),
        ({"a": abs}, False),
    ],
)
def test_what_could_wait_is_seen_by_what_it_leads_to(value: Any, waits: Any) -> None:
    assert may_wait(value) is waits


def test_a_lock_is_a_model_under_the_engine() -> None:
    with controlled_run() as run:
        model = SequentialModel(threading.Lock, run=run)
        assert fits(
            model, [took("__enter__", gave=True), took("__exit__"), took("acquire", gave=True)]
        )
        assert not fits(model, [took("acquire", gave=True), took("acquire", gave=True)])


def test_what_a_model_raises_under_the_engine_is_raised() -> None:
    class Coroutines:
        async def get(self) -> int:
            return 1

    with controlled_run() as run, pytest.raises(UnsteadyModelError, match="nobody awaits"):
        fits(SequentialModel(Coroutines, run=run), [took("get", gave=1)])


def test_a_class_that_is_no_function_of_its_calls_is_told() -> None:
    numbers = itertools.count()

    class Unsteady:
        def __init__(self) -> None:
            self.calls = 0

        def number(self) -> int:
            self.calls += 1
            return next(numbers)

    model = SequentialModel(Unsteady)
    first = model.step(model.initial(), took("number", gave=0))
    assert first is not REFUSED
    model._graph._live = None  # the object is gone, as after going back in a search
    with pytest.raises(UnsteadyModelError, match="returned 0 in one sequential run and 1"):
        model.step(first, took("number", gave=1))


def test_a_new_object_is_right_by_its_class_and_a_given_one_by_itself() -> None:
    class Thing:
        pass

    class Pool:
        def __init__(self) -> None:
            self.kept: list[Thing] = []

        def make(self) -> Thing:
            return Thing()

        def make_two(self) -> list[Thing]:
            return [Thing(), Thing()]

        def keep(self, thing: Thing) -> None:
            self.kept.append(thing)

        def take(self) -> Thing:
            return self.kept.pop()

    model, one, two = SequentialModel(Pool), Thing(), Thing()
    assert fits(model, [took("make", gave=Thing())])
    assert not fits(model, [took("make", gave=object())])
    assert fits(model, [took("make_two", gave=[Thing(), Thing()])])
    assert not fits(model, [took("make_two", gave=[Thing()])])
    kept = [took("keep", one), took("keep", two)]
    assert fits(model, [*kept, took("take", gave=two)])
    assert not fits(model, [*kept, took("take", gave=one)])
    assert not fits(model, [*kept, took("take", gave=Thing())])
    # The same calls with the two things changed over are other calls.
    assert fits(model, [*kept[::-1], took("take", gave=one)])


def test_functions_stand_for_calls_that_are_no_methods() -> None:
    model = SequentialModel(
        Account, calls={"double": lambda account: account.pay_in(account.look())}
    )
    assert fits(model, [took("pay_in", 2, gave=2), took("double", gave=4)])


def test_an_unknown_method_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownOperationError, match=r"it knows look, pay_in, pay_out"):
        fits(SequentialModel(Account), [took("steal")])


def test_what_is_said_to_look_only_and_does_not_is_told() -> None:
    model = SequentialModel(Account, observers=["look"])
    assert model.observes(took("look"))
    assert fits(model, [took("look", gave=0)])
    with pytest.raises(ObserverError, match="pay_in is one of the observers"):
        fits(SequentialModel(Account, observers=["pay_in"]), [took("pay_in", 1, gave=1)])


def test_dicts_and_sets_are_judged_by_key_and_their_likes_are_not() -> None:
    one, other = took("__setitem__", "a", 1), took("__setitem__", "b", 1)
    model = SequentialModel(dict)
    assert model.partition(one) != model.partition(other)
    assert model.partition(took("popitem")) is None
    assert SequentialModel(OrderedDict).partition(one) is None
    assert SequentialModel(dict, key=lambda one: one.name).partition(one) == "__setitem__"


def test_a_class_by_name_is_its_own_model() -> None:
    assert fits(make_model("collections:deque"), [took("append", 1), took("popleft", gave=1)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: SequentialModel(3),  # type: ignore[arg-type]  # that is the point
        lambda: SequentialModel(Account, observers="look"),
        lambda: SequentialModel(Account, key="a"),  # type: ignore[arg-type]  # that is the point
    ],
)
def test_wrong_arguments_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ArgumentError):
        make()


def test_states_are_shown_as_the_object_shows_itself() -> None:
    model = SequentialModel(Account)
    after = model.step(model.initial(), took("pay_in", 5, gave=5))
    assert after is not REFUSED
    assert model.describe_state(after) == "balance=5"
    assert SequentialModel(deque).describe_state(SequentialModel(deque).initial()) == "deque([])"


def _filled(make: Callable[[], Any], *calls: tuple[Any, ...]) -> Any:
    made = make()
    for name, *arguments in calls:
        getattr(made, name)(*arguments)
    return made


SAME: list[tuple[str, Callable[[], Any], list[Any], list[Any]]] = [
    ("queue", queue.Queue, [("put", 1), ("get",), ("put", 2)], [("put", 3), ("get",), ("put", 2)]),
    ("deque", deque, [("append", 1)], [("append", 2), ("append", 1), ("popleft",)]),
    ("lock", threading.Lock, [], [("acquire",), ("release",)]),
    ("rlock", threading.RLock, [], [("acquire",), ("release",)]),
    ("event", threading.Event, [], [("set",), ("clear",)]),
    ("semaphore", threading.Semaphore, [], [("acquire",), ("release",)]),
]
DIFFERENT: list[tuple[str, Callable[[], Any], list[Any], list[Any]]] = [
    ("order of a queue", queue.Queue, [("put", 1), ("put", 2)], [("put", 2), ("put", 1)]),
    (
        "order of a dict",
        dict,
        [("setdefault", 1), ("setdefault", 2)],
        [("setdefault", 2), ("setdefault", 1)],
    ),
    ("order of an ordered dict", lambda: OrderedDict.fromkeys("ab"), [], [("move_to_end", "a")]),
    ("a lock that is held", threading.Lock, [], [("acquire",)]),
    ("a lock that is held twice", threading.RLock, [("acquire",)], [("acquire",), ("acquire",)]),
    ("an event", threading.Event, [], [("set",)]),
    ("True and 1", deque, [("append", 1)], [("append", True)]),
    ("1.0 and 1", deque, [("append", 1)], [("append", 1.0)]),
    ("a counter", itertools.count, [], [("__next__",)]),
    ("an attribute", Account, [], [("pay_in", 1)]),
]


@pytest.mark.parametrize(("_name", "make", "one", "other"), SAME)
def test_two_ways_to_one_state_are_seen_as_one(
    _name: str, make: Any, one: list[Any], other: list[Any]
) -> None:
    assert object_state(_filled(make, *one)) == object_state(_filled(make, *other)) is not None


@pytest.mark.parametrize(("_name", "make", "one", "other"), DIFFERENT)
def test_what_behaves_differently_is_another_state(
    _name: str, make: Any, one: list[Any], other: list[Any]
) -> None:
    first, second = object_state(_filled(make, *one)), object_state(_filled(make, *other))
    assert first is not None
    assert second is not None
    assert first != second


@pytest.mark.parametrize(
    "opaque",
    [
        queue.SimpleQueue(),
        functools.lru_cache(abs),
        iter([1]),
        (number for number in [1]),
        threading.local(),
        OSError("its number is kept in C"),
    ],
)
def test_what_keeps_its_state_to_itself_has_none_that_could_be_compared(opaque: Any) -> None:
    assert object_state([opaque]) is None


def test_what_hangs_together_differently_is_another_state() -> None:
    shared: list[int] = []
    assert object_state([shared, shared]) != object_state([[], []])


def test_a_weak_reference_counts_by_what_it_leads_to() -> None:
    account = Account()
    table = weakref.WeakValueDictionary({"a": account})
    before = object_state(table)
    assert before is not None
    account.pay_in(1)
    assert object_state(table) != before


def test_a_class_without_a_state_to_be_seen_is_still_a_model() -> None:
    model = SequentialModel(queue.SimpleQueue)
    assert fits(model, [took("put", 1), took("put", 2), took("get", gave=1)])
    assert not fits(model, [took("put", 1), took("put", 2), took("get", gave=2)])
