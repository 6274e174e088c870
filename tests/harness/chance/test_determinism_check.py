"""The same schedule twice: what differs is named, and what only warms up is no finding."""

from __future__ import annotations

import functools
import itertools
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import FindingKind, Verdict
from harness.campaign import Campaign
from harness.determinism import check_determinism
from harness.engine.recorder import Recorder
from harness.replay_token import decode_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.finding import Finding


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def locks_once() -> None:
    lock = threading.Lock()
    with lock:
        pass


def unsteady(body: Callable[[], object], **settings: Any) -> Finding:
    result = harness.explore(body, executions=20, **settings)
    assert result.verdict is Verdict.FAILED
    assert result.finding is not None
    assert result.finding.kind is FindingKind.NONDETERMINISM, result.finding
    return result.finding


class Kept:
    """State that outlives executions."""

    calls = 0


# -- what is found --------------------------------------------------------------------------------


def test_state_of_a_class_is_named_with_its_values_and_both_operations() -> None:
    Kept.calls = 0

    def body() -> None:
        Kept.calls += 1
        if Kept.calls % 2:
            locks_once()

    message = unsteady(body).message
    assert message.startswith("Operation 4 differs. One execution: main: ")
    assert "main: acquire Lock#1 at test_determinism_check.py:" in message
    assert "in locks_once" in message
    assert "Likely cause: state kept between executions: Kept.calls at " in message
    assert "was 0, then 1, then 2, then 3, then 4." in message


def test_a_set_whose_order_follows_addresses_is_named() -> None:
    class Item:
        def __init__(self) -> None:
            self.seen = 0

    turns = itertools.count()

    def body() -> None:
        items = [Item() for _ in range(8)]
        # What a set of them does in one process after the other, and here for sure.
        start = next(turns)
        for number in range(len(items)):
            items[(start + number) % len(items)].seen += 1

    message = unsteady(body).message
    assert "One execution: main: read Item#" in message
    assert "Likely cause: the order of a set or of a dict, which follows id() or hash()" in message


def test_another_number_of_tasks_is_a_difference() -> None:
    counts = itertools.cycle([1, 2, 3])

    def body() -> None:
        for _ in range(next(counts)):
            in_tasks(locks_once)

    message = unsteady(body).message
    assert "differs. One execution: " in message
    assert " task " in message


def test_another_end_is_a_difference() -> None:
    errors = itertools.cycle([LookupError, KeyError])

    def body() -> None:
        locks_once()
        raise next(errors)("in the end")

    message = unsteady(body).message
    assert "ended: LookupError in main: in the end" in message
    assert "ended: KeyError in main: 'in the end'" in message


def test_real_time_is_named() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415  # beside what it is used for

    offsets = itertools.count()

    def body() -> None:
        now = datetime.now(UTC)
        if (now.year + next(offsets)) % 2:  # as the last digit of the time would
            locks_once()
        threading.Event().set()

    assert "Likely cause: real time: datetime is not virtual" in unsteady(body).message


def test_the_finding_has_a_token() -> None:
    turns = itertools.cycle([True, False])

    def body() -> None:
        if next(turns):
            in_tasks(locks_once, locks_once)

    finding = unsteady(body, max_steps=700, model="free-threaded")
    assert decode_token(finding.token).max_steps == 700


# -- what is not ----------------------------------------------------------------------------------


def test_what_only_the_first_executions_do_is_no_finding() -> None:
    warm: list[int] = []

    @functools.lru_cache
    def cached() -> int:
        locks_once()
        return 1

    def body() -> None:
        cached()
        if len(warm) < 2:  # in the first two executions
            warm.append(1)
            locks_once()
        import colorsys  # noqa: F401, PLC0415  # once in a process

    assert harness.explore(body, executions=20).verdict is Verdict.PASSED


def test_numbered_and_addressed_objects_are_no_finding() -> None:
    numbers = itertools.count()

    class Connection:
        def __init__(self) -> None:
            self.number = next(numbers)
            self.key = id(self)

    def body() -> None:
        one = Connection()
        table = {one.number: one, one.key: one}
        thread = threading.Thread(target=lambda: table[one.key], name=f"worker-{one.number}")
        thread.start()
        thread.join()
        assert table[one.number] is one

    assert harness.explore(body, executions=20).verdict is Verdict.PASSED


def test_seeded_chance_is_no_difference() -> None:
    def body() -> None:
        in_tasks(*[locks_once] * random.randint(1, 5))

    assert harness.explore(body, executions=20).verdict is Verdict.PASSED


def test_a_body_that_fails_alike_each_time_is_reported_as_that() -> None:
    def body() -> None:
        locks_once()
        raise LookupError("always")

    finding = harness.explore(body, executions=20).finding
    assert finding is not None
    assert finding.kind is FindingKind.EXCEPTION


def test_a_single_execution_is_not_checked() -> None:
    turns = itertools.cycle([True, False])

    def body() -> None:
        if next(turns):
            locks_once()

    assert harness.explore(body, executions=1).verdict is Verdict.PASSED


def test_a_long_body_is_compared_up_to_a_bound() -> None:
    begun = itertools.count()

    def body() -> None:
        next(begun)
        lock = threading.Lock()
        for _ in range(3_000):
            with lock:
                pass

    with Campaign(model="free-threaded", max_steps=20_000, body=body) as campaign:
        found = check_determinism(campaign, body, model="free-threaded", max_steps=20_000)
    assert found.finding is None
    assert next(begun) == 2


def test_the_state_of_the_world_is_looked_at_only_twice_where_it_is_steady() -> None:
    runs = itertools.count()
    harness.explore(lambda: next(runs), executions=7)
    assert next(runs) == 7 + 2


# -- a failure that does not come again -----------------------------------------------------------


def test_a_failure_that_does_not_come_again_names_the_first_operation_that_differs() -> None:
    runs = itertools.count(1)

    def body() -> None:
        number = next(runs)
        locks_once()
        if number > 6 and number % 2:
            locks_once()
        assert number != 6, "only the sixth time"

    message = unsteady(body).message
    assert "only the sixth time" in message
    assert "Operation " in message
    assert "acquire Lock#2" in message


@pytest.mark.parametrize("strategy", ["dfs", "dpor"])
def test_a_search_that_meets_something_else_names_the_operation(strategy: str) -> None:
    runs = itertools.count(1)

    def body() -> None:
        number = next(runs)
        lock = threading.Lock()

        def work() -> None:
            with lock:
                pass

        in_tasks(work, work)
        if number > 3:
            for _ in range(number % 3):
                in_tasks(work, work)

    message = unsteady(body, strategy=strategy).message
    assert "Operation " in message
    assert "differs. One execution: " in message


# -- the tool's own faults ------------------------------------------------------------------------


def test_a_fault_of_the_recorder_is_not_blamed_on_the_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Box:
        value = 0

    def body() -> None:
        box = Box()

        def add() -> None:
            read = box.value
            locks_once()
            box.value = read + 1

        in_tasks(add, add)
        assert box.value == 2

    source = "def broken(self, task, label, obj):\n    raise KeyError('ours')"
    namespace: dict[str, Any] = {}
    exec(compile(source, RECORDER, "exec"), namespace)  # noqa: S102  # a fault in the engine's file
    monkeypatch.setattr(Recorder, "operation", namespace["broken"])
    with pytest.raises(harness.ToolFaultError, match="a fault of holdfast") as caught:
        harness.explore(body, executions=200)
    assert "KeyError: 'ours' in the engine itself, at recorder.py:2 in broken" in str(caught.value)
    assert "in in_tasks" in caught.value.beneath


RECORDER = Recorder.__init__.__code__.co_filename
