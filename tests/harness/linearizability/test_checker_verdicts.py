"""What `check` says of small histories, one rule a test, and what it shows."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from typing import Any

import pytest

from harness.errors import ArgumentError
from harness.linearizability import (
    REFUSED,
    BoundedQueue,
    Counter,
    Criterion,
    Fifo,
    History,
    KeyValue,
    Model,
    Operation,
    Register,
    Status,
    Verdict,
    check,
)


def op(client: int, text: str, call: float, ret: float | None, **more: Any) -> Operation:
    """Return an operation from `name argument -> output`; `-> ?` is an unknown result."""
    call_text, _, output = text.partition(" -> ")
    name, *arguments = call_text.split()
    known = output != "?" and ret is not None
    values: dict[str, Any] = {"None": None, "": None}
    result = values.get(output, int(output) if output.lstrip("-").isdigit() else output)
    return Operation(
        client=client,
        name=name,
        arguments=tuple(int(one) for one in arguments),
        output=result if known else None,
        status=Status.OK if known else Status.UNKNOWN,
        call=call,
        ret=ret,
        **more,
    )


def judged(*operations: Operation, model: Model[Any] | None = None, **more: Any) -> Any:
    return check(History.of(operations), model or Register(initial=0), **more)


def test_an_empty_history_is_right() -> None:
    judgement = judged()
    assert judgement.verdict is Verdict.LINEARIZABLE
    assert judgement.order == ()


def test_a_read_of_what_was_overwritten_is_wrong() -> None:
    judgement = judged(op(0, "write 1", 0, 1), op(0, "write 2", 2, 3), op(1, "read -> 1", 4, 5))
    assert judgement.verdict is Verdict.NOT_LINEARIZABLE
    assert judgement.holds is False
    (prefix,) = judgement.failure.prefixes
    assert (prefix.order, prefix.stuck, prefix.state) == ((0, 1), (2,), "2")


def test_operations_that_meet_in_a_moment_overlap() -> None:
    assert judged(op(0, "write 1", 0, 5), op(1, "read -> 0", 5, 6)).holds is True
    assert judged(op(0, "write 1", 0, 5), op(1, "read -> 0", 5.01, 6)).holds is False


def test_an_operation_that_never_came_back_may_have_taken_effect_or_not() -> None:
    written = op(0, "write 1", 0, None)
    assert judged(written, op(1, "read -> 1", 9, 10)).holds is True
    assert judged(written, op(1, "read -> 0", 9, 10)).holds is True
    read_twice = (op(1, "read -> 1", 9, 10), op(1, "read -> 0", 11, 12))
    assert judged(written, *read_twice).holds is False


def test_an_unknown_result_may_take_effect_after_its_caller_gave_up() -> None:
    gave_up = op(0, "write 1 -> ?", 0, 1)
    assert judged(gave_up, op(1, "read -> 0", 2, 3), op(1, "read -> 1", 4, 5)).holds is True


def test_an_unknown_operation_takes_no_effect_before_its_call() -> None:
    assert judged(op(1, "read -> 1", 0, 1), op(0, "write 1", 2, None)).holds is False


def test_the_order_leaves_out_what_took_no_effect() -> None:
    judgement = judged(op(0, "write 1", 0, None), op(1, "read -> 0", 1, 2))
    assert judgement.order == (1,)


def test_values_that_are_equal_to_python_may_differ_to_a_model() -> None:
    class Types(Model[str]):
        name = "types"

        def initial(self) -> str:
            return ""

        def step(self, state: str, operation: Operation) -> Any:
            if operation.name == "read":
                return state if operation.output == state else REFUSED
            return type(operation.arguments[0]).__name__

    pending = [
        Operation(client=n, name="write", arguments=(value,), call=0, ret=None,
                  status=Status.UNKNOWN)
        for n, value in enumerate((1, True))
    ]  # fmt: skip
    for kind in ("bool", "int"):
        assert judged(*pending, op(9, f"read -> {kind}", 1, 2), model=Types()).holds is True


def test_objects_are_judged_one_by_one() -> None:
    wrong = op(1, "read -> 7", 0, 1, key="wrong")
    judgement = judged(op(0, "read -> 0", 0, 1, key="right"), wrong)
    assert judgement.failure.partition == "wrong"
    assert judgement.failure.history.operations == (wrong,)


def test_one_order_shows_all_objects_and_keeps_real_time() -> None:
    operations = [
        op(0, "write 1", 0, 9, key="a"), op(1, "write 1", 1, 2, key="b"),
        op(1, "read -> 1", 3, 4, key="a"), op(1, "read -> 1", 5, 6, key="b"),
    ]  # fmt: skip
    assert judged(*operations).order == (0, 1, 2, 3)
    assert judged(*operations, partition=False).order == (0, 1, 2, 3)


def test_what_concerns_the_whole_keeps_a_store_in_one_piece() -> None:
    put = Operation(client=0, name="put", arguments=("a", 1), call=0, ret=1)
    size = Operation(client=0, name="len", output=5, call=2, ret=3)
    judgement = judged(put, size, model=KeyValue())
    assert judgement.failure.partition is None
    assert len(judgement.failure.history) == 2


class WronglySplit(Register):
    """Says that reads and writes are independent, which is not so."""

    def partition(self, operation: Operation) -> str:
        return operation.name


def test_a_history_judged_in_one_piece_does_not_believe_that_its_parts_are_independent() -> None:
    operations = (op(0, "write 1", 0, 1), op(0, "read -> 0", 2, 3))
    assert judged(*operations, model=WronglySplit(initial=0)).holds is True  # wrong, as it says
    assert judged(*operations, model=WronglySplit(initial=0), partition=False).holds is False


# Sequential consistency: figure 3.8 of Herlihy & Shavit 2012, two queues.
TWO_QUEUES = [
    op(0, "put 1", 0, 1, key="p"), op(0, "put 1", 2, 3, key="q"), op(0, "get -> 2", 4, 5, key="p"),
    op(1, "put 2", 0, 1, key="q"), op(1, "put 2", 2, 3, key="p"), op(1, "get -> 1", 4, 5, key="q"),
]  # fmt: skip


def test_sequential_consistency_is_not_local() -> None:
    criterion = Criterion.SEQUENTIALLY_CONSISTENT
    for key in "pq":
        alone = [one for one in TWO_QUEUES if one.key == key]
        assert judged(*alone, model=Fifo(), criterion=criterion).holds is True
    both = judged(*TWO_QUEUES, model=Fifo(), criterion=criterion)
    assert both.verdict is Verdict.NOT_SEQUENTIALLY_CONSISTENT


def test_a_stale_read_of_another_client_is_sequentially_consistent() -> None:
    operations = (op(0, "write 1", 0, 1), op(1, "read -> 0", 2, 3))
    assert judged(*operations).holds is False
    judgement = judged(*operations, criterion=Criterion.SEQUENTIALLY_CONSISTENT)
    assert judgement.verdict is Verdict.SEQUENTIALLY_CONSISTENT
    assert judgement.order == (1, 0)


def test_a_client_sees_its_own_writes_in_any_criterion_but_quiescent_consistency() -> None:
    operations = (op(0, "write 1", 0, 1), op(0, "read -> 0", 2, 3), op(1, "write 1", 0, 9))
    assert judged(*operations, criterion=Criterion.SEQUENTIALLY_CONSISTENT).holds is False
    quiet = judged(*operations, criterion=Criterion.QUIESCENTLY_CONSISTENT)
    assert quiet.verdict is Verdict.QUIESCENTLY_CONSISTENT


def test_a_quiet_moment_keeps_what_is_before_and_after_apart() -> None:
    operations = (op(0, "write 1", 0, 1), op(1, "read -> 0", 2, 3))
    judgement = judged(*operations, criterion=Criterion.QUIESCENTLY_CONSISTENT)
    assert judgement.verdict is Verdict.NOT_QUIESCENTLY_CONSISTENT


def test_nothing_is_quiet_after_an_operation_that_never_came_back() -> None:
    operations = (op(9, "read", 0, None), op(0, "write 1", 0, 1), op(1, "read -> 0", 2, 3))
    assert judged(*operations, criterion=Criterion.QUIESCENTLY_CONSISTENT).holds is True


def test_one_that_waits_for_ever_must_have_to_wait() -> None:
    got = op(1, "get", 1, None)
    empty = History.of([got])
    assert check(empty, Fifo(), blocked=[0]).holds is True
    full = History.of([op(0, "put 1", 0, 0.5), got])
    assert check(full, Fifo()).holds is True
    judgement = check(full, Fifo(), blocked=[1])
    assert judgement.verdict is Verdict.NOT_LINEARIZABLE
    assert judgement.failure is not None
    assert judgement.failure.prefixes[0].stuck == (1,)


def test_one_that_waits_for_ever_may_do_so_because_of_another_that_never_came_back() -> None:
    # One slot: the first put is in it, or the second, whose caller never heard.
    operations = [op(0, "put 1", 0, None), op(1, "put 2", 1, None)]
    assert judged(*operations, model=BoundedQueue(1), blocked=[1]).holds is True
    assert judged(*operations, model=BoundedQueue(2), blocked=[1]).holds is False
    for criterion in Criterion:
        more = {"criterion": criterion, "blocked": [1], "partition": False}
        assert judged(*operations, model=BoundedQueue(1), **more).holds is True


class Endless(Model[tuple[int, ...]]):
    """A bag in which every order leads to another state, and one result never comes."""

    name = "endless"

    def initial(self) -> tuple[int, ...]:
        return ()

    def step(self, state: tuple[int, ...], operation: Operation) -> Any:
        if operation.name == "never":
            return REFUSED
        return (*state, operation.arguments[0])

    def partition(self, operation: Operation) -> Any:
        return operation.keywords or None


ENDLESS = [op(n, f"add {n}", 0, 1) for n in range(30)] + [op(99, "never", 2, 3)]


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        ({"budget_s": 0.05}, "time: 0.05 s"),
        ({"max_configurations": 100}, "configurations: 100"),
        ({"max_memory_bytes": 1_000_000}, "memory: 1 MB"),
    ],
)
@pytest.mark.parametrize("criterion", list(Criterion))
def test_a_budget_that_ends_leaves_it_undecided(
    bound: dict[str, Any], why: str, criterion: Criterion
) -> None:
    begun = time.monotonic()
    judgement = judged(*ENDLESS, model=Endless(), criterion=criterion, **bound)
    assert judgement.verdict is Verdict.UNDECIDED
    assert judgement.holds is None
    assert judgement.why == why
    assert judgement.failure is None
    assert judgement.order is None
    assert judgement.configurations <= bound.get("max_configurations", math.inf)
    assert time.monotonic() - begun < 5  # 20 times what the slowest of these takes


@pytest.mark.parametrize("first", ["hard", "wrong"])
def test_a_hard_part_does_not_keep_another_from_being_found_wrong(first: str) -> None:
    hard = [op(n, f"add {n}", 0, 1, keywords=(("part", 1),)) for n in range(60)]
    hard += [op(99, "never", 2, 3, keywords=(("part", 1),))]
    wrong = [op(98, "never", 0, 1, keywords=(("part", 2),))]
    operations = hard + wrong if first == "hard" else wrong + hard
    judgement = judged(*operations, model=Endless(), budget_s=20)
    assert judgement.verdict is Verdict.NOT_LINEARIZABLE
    assert judgement.failure.partition == (("part", 2),)


def test_a_memory_of_what_was_seen_keeps_the_search_short() -> None:
    # 20 increments at once are 20! orders, and only 2**20 sets, of which 20 sizes matter here.
    operations = [op(n, "increment", 0, 1) for n in range(12)] + [op(99, "read -> 99", 2, 3)]
    judgement = judged(*operations, model=Counter())
    assert judgement.verdict is Verdict.NOT_LINEARIZABLE
    assert judgement.configurations <= 2**12 + 1


def test_a_long_history_is_no_deep_recursion() -> None:
    operations = [op(0, "write 1" if n % 2 else "read -> 0", n, n + 2) for n in range(5_000)]
    for criterion in Criterion:
        assert judged(*operations, criterion=criterion, budget_s=20).holds is not None


INTERRUPTED = """
import runpy, signal, sys, threading
test = runpy.run_path(sys.argv[1])
threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
try:
    test["judged"](*test["ENDLESS"], model=test["Endless"](), budget_s=60)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_the_interrupt_key_leaves_the_search() -> None:
    # In a process of its own: here a callback of somebody's may be what is interrupted.
    ran = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, __file__],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert ran.stdout == "interrupted\n", ran.stderr


def test_the_longest_orders_are_shown_the_longest_first() -> None:
    judgement = judged(*ENDLESS[-7:], model=Endless())
    lengths = [len(prefix.order) for prefix in judgement.failure.prefixes]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == 6
    assert len(lengths) <= 10


class Unhashable(Register):
    def initial(self) -> Any:
        return [0]


@pytest.mark.parametrize(
    ("arguments", "more", "says"),
    [
        (([], Register()), {}, "history is"),
        ((History.of([]), Register), {}, "model is"),
        ((History.of([]), Register()), {"criterion": "linearizable"}, "criterion is"),
        ((History.of([]), Register()), {"budget_s": 0}, "budget_s is"),
        ((History.of([]), Register()), {"budget_s": math.nan}, "budget_s is"),
        ((History.of([]), Register()), {"max_configurations": True}, "max_configurations is"),
        ((History.of([]), Register()), {"max_memory_bytes": -1}, "max_memory_bytes is"),
        ((History.of([]), Register()), {"blocked": 3}, "blocked is"),
        ((History.of([op(0, "read -> 0", 0, 1)]), Register()), {"blocked": [0]}, "blocked is"),
        ((History.of([]), Register()), {"blocked": [0]}, "blocked is"),
        ((History.of([op(0, "read -> 0", 0, 1)]), Unhashable()), {}, "states are hashable"),
    ],
)
def test_an_argument_that_is_none_is_refused(
    arguments: Any, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ArgumentError, match=says):
        check(*arguments, **more)
