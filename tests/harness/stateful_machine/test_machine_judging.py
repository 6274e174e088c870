"""What is right and what is wrong in an execution of a machine's program."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

import harness
from harness.finding import FindingKind
from harness.linearizability import REFUSED, Model
from harness.stateful import (
    Bundle,
    Concurrency,
    ConcurrentStateMachine,
    MachineError,
    MachineFailedError,
    Result,
    Step,
    invariant,
    precondition,
    rule,
    run_steps,
)

if TYPE_CHECKING:
    from harness.linearizability import Operation, Refused


def kind_of(machine: type, *threads: list[Step], **parts: list[Step]) -> FindingKind | None:
    """Return what is found wrong with a program of a machine."""
    try:
        run_steps(machine, threads=threads, **parts)
    except MachineFailedError as error:
        finding = error.result.finding
        return None if finding is None else finding.kind
    return None


class Jobs(ConcurrentStateMachine):
    """The standard library's queue, and what waits on it."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        self.queue: queue.Queue[object] = queue.Queue(1)

    @rule()
    def put(self) -> None:
        self.queue.put("job")

    @rule(target=jobs)
    def get(self) -> object:
        return self.queue.get()

    @rule(target=jobs)
    def get_now(self) -> object:
        return self.queue.get_nowait()

    @rule()
    def get_soon(self) -> object:
        return self.queue.get(timeout=5)

    @rule(job=jobs)
    def look(self, job: object) -> object:
        return job


GET, PUT, NOW = Step("get"), Step("put"), Step("get_now")


def test_steps_that_wait_where_the_sequential_machine_would_are_right() -> None:
    assert kind_of(Jobs, [GET], [GET]) is None
    assert kind_of(Jobs, [GET], [PUT], [GET]) is None
    assert kind_of(Jobs, [PUT, PUT], [GET, GET, GET]) is None
    assert kind_of(Jobs, [PUT], [PUT]) is None


def test_an_exception_is_a_result_like_any_other() -> None:
    assert kind_of(Jobs, [NOW], [PUT]) is None
    assert kind_of(Jobs, [NOW], [NOW], prefix=[PUT]) is None
    assert kind_of(Jobs, [Step("get_soon")], [PUT]) is None


def test_a_step_whose_result_was_never_returned_is_skipped() -> None:
    took = [Step("get_now", into="job"), Step("look", {"job": Result("job")})]
    assert kind_of(Jobs, took, [PUT]) is None


class Forgetful(Jobs):
    """Gets without waking who waits to put."""

    @rule()
    def get(self) -> object:
        with self.queue.mutex:
            while not self.queue.queue:
                self.queue.not_empty.wait()
            return self.queue.queue.popleft()


def test_a_step_that_waits_where_the_sequential_machine_would_not_is_a_finding() -> None:
    with pytest.raises(MachineFailedError) as caught:
        run_steps(Forgetful, threads=[[PUT], [GET]], prefix=[PUT])
    finding = caught.value.result.finding
    assert finding is not None
    assert finding.kind is FindingKind.LOST_WAKEUP
    words = "when Forgetful makes the steps one by one: after put, get, in the best order, T1's put"
    assert finding.places[-1] == f"{words} would return None"


class Register(ConcurrentStateMachine):
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()
        self.spare = threading.Lock()

    @rule()
    def add(self) -> int:
        before = self.value
        self.value = before + 1
        return before

    @rule()
    def safely(self) -> int:
        with self.lock:
            self.value += 1
            return self.value

    @rule()
    def fail(self) -> None:
        raise KeyError("always")

    @rule()
    def fail_if_disturbed(self) -> None:
        before = self.value
        if before != self.value:
            raise LookupError

    @rule()
    def insist(self) -> None:
        before = self.value
        assert before == self.value, "disturbed"

    @rule()
    def one_way(self) -> None:
        with self.lock, self.spare:
            pass

    @rule()
    def other_way(self) -> None:
        with self.spare, self.lock:
            pass

    @rule()
    def leave(self) -> None:
        threading.Thread(target=threading.Event().wait).start()

    @rule()
    def fail_outside(self) -> None:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()


ADD, SAFELY = Step("add"), Step("safely")


@pytest.mark.parametrize(
    ("threads", "kind"),
    [
        ([[ADD], [ADD]], FindingKind.NOT_LINEARIZABLE),
        ([[SAFELY], [SAFELY]], None),
        ([[Step("fail")], [Step("fail")]], None),
        ([[Step("fail_if_disturbed")], [SAFELY]], FindingKind.NOT_LINEARIZABLE),
        ([[Step("insist")], [SAFELY]], FindingKind.ASSERTION),
        ([[Step("one_way")], [Step("other_way")]], FindingKind.DEADLOCK),
        ([[Step("leave")], [SAFELY]], FindingKind.LEAKED_TASK),
        ([[Step("fail_outside")], [SAFELY]], FindingKind.EXCEPTION),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value and value.name),
)
def test_each_kind_of_failure_is_found(threads: list[list[Step]], kind: FindingKind | None) -> None:
    assert kind_of(Register, *threads) is kind


def test_the_message_names_what_no_order_gives() -> None:
    with pytest.raises(MachineFailedError) as caught:
        run_steps(Register, threads=[[ADD], [ADD]], suffix=[ADD])
    finding = caught.value.result.finding
    assert finding is not None
    assert finding.message == (
        "no order of these steps gives these results when Register makes them one by one:\n"
        "  T1    state.add() -> 0   from 0 to 2\n"
        "  T2    state.add() -> 0   from 1 to 3\n"
        "  main  state.add() -> 1   from 4 to 5\n"
        "After add, in the best order:\n"
        "  T2's add would return 1"
    ) or finding.message.endswith("T1's add would return 1")


class Plain:
    def __init__(self) -> None:
        self.value = 0

    def write(self) -> None:
        self.value = 1

    def read(self) -> int:
        return self.value


class Prompt(ConcurrentStateMachine):
    model = Plain

    def __init__(self) -> None:
        self.value = 0

    def store(self) -> None:
        self.value = 1

    @rule()
    def write(self) -> None:
        self.store()

    @rule()
    def read(self) -> int:
        return self.value


class Late(Prompt):
    """Comes back before the value can be seen: right for each thread alone, and too late."""

    @rule()
    def write(self) -> None:
        threading.Thread(target=self.store).start()


def test_a_step_that_came_back_stands_before_one_that_was_made_later() -> None:
    read, write = Step("read"), Step("write")
    assert kind_of(Prompt, [read], [write]) is None
    assert kind_of(Late, [read], [write]) is FindingKind.NOT_LINEARIZABLE


class Bounded(ConcurrentStateMachine):
    def __init__(self) -> None:
        self.low = self.high = 0

    @rule()
    def raise_both(self) -> None:
        self.high += 1
        self.low += 1

    @rule()
    def spoil(self) -> None:
        self.low += 2

    @invariant()
    def in_order(self) -> None:
        assert self.low <= self.high

    @precondition(lambda self: False)
    @invariant()
    def never_asked(self) -> None:
        raise AssertionError


def test_invariants_hold_before_the_threads_and_after_them_and_not_in_between() -> None:
    both, spoil = Step("raise_both"), Step("spoil")
    assert kind_of(Bounded, [both]) is None
    assert kind_of(Bounded, [both], [spoil]) is FindingKind.ASSERTION
    assert kind_of(Bounded, prefix=[spoil]) is FindingKind.ASSERTION
    assert kind_of(Bounded, suffix=[spoil]) is FindingKind.ASSERTION


def test_teardown_is_called_for_every_machine_that_was_made() -> None:
    life: list[str] = []

    class Living(ConcurrentStateMachine):
        concurrency = Concurrency(executions=5)

        def __init__(self) -> None:
            life.append("made")

        @rule()
        def nothing(self) -> None: ...

        def teardown(self) -> None:
            life.append("torn down")

    run_steps(Living, threads=[[Step("nothing")], [Step("nothing")]])
    assert life
    assert life.count("made") == life.count("torn down")


def test_a_rule_may_change_what_it_is_given() -> None:
    class Greedy(ConcurrentStateMachine):
        @rule(items=st.lists(st.integers()))
        def take(self, items: list[int]) -> int:
            return items.pop()

    step = Step("take", {"items": [1]})
    assert kind_of(Greedy, [step], [step]) is None


# -- models ----------------------------------------------------------------------------------------


class SequentialRegister:
    def __init__(self) -> None:
        self.value = 0

    def add(self) -> int:
        self.value += 1
        return self.value - 1

    def safely(self) -> int:
        self.value += 1
        return self.value

    def fail(self) -> None:
        raise KeyError

    fail_if_disturbed = insist = one_way = other_way = leave = fail_outside = fail


class Modelled(Register):
    model = SequentialRegister


class Undercounting(Modelled):
    @rule()
    def safely(self) -> int:
        with self.lock:
            self.value += 1
            return max(self.value, 2)


def test_a_class_of_the_users_is_the_model() -> None:
    assert kind_of(Modelled, [SAFELY], [SAFELY]) is None
    assert kind_of(Modelled, [ADD], [ADD]) is FindingKind.NOT_LINEARIZABLE
    assert kind_of(Modelled, [Step("fail")], [SAFELY]) is None
    assert kind_of(Undercounting, [SAFELY]) is FindingKind.NOT_LINEARIZABLE


def test_a_model_without_a_method_for_each_rule_is_refused() -> None:
    class Lacking(Register):
        model = object

    with pytest.raises(MachineError, match="its model object has no method add"):
        run_steps(Lacking, threads=[[ADD]])

    class Odd(Register):
        model = 5

    with pytest.raises(MachineError, match="its model is 5"):
        run_steps(Odd, threads=[[ADD]])


class CounterModel(Model[int]):
    name = "counter"

    def initial(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | Refused:
        shown = state + (operation.name == "safely")
        known = not operation.known or operation.output == shown
        return state + 1 if known else REFUSED


class Checked(Register):
    model = CounterModel


def test_a_model_of_pure_functions_is_the_model() -> None:
    assert kind_of(Checked, [SAFELY, SAFELY], [SAFELY]) is None
    assert kind_of(Checked, [ADD], [ADD]) is FindingKind.NOT_LINEARIZABLE


def test_a_model_of_pure_functions_sees_the_results_that_steps_take() -> None:
    seen: list[Any] = []

    class Looking(Model[int]):
        name = "looking"

        def initial(self) -> int:
            return 0

        def step(self, state: int, operation: Operation) -> int | Refused:
            seen.append((operation.name, operation.arguments, operation.output))
            return state

    class Machine(ConcurrentStateMachine):
        model = Looking
        things = Bundle("things")

        @rule(target=things)
        def make(self) -> object:
            return object()

        @rule(thing=things)
        def use(self, thing: object) -> bool:
            return thing is not None

    use = Step("use", {"thing": Result("t")})
    assert kind_of(Machine, [Step("make", into="t"), use]) is None
    (made,) = {output for name, _, output in seen if name == "make"}
    assert ("use", (made,), True) in seen


# -- inside of other tests -------------------------------------------------------------------------


def test_steps_inside_of_an_execution_are_judged_when_it_is_over() -> None:
    def body() -> None:
        run_steps(Register, threads=[[ADD], [ADD]])

    result = harness.explore(body, executions=200)
    assert result.finding is not None
    assert result.finding.kind is FindingKind.NOT_LINEARIZABLE
    again = harness.replay(body, result.finding.token)
    assert again is not None
    assert again.message == result.finding.message

    def good() -> None:
        run_steps(Register, threads=[[SAFELY], [SAFELY]])

    assert harness.explore(good, executions=100).finding is None


def test_a_pinned_schedule_of_steps_fails_while_the_bug_is_there() -> None:
    with pytest.raises(MachineFailedError) as caught:
        run_steps(Register, threads=[[ADD], [ADD]])
    finding = caught.value.result.finding
    assert finding is not None

    @harness.regression(finding.token)
    def pinned() -> None:
        run_steps(Register, threads=[[ADD], [ADD]])

    with pytest.raises(harness.RegressionError, match="no order of these steps"):
        pinned()


def test_the_gil_model_is_a_setting() -> None:
    class Gil(Register):
        concurrency = Concurrency(switching="gil", executions=100)

    # The GIL is not given up between the read and the write of one attribute.
    assert kind_of(Gil, [ADD], [ADD]) is None


def test_races_fail_where_asked() -> None:
    class Racing(ConcurrentStateMachine):
        concurrency = Concurrency(fail_on="data-race", executions=20)

        def __init__(self) -> None:
            self.value = 0

        @rule()
        def write(self) -> None:
            self.value = 1

    assert kind_of(Racing, [Step("write")], [Step("write")]) is FindingKind.DATA_RACE
