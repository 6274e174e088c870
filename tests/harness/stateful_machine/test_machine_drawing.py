"""What programs Hypothesis draws for a machine."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import strategies as st

from harness.campaign import Campaign
from harness.errors import ArgumentError
from harness.stateful import (
    Bundle,
    Concurrency,
    ConcurrentStateMachine,
    MachineError,
    MachineProgram,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_concurrent_state_machine_as_test,
)
from harness.stateful.machine_drawing import programs
from harness.stateful.machine_guards import guarded
from harness.stateful.machine_rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = hypothesis.settings(
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def drawn_from(machine: type, concurrency: Concurrency | None = None) -> list[MachineProgram]:
    found: list[MachineProgram] = []

    @SETTINGS
    @hypothesis.given(programs(machine, concurrency or Concurrency()))
    def collect(drawn: Any) -> None:
        found.append(drawn.program)

    collect()
    return found


class Pool(ConcurrentStateMachine):
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        self.free = [3, 2, 1, 0]

    @initialize()
    def first(self) -> None:
        self.free.sort()

    @initialize(extra=st.integers(4, 6))
    def second(self, extra: int) -> None:
        self.free.append(extra)

    @rule(target=tokens)
    def take(self) -> int:
        return self.free.pop()

    @rule(token=consumes(tokens))
    def give(self, token: int) -> None:
        self.free.append(token)

    @rule(seen=st.lists(tokens, max_size=3))
    def look(self, seen: list[int]) -> int:
        return len(seen)


def test_initialize_rules_come_first_and_once_in_either_order() -> None:
    starts = {tuple(step.rule for step in one.prefix[:2]) for one in drawn_from(Pool)}
    assert starts == {("first", "second"), ("second", "first")}
    for one in drawn_from(Pool):
        rules = [step.rule for step in one.steps()]
        assert rules.count("first") == rules.count("second") == 1


def test_a_program_has_the_parts_that_were_asked_for() -> None:
    sizes = Concurrency(threads=(2, 3), calls=2, prefix=1, suffix=1)
    for one in drawn_from(Pool, sizes):
        assert len(one.prefix) <= 3  # two of them are initialize rules
        assert len(one.threads) <= 3
        assert all(1 <= len(part) <= 2 for part in one.threads)
        assert len(one.suffix) <= 1
    assert any(len(one.threads) == 3 for one in drawn_from(Pool, sizes))


def test_steps_take_results_of_the_prefix_and_of_their_own_thread_only() -> None:
    taken = 0
    for one in drawn_from(Pool):
        one.check_results()  # raises otherwise
        taken += sum(1 for step in one.steps() for _ in step.references())
    assert taken > 20


def test_what_a_thread_consumes_no_other_step_takes() -> None:
    consumed = 0
    for one in drawn_from(Pool):
        gone: dict[str, int] = {}
        for number, part in enumerate(one.parts()):
            for step in part:
                for name in step.references():
                    assert name not in gone, str(one)
                    if step.rule == "give":
                        gone[name] = number
                        consumed += 1
        users = {
            name: {
                number
                for number, part in enumerate(one.threads, 1)
                for step in part
                if name in step.references()
            }
            for name, taker in gone.items()
            if 1 <= taker <= len(one.threads)  # the suffix comes after all of them
        }
        assert all(len(threads) <= 1 for threads in users.values()), str(one)
    assert consumed > 10


class Tickets(ConcurrentStateMachine):
    def __init__(self) -> None:
        self.left = 2

    @precondition(lambda self: self.left > 0)
    @rule()
    def sell(self) -> int:
        assert self.left > 0
        self.left -= 1
        return self.left

    @precondition(lambda self: self.left < 2)
    @rule()
    def print_one(self) -> None:
        assert self.left < 2
        self.left += 1

    @rule()
    def look(self) -> int:
        return self.left


def orders(parts: tuple[tuple[Any, ...], ...]) -> Iterator[list[Any]]:
    """Yield every order that keeps that of each part."""
    names = [number for number, part in enumerate(parts) for _ in part]
    for order in set(itertools.permutations(names)):
        queues = [list(part) for part in parts]
        yield [queues[number].pop(0) for number in order]


def test_preconditions_hold_in_every_order_of_whole_steps() -> None:
    guarded_steps = 0
    for one in drawn_from(Tickets, Concurrency(threads=(2, 3), calls=2)):
        for order in orders(one.threads):
            machine = Tickets()
            for step in (*one.prefix, *order, *one.suffix):
                getattr(machine, step.rule)()  # asserts its precondition
        guarded_steps += sum(step.rule != "look" for part in one.threads for step in part)
    assert guarded_steps > 20


def test_a_step_whose_precondition_fails_in_one_order_is_left_out() -> None:
    from harness.stateful import Step  # noqa: PLC0415  # beside its one use

    sell = Step("sell")
    program = MachineProgram.of([[sell, sell], [sell]])
    with Campaign(model="free-threaded", max_steps=1000) as campaign:
        left = guarded(Tickets, rules_of(Tickets), program, campaign.run_alone)
        same = MachineProgram.of([[sell], [sell]])
        assert guarded(Tickets, rules_of(Tickets), same, campaign.run_alone) == same
    assert len(left) == 2


def test_results_of_multiple_have_a_name_each() -> None:
    class Splitting(ConcurrentStateMachine):
        parts = Bundle("parts")

        @rule(target=parts, count=st.integers(0, 3))
        def split(self, count: int) -> Any:
            return multiple(*range(count))

        @rule(part=parts)
        def look(self, part: int) -> int:
            return part

    sizes = {
        (step.arguments["count"], len(step.into))
        for one in drawn_from(Splitting)
        for step in one.prefix
        if step.rule == "split"
    }
    assert sizes >= {(0, 0), (2, 2)}
    assert all(count == names for count, names in sizes)


def test_a_step_that_would_wait_is_no_part_of_the_prefix() -> None:
    import queue  # noqa: PLC0415  # beside its one use

    class Waiting(ConcurrentStateMachine):
        def __init__(self) -> None:
            self.items: queue.Queue[int] = queue.Queue()

        @rule()
        def get(self) -> int:
            return self.items.get()

        @rule()
        def put(self) -> None:
            self.items.put(1)

    waiting = 0
    for one in drawn_from(Waiting):
        filled = 0
        for step in one.prefix:
            filled += 1 if step.rule == "put" else -1
            assert filled >= 0, str(one)
        waiting += any(part[-1].rule == "get" for part in one.threads)
    assert waiting > 5


def test_a_sequential_failure_is_shown_without_threads() -> None:
    class Broken(ConcurrentStateMachine):
        def __init__(self) -> None:
            self.count = 0

        @rule()
        def add(self) -> None:
            self.count += 1

        @invariant()
        def small(self) -> None:
            assert self.count < 3

    with pytest.raises(AssertionError) as caught:
        run_concurrent_state_machine_as_test(Broken, settings=SETTINGS)
    assert len(caught.value.program) == 3  # type: ignore[attr-defined]  # a MachineFailedError


@pytest.mark.parametrize("transform", ["filter", "map"])
def test_filtered_and_mapped_bundles_are_refused(transform: str) -> None:
    values = Bundle("values")

    class Choosy(ConcurrentStateMachine):
        @rule(target=values)
        def make(self) -> int:
            return 1

        @rule(value=getattr(values, transform)(bool))
        def use(self, value: int) -> None: ...

    with pytest.raises(MachineError, match="filters or maps the bundle of value"):
        run_concurrent_state_machine_as_test(Choosy, settings=SETTINGS)


def test_drawing_inside_a_rule_is_refused() -> None:
    class Drawing(ConcurrentStateMachine):
        @rule(data=st.data())
        def draw(self, data: Any) -> int:
            return int(data.draw(st.integers()))

    with pytest.raises(MachineError, match=r"draw takes data=st\.data\(\)"):
        run_concurrent_state_machine_as_test(Drawing, settings=SETTINGS)


def test_a_machine_without_rules_is_refused() -> None:
    class Empty(ConcurrentStateMachine): ...

    with pytest.raises(MachineError, match="it has no rules"):
        run_concurrent_state_machine_as_test(Empty, settings=SETTINGS)


def test_a_precondition_on_no_rule_is_refused() -> None:
    class Odd(ConcurrentStateMachine):
        @rule()
        def nothing(self) -> None: ...

        @precondition(lambda self: True)
        def lonely(self) -> None: ...

    with pytest.raises(MachineError, match="lonely has a precondition and is no rule"):
        run_concurrent_state_machine_as_test(Odd, settings=SETTINGS)


def test_a_machine_that_can_never_begin_is_refused() -> None:
    class Stuck(ConcurrentStateMachine):
        @precondition(lambda self: False)
        @rule()
        def never(self) -> None: ...

    with pytest.raises(MachineError, match="no rule can be applied to a new machine"):
        run_concurrent_state_machine_as_test(Stuck, settings=SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("executions", 0),
        ("strategy", "nonsense"),
        ("strategy", object()),
        ("threads", (3, 2)),
        ("threads", 2),
        ("calls", 0),
        ("calls", 99),
        ("prefix", -1),
        ("suffix", "1"),
        ("switching", "both"),
        ("max_steps", 0),
        ("fail_on", "everything"),
        ("early_timeouts", 1),
    ],
)
def test_settings_that_mean_nothing_are_refused(name: str, value: object) -> None:
    with pytest.raises(ArgumentError):
        Concurrency(**{name: value})  # type: ignore[arg-type]  # that is the test
