"""Every ready model takes what is right, one after the other, and refuses what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ArgumentError
from harness.linearizability import (
    MODEL_NAMES,
    REFUSED,
    BoundedQueue,
    CasRegister,
    Counter,
    Fifo,
    KeyValue,
    Lifo,
    Model,
    Mutex,
    Operation,
    OperationError,
    Raised,
    Semaphore,
    SetModel,
    Status,
    UnknownModelError,
    UnknownOperationError,
    make_model,
)
from tests.harness.linearizability.sequential_order import fits, took

EMPTY = Raised("queue.Empty")
FULL = Raised("queue.Full")
NO_KEY = Raised("KeyError")
YES, NO = True, False  # where they stand among arguments by place


def unknown(name: str, *arguments: Any, **keywords: Any) -> Operation:
    return Operation(
        client="a",
        name=name,
        arguments=arguments,
        keywords=tuple(sorted(keywords.items())),
        status=Status.UNKNOWN,
        call=0,
        ret=None,
    )


RIGHT: list[tuple[str, dict[str, Any], list[Operation]]] = [
    ("register", {}, [took("read"), took("write", 1), took("read", gave=1)]),
    ("register", {"initial": 7}, [took("swap", 8, gave=7), took("get", gave=8)]),
    ("register", {}, [unknown("write", 1), unknown("read"), took("read", gave=1)]),
    (
        "cas-register",
        {},
        [took("cas", None, 1, gave=True), took("cas", 0, 2, gave=False), took("read", gave=1)],
    ),
    ("cas-register", {}, [unknown("cas", 5, 6), took("read", gave=None)]),
    (
        "counter",
        {},
        [
            took("increment"),
            took("inc", 2, gave=3),
            took("decrement"),
            took("fetch_and_add", 5, gave=2),
            took("read", gave=7),
        ],
    ),
    (
        "fifo",
        {},
        [
            took("put", 1),
            took("append", 2),
            took("get", gave=1),
            took("qsize", gave=1),
            took("popleft", gave=2),
            took("get_nowait", gave=EMPTY),
            took("dequeue"),
            took("popleft", gave=Raised("IndexError")),
            took("get", block=False, gave=EMPTY),
            took("get", timeout=0.1, gave=EMPTY),
            took("empty", gave=True),
        ],
    ),
    ("fifo", {}, [unknown("get_nowait"), took("put", None), took("get", gave=None)]),
    ("fifo", {}, [took("put", NO, gave="OK"), took("task_done"), took("get", gave=False)]),
    ("fifo", {}, [unknown("put", 1), took("peek", gave=1), took("__len__", gave=1)]),
    ("fifo", {"weak_timeouts": True}, [took("put", 1), took("get", timeout=1, gave=EMPTY)]),
    (
        "lifo",
        {},
        [
            took("push", 1),
            took("push", 2),
            took("pop", gave=2),
            took("top", gave=1),
            took("pop", gave=1),
            took("pop", gave=Raised("IndexError")),
        ],
    ),
    (
        "priority-queue",
        {},
        [took("put", 2), took("put", 1), took("put", 3), took("get", gave=1), took("get", gave=2)],
    ),
    (
        "bounded-queue",
        {"capacity": 1},
        [
            took("put", 1),
            took("full", gave=True),
            took("put_nowait", 2, gave=FULL),
            took("put", 2, timeout=1, gave=FULL),
            took("offer", 2, gave=False),
            unknown("put_nowait", 3),
            took("get", gave=1),
            took("offer", 2, gave=True),
        ],
    ),
    (
        "set",
        {},
        [
            took("add", 1),
            took("add", 1, gave=False),
            took("__contains__", 1, gave=True),
            took("read", gave=(1,)),
            took("len", gave=1),
            took("discard", 2),
            took("remove", 2, gave=NO_KEY),
            took("remove", 1),
            took("pop", gave=NO_KEY),
        ],
    ),
    (
        "kv",
        {},
        [
            took("get", "k"),
            took("get", "k", 0, gave=0),
            took("__getitem__", "k", gave=NO_KEY),
            took("put", "k", 1),
            took("__setitem__", "j", 2),
            took("len", gave=2),
            took("keys", gave=("j", "k")),
            took("items", gave={"j": 2, "k": 1}),
            took("setdefault", "k", 5, gave=1),
            took("cas", "k", 1, 3, gave=True),
            took("cas", "none", 1, 3, gave=False),
            took("pop", "k", gave=3),
            took("pop", "k", 9, gave=9),
            took("pop", "k", gave=NO_KEY),
            took("__delitem__", "k", gave=NO_KEY),
            took("delete", "j"),
            took("__contains__", "j", gave=False),
            took("len", gave=0),
            took("append", "text", "a"),
            took("clear"),
            took("get", "text"),
        ],
    ),
    (
        "kv-append",
        {},
        [took("append", "k", "a"), took("append", "k", "b"), took("get", "k", gave="ab")],
    ),
    (
        "kv-append",
        {},
        [took("get", "k", gave=""), took("put", "k", "z"), took("get", "k", gave="z")],
    ),
    (
        "mutex",
        {},
        [
            took("locked", gave=False),
            took("acquire", gave=True),
            took("acquire", blocking=False, gave=False),  # the keyword comes as a pair
            took("try_lock", by="b", gave=False),
            took("acquire", YES, 0.1, by="b", gave=False),
            took("release", by="b"),
            took("release", gave=Raised("RuntimeError")),
            took("__enter__", gave=True),
            took("__exit__"),
        ],
    ),
    (
        "mutex",
        {"reentrant": True},
        [
            took("acquire", gave=True),
            took("acquire", gave=True),
            took("release", by="b", gave=Raised("RuntimeError")),
            took("release"),
            took("try_acquire", by="b", gave=False),
            took("release"),
            took("acquire", by="b", gave=True),
        ],
    ),
    (
        "semaphore",
        {"permits": 2, "bounded": True},
        [
            took("acquire", gave=True),
            took("acquire", gave=True),
            took("acquire", NO, gave=False),
            took("acquire", timeout=1, gave=False),
            took("release", 2),
            took("release", gave=Raised("ValueError")),
            took("value", gave=2),
        ],
    ),
    (
        "semaphore",
        {"permits": 0},
        [took("release"), took("acquire", gave=True), took("value", gave=0)],
    ),
]

WRONG: list[tuple[str, dict[str, Any], list[Operation]]] = [
    ("register", {}, [took("write", 1), took("read", gave=2)]),
    ("register", {}, [took("write", 1, gave=Raised("OSError"))]),
    ("register", {}, [took("swap", 1, gave=1)]),
    ("cas-register", {}, [took("cas", 0, 1, gave=True)]),
    ("cas-register", {}, [took("cas", None, 1, gave=False)]),
    ("cas-register", {}, [took("cas", None, 1)]),  # a known result that says nothing is none
    ("counter", {}, [took("increment", gave=2)]),
    ("counter", {}, [took("increment"), took("fetch_and_add", gave=2)]),
    ("counter", {}, [took("read", gave=1)]),
    ("fifo", {}, [took("put", 1), took("put", 2), took("get", gave=2)]),
    ("fifo", {}, [took("get", gave=EMPTY)]),  # it waits for ever, so it cannot give up
    ("fifo", {}, [took("get")]),
    ("fifo", {}, [unknown("get")]),
    ("fifo", {}, [took("put", 1), took("get_nowait", gave=EMPTY)]),
    ("fifo", {}, [took("put", 1), took("get", timeout=1, gave=EMPTY)]),
    ("fifo", {}, [took("put", 1), took("dequeue")]),
    ("fifo", {}, [took("put", 1), took("get", gave=1), took("get_nowait", gave=1)]),
    ("fifo", {}, [took("put_nowait", 1, gave=FULL)]),
    ("fifo", {}, [took("put", 1), took("qsize", gave=0)]),
    ("fifo", {}, [took("put", 1), took("get", gave=Raised("ZeroDivisionError"))]),
    ("lifo", {}, [took("push", 1), took("push", 2), took("pop", gave=1)]),
    ("lifo", {}, [took("push", 1), took("peek", gave=None)]),
    ("priority-queue", {}, [took("put", 2), took("put", 1), took("get", gave=2)]),
    ("bounded-queue", {"capacity": 1}, [took("put", 1), took("put", 2)]),
    ("bounded-queue", {"capacity": 1}, [took("put", 1), unknown("put", 2)]),
    ("bounded-queue", {"capacity": 1}, [took("offer", 1, gave=False)]),
    ("bounded-queue", {"capacity": 2}, [took("put", 1), took("full", gave=True)]),
    ("set", {}, [took("add", 1, gave=False)]),
    ("set", {}, [took("add", 1), took("__contains__", 1, gave=False)]),
    ("set", {}, [took("remove", 1)]),
    ("set", {}, [took("add", 1), took("read", gave=())]),
    ("set", {}, [took("add", 1), took("pop", gave=2)]),
    ("kv", {}, [took("put", "k", 1), took("get", "k", gave=None)]),
    ("kv", {}, [took("put", "k", 1), took("__getitem__", "k", gave=NO_KEY)]),
    ("kv", {}, [took("__delitem__", "k")]),
    ("kv", {}, [took("pop", "k", gave=1)]),
    ("kv", {}, [took("put", "k", 1), took("setdefault", "k", 2, gave=2)]),
    ("kv", {}, [took("put", "k", 1), took("len", gave=0)]),
    ("kv", {}, [took("put", "k", 1), took("keys", gave=("j",))]),
    ("kv", {}, [took("put", "k", 1), took("items", gave={"k": 2})]),
    ("kv-append", {}, [took("append", "k", "a"), took("get", "k", gave="")]),
    ("mutex", {}, [took("acquire", gave=True), took("acquire", gave=True, by="b")]),
    ("mutex", {}, [took("acquire", gave=True), unknown("acquire")]),
    ("mutex", {}, [took("acquire", gave=True), took("acquire", gave=False, by="b")]),
    ("mutex", {}, [took("acquire", NO, gave=False)]),
    ("mutex", {}, [took("acquire", YES, 1, gave=False)]),
    ("mutex", {}, [took("release")]),
    ("mutex", {}, [took("acquire", gave=True), took("locked", gave=False)]),
    ("mutex", {"owned": True}, [took("acquire", gave=True), took("release", by="b")]),
    ("mutex", {"owned": True}, [took("acquire", gave=True), took("acquire", gave=True)]),
    ("semaphore", {"permits": 1}, [took("acquire", gave=True), took("acquire", gave=True)]),
    ("semaphore", {"permits": 1}, [took("acquire", NO, gave=False)]),
    ("semaphore", {"permits": 1, "bounded": True}, [took("release")]),
    ("semaphore", {"permits": 1}, [took("value", gave=2)]),
]


@pytest.mark.parametrize(("name", "options", "operations"), RIGHT)
def test_a_model_takes_what_is_right(
    name: str, options: dict[str, Any], operations: list[Operation]
) -> None:
    assert fits(make_model(name, **options), operations)


@pytest.mark.parametrize(("name", "options", "operations"), WRONG)
def test_a_model_refuses_what_is_wrong(
    name: str, options: dict[str, Any], operations: list[Operation]
) -> None:
    assert not fits(make_model(name, **options), operations)
    assert fits(make_model(name, **options), operations[:-1]), "the last one is what is wrong"


def test_every_model_has_a_wrong_history_and_a_right_one() -> None:
    assert {name for name, *_ in RIGHT} == {name for name, *_ in WRONG} == set(MODEL_NAMES)


@pytest.mark.parametrize("name", ["set", "kv"])
def test_the_parts_together_say_what_the_whole_says(name: str) -> None:
    """Wherever every operation has a partition, judging by parts is judging the whole."""
    model = make_model(name)
    for of, _, operations in RIGHT + WRONG:
        if of != name or any(model.partition(one) is None for one in operations):
            continue
        groups: dict[Any, list[Operation]] = {}
        for one in operations:
            groups.setdefault(model.partition(one), []).append(one)
        by_part = all(fits(model.part(), group) for group in groups.values())
        assert by_part == fits(make_model(name), operations)


def test_a_store_takes_its_key_from_beside_the_arguments_as_files_write_it() -> None:
    model = KeyValue()
    put = Operation(client=0, name="put", arguments=(1,), call=0, ret=1, key="k")
    get = Operation(client=0, name="get", output=1, call=2, ret=3, key="k")
    assert model.partition(put) == model.partition(get) == "k"
    assert fits(model, [put, get])
    assert fits(model.part(), [put, get])
    nested = Operation(client=0, name="put", arguments=("k", 1), call=0, ret=1, key="table")
    assert model.partition(nested) == "k"


def test_a_key_that_is_none_is_no_operation_on_the_whole() -> None:
    assert KeyValue().partition(took("get", None)) is not None
    assert SetModel().partition(took("add", None)) is not None


def test_equal_stores_are_equal_states_however_they_came_to_be() -> None:
    model = KeyValue()

    def after(*operations: Operation) -> Any:
        state: Any = model.initial()
        for one in operations:
            state = model.step(state, one)
        return state

    a, b = took("put", "a", 1), took("put", "b", 2)
    assert after(a, b) == after(b, a)
    assert after(b, took("delete", "b")) == model.initial()
    assert model.describe_state(after(b)) == "{'b': 2}"


def test_a_pop_of_a_set_whose_result_is_not_known_is_an_error_and_no_guess() -> None:
    model = SetModel(initial=(1, 2))
    with pytest.raises(OperationError, match="which element it took is not known"):
        model.step(model.initial(), unknown("pop"))
    assert SetModel(initial=(1,)).step(frozenset({1}), unknown("pop")) == frozenset()


def test_an_unknown_word_is_told_with_those_that_the_model_knows() -> None:
    with pytest.raises(UnknownOperationError) as caught:
        Fifo().step((), took("frobnicate", 1))
    assert "the model fifo cannot judge frobnicate(1): it knows put, enqueue" in str(caught.value)
    assert "SequentialModel" in str(caught.value)


def test_a_stack_word_is_no_queue_word() -> None:
    with pytest.raises(UnknownOperationError):
        Fifo().step((), took("pop"))


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (took("write"), "no argument 'value'"),
        (took("write", 1, 2), "2 arguments, and the model takes at most 1"),
        (took("read", 1), "1 arguments, and the model takes none"),
    ],
)
def test_wrong_arguments_of_an_operation_are_told(operation: Operation, words: str) -> None:
    with pytest.raises(OperationError, match=words):
        CasRegister().step(None, operation)


def test_more_words_can_be_said() -> None:
    model = Fifo(names={"shove": "put", "grab": "get"})
    assert fits(model, [took("shove", 1), took("grab", gave=1)])
    with pytest.raises(ArgumentError, match="words that the model knows"):
        Fifo(names={"shove": "eat"})
    store = KeyValue(names={"fetch": "get", "wipe": "clear"})
    assert fits(store, [took("put", 1, 2), took("fetch", 1, gave=2), took("wipe")])


@pytest.mark.parametrize(
    "make",
    [
        lambda: BoundedQueue(0),
        lambda: BoundedQueue(capacity="3"),  # type: ignore[arg-type]  # that is the point
        lambda: Semaphore(-1),
        lambda: Counter(initial="a"),  # type: ignore[arg-type]  # that is the point
        lambda: make_model("fifo", size=3),
    ],
)
def test_wrong_options_are_refused(make: Any) -> None:
    with pytest.raises(ArgumentError):
        make()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("queue", "the models are register, cas-register"),
        ("no_such_module:Model", "ModuleNotFoundError"),
        ("math:pi", "it is a float"),
    ],
)
def test_a_model_that_is_not_there_is_told(name: str, words: str) -> None:
    with pytest.raises(UnknownModelError, match=words):
        make_model(name)


def test_a_model_of_the_users_is_found_by_its_place() -> None:
    model: Model[Any] = make_model("harness.linearizability.models:Lifo")
    assert isinstance(model, Lifo)


def test_a_thing_that_is_false_is_taken_by_the_get_that_returns_it() -> None:
    """A get that returns False is no try that failed: to call it an observer would be unsound."""
    assert not Fifo().observes(took("get", gave=False))
    assert Fifo().observes(took("put_nowait", 1, gave=False))
    assert Fifo().observes(took("get_nowait", gave=EMPTY))
    assert not KeyValue().observes(took("pop", "k", gave=False))
    assert not SetModel().observes(took("pop", gave=False))
    assert SetModel().observes(took("add", 1, gave=False))


def test_things_that_change_can_stand_in_a_history_that_was_written_by_hand() -> None:
    assert fits(Fifo(), [took("put", [1]), took("put", {"a": 1}), took("get", gave=[1])])
    assert not fits(Fifo(), [took("put", [1]), took("get", gave=[2])])
    assert fits(KeyValue(), [took("put", "k", [1]), took("get", "k", gave=[1])])
    assert fits(SetModel(), [took("add", [1]), took("contains", [1], gave=True)])


def test_states_are_shown_in_words() -> None:
    assert Mutex().describe_state(None) == "free"
    assert Mutex().describe_state(("T1", 2)) == "held by T1, 2 times"
    assert Semaphore(2).describe_state(1) == "1 of 2 permits free"
    assert Fifo().describe_state((1, 2)) == "2 inside: [1, 2]"
    assert Lifo().describe_state((1, 2)) == "2 inside: [2, 1]"
    assert SetModel().describe_state(frozenset({2, 1})) == "{1, 2}"


def test_refused_is_no_state_of_a_model() -> None:
    assert Fifo().step((), took("get", gave=1)) is REFUSED
