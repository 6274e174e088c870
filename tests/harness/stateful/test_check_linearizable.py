"""The one-call form: what it finds, what it says, what it refuses."""

from __future__ import annotations

import functools
import queue
import random
import subprocess
import sys
import textwrap
import threading
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

import harness
from harness import ArgumentError, FindingKind, UndecidedWarning, Verdict
from harness.linearizability.errors import OperationError
from harness.linearizability.models.fifo import Fifo
from harness.stateful import (
    FactoryError,
    NotLinearizableError,
    Program,
    ProgramFailedError,
    UndecidedCheckError,
    check_program,
    operation,
    unique,
)
from tests.planted.linearizability.caches import Cache, OwnCopyCache, StaleFillCache
from tests.planted.linearizability.maps import HalfLockedMap, StripedMap
from tests.planted.linearizability.queues import (
    BoundedBuffer,
    ForgetfulBuffer,
    HeadOfLineQueue,
    SlotQueue,
)
from tests.planted.linearizability.stacks import CountedStack, LinkedStack

ROOT = Path(__file__).resolve().parents[3]
KEYS = [0, 1, 2, 3]
QUEUE = ["get", ("put", unique())]
SUBJECTS = [
    pytest.param(SlotQueue, HeadOfLineQueue, QUEUE, id="queue"),
    pytest.param(LinkedStack, CountedStack, ["pop", ("push", unique())], id="stack"),
    pytest.param(Cache, StaleFillCache, [("read", ["k"]), ("write", ["k"], unique())], id="cache"),
    pytest.param(StripedMap, HalfLockedMap, [("get", KEYS), ("put", KEYS, unique())], id="map"),
]


@pytest.mark.parametrize(("good", "bad", "operations"), SUBJECTS)
def test_a_planted_bug_is_found_with_at_most_four_calls(
    good: Any, bad: Any, operations: list[object]
) -> None:
    del good
    with pytest.raises(NotLinearizableError) as caught:
        harness.check_linearizable(bad, operations=operations, seed=1)
    failing = caught.value.failing
    assert len(failing.program) <= 4, str(failing.program)
    assert failing.finding.kind is FindingKind.NOT_LINEARIZABLE
    assert failing.counterexample is not None
    story = str(caught.value)
    assert str(failing.counterexample) in story
    assert "How it came to be" in story
    assert "check_program(" in story


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("good", "bad", "operations"), SUBJECTS)
def test_every_seed_finds_it(good: Any, bad: Any, operations: list[object], seed: int) -> None:
    del good
    with pytest.raises(NotLinearizableError) as caught:
        harness.check_linearizable(bad, operations=operations, seed=seed)
    assert len(caught.value.program) <= 4


@pytest.mark.parametrize(("good", "bad", "operations"), SUBJECTS)
def test_the_good_twin_passes_and_the_evidence_says_what_was_run(
    good: Any, bad: Any, operations: list[object]
) -> None:
    del bad
    result = harness.check_linearizable(good, operations=operations, programs=25, calls=2)
    assert result.verdict is Verdict.PASSED
    assert result.programs == 25
    assert result.executions > 25
    assert 0 < result.histories <= result.executions
    assert result.evidence.startswith("25 programs of up to 2 threads x 2 calls, ")
    assert f"{result.histories} different histories, none failed (against " in result.evidence
    assert "exhausted" not in result.evidence or result.exhausted


def test_the_printed_test_runs_by_itself_and_fails(tmp_path: Path) -> None:
    with pytest.raises(NotLinearizableError) as caught:
        harness.check_linearizable(StaleFillCache, operations=SUBJECTS[2].values[2])
    file = tmp_path / "test_printed.py"
    file.write_text(caught.value.failing.test)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "NotLinearizableError" in run.stdout
    assert "test_stale_fill_cache_is_linearizable" in run.stdout


def test_a_token_fails_again_in_another_process_every_time() -> None:
    with pytest.raises(NotLinearizableError) as caught:
        harness.check_linearizable(HeadOfLineQueue, operations=QUEUE)
    source = caught.value.failing.test
    name = next(line for line in source.splitlines() if line.startswith("def ")).split("(")[0][4:]
    script = textwrap.dedent(
        f"""
        {textwrap.indent(source, "        ").strip()}
        import harness
        failed = 0
        for _ in range(20):
            try:
                {name}()
            except harness.NotLinearizableError:
                failed += 1
        print(failed)
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.stdout.strip() == "20", run.stdout + run.stderr


def test_the_same_seed_gives_the_same_failure() -> None:
    def fail() -> ProgramFailedError:
        with pytest.raises(ProgramFailedError) as caught:
            harness.check_linearizable(CountedStack, operations=["pop", ("push", [1, 2])], seed=7)
        return caught.value

    one, two = fail(), fail()
    assert one.program == two.program
    assert one.finding.token == two.finding.token


def test_calls_that_wait_are_right_where_the_object_alone_would_wait() -> None:
    result = harness.check_linearizable(
        BoundedBuffer, operations=QUEUE, programs=30, executions=100
    )
    assert result.verdict is Verdict.PASSED


def test_a_lost_wakeup_is_told_with_its_smallest_program() -> None:
    program = Program.of(["get", ("put", 9)], ["get"], [("put", 1), ("put", 2)], suffix=["get"])
    with pytest.raises(ProgramFailedError) as caught:
        harness.check_linearizable(ForgetfulBuffer, programs=[program])
    assert not isinstance(caught.value, NotLinearizableError)
    assert caught.value.finding.kind is FindingKind.LOST_WAKEUP
    assert len(caught.value.program) == 4
    assert caught.value.counterexample is None


@pytest.mark.parametrize(
    "make", [queue.Queue, functools.partial(queue.Queue, 1), queue.SimpleQueue, queue.LifoQueue]
)
def test_queues_of_the_standard_library_pass(make: Any) -> None:
    result = harness.check_linearizable(make, operations=QUEUE, programs=15, calls=2)
    assert result.verdict is Verdict.PASSED


def test_containers_written_in_c_pass() -> None:
    operations = [("append", unique()), "pop", "popleft", "__len__"]
    assert harness.check_linearizable(deque, operations=operations, programs=20, calls=2).exhausted


def test_a_ready_model_and_a_class_of_ones_own_judge_as_well() -> None:
    class Plain:
        def __init__(self) -> None:
            self.items: list[int] = []

        def put(self, item: int) -> None:
            self.items.append(item)

        def get(self) -> int:
            return self.items.pop(0)

    class Slow:
        def __init__(self) -> None:
            self._lock = threading.Lock()
            self._items: list[int] = []

        def put(self, item: int) -> None:
            with self._lock:
                self._items.append(item)

        def get(self) -> int:
            if not self._items:
                raise IndexError
            item = self._items[0]
            with self._lock:
                del self._items[0]
            return item

    for model in (Plain, Fifo()):
        with pytest.raises(NotLinearizableError) as caught:
            harness.check_linearizable(Slow, model=model, operations=QUEUE)
        assert "model=" in caught.value.failing.test


def test_an_object_that_is_wrong_in_one_thread_needs_none() -> None:
    class Sticky:
        def __init__(self) -> None:
            self.items: list[int] = []

        def put(self, item: int) -> None:
            self.items.append(item)

        def get(self) -> int:
            return self.items[0] if self.items else -1

    class Right(Sticky):
        def get(self) -> int:
            return self.items.pop(0) if self.items else -1

    with pytest.raises(NotLinearizableError) as caught:
        harness.check_linearizable(Sticky, model=Right, operations=QUEUE)
    assert caught.value.program.threads == ()


def test_a_weaker_criterion_is_named_and_lets_a_late_reader_pass() -> None:
    operations = ["read", ("write", unique())]
    with pytest.raises(NotLinearizableError):
        harness.check_linearizable(OwnCopyCache, operations=operations)
    program = Program.of(["read", "read"], [("write", 1)], [("write", 2)])
    result = harness.check_linearizable(
        OwnCopyCache, programs=[program], criterion="sequentially consistent"
    )
    assert "sequentially consistent" in result.evidence
    with pytest.raises(NotLinearizableError, match="sequentially consistent"):
        # What came before the threads cannot be seen after them under any criterion.
        harness.check_linearizable(
            HalfLockedMap,
            operations=SUBJECTS[3].values[2],
            criterion="sequentially consistent",
        )


def test_an_invariant_is_checked_at_the_end_of_each_execution() -> None:
    with pytest.raises(ProgramFailedError) as caught:
        harness.check_linearizable(
            SlotQueue, operations=QUEUE, invariants=[lambda subject: len(subject._slots) < 3]
        )
    assert caught.value.finding.kind is FindingKind.ASSERTION
    assert len(caught.value.program) == 3


def test_arguments_come_from_values_functions_and_strategies() -> None:
    seen: set[object] = set()

    class Sink:
        def take(self, *values: object, named: object = None) -> None:
            seen.update((*values, named))

    kind = operation(
        "take", range(2), lambda chance: chance.choice("xy"), "text", st.sampled_from([7, 8]),
        named=[True],
    )  # fmt: skip
    harness.check_linearizable(Sink, operations=[kind], programs=20, calls=1)
    assert seen == {0, 1, "x", "y", "text", 7, 8}


def test_unique_values_tell_who_wrote_what_is_read() -> None:
    chance = random.Random(0)
    put = operation("put", unique())
    drawn = [put.draw(chance, number).arguments for number in range(3)]
    assert drawn == [(1,), (2,), (3,)]


# -- what is refused -------------------------------------------------------------------------------

_only = SlotQueue()


def broken() -> SlotQueue:
    raise OSError("no such device")


def never() -> SlotQueue:
    queue.Queue[int]().get()
    return SlotQueue()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (broken, "broken() raised OSError: no such device"),
        (lambda: _only, "returned the same object twice"),
        (lambda: None, "returned None"),
        (never, "did not come back"),
    ],
    ids=["raises", "not fresh", "nothing", "waits"],
)
def test_a_factory_that_makes_no_new_object_is_told(make: Any, says: str) -> None:
    with pytest.raises(FactoryError) as caught:
        harness.check_linearizable(make, operations=QUEUE)
    assert says in str(caught.value)


class Shared:
    """Planted: a new object each time, with the old content."""

    items: list[int] = []  # noqa: RUF012  # the mistake

    def put(self, item: int) -> None:
        self.items.append(item)

    def get(self) -> int:
        return self.items.pop(0) if self.items else -1


def test_state_that_outlives_its_object_is_told_as_such() -> None:
    with pytest.raises(ProgramFailedError) as caught:
        harness.check_linearizable(Shared, operations=QUEUE)
    assert "state" in str(caught.value)
    assert caught.value.finding.kind is FindingKind.NONDETERMINISM


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"operations": []}, "at least one"),
        ({"operations": "get"}, "a list of"),
        ({"operations": [3]}, 'it takes "get"'),
        ({"operations": ["pull"]}, "methods that a SlotQueue has: get, put"),
        ({"operations": ["put"]}, '("put", [1, 2])'),
        ({"operations": [("get", [1])]}, "too many positional arguments"),
        ({"operations": [("put", [])]}, "at least one value"),
        ({"operations": QUEUE, "programs": 0}, "programs is 0"),
        ({"programs": []}, "a list of Program values"),
        ({"programs": [Program.of(["pull"])]}, "methods that a SlotQueue has"),
        ({"operations": QUEUE, "threads": 1}, "threads is 1"),
        ({"operations": QUEUE, "calls": 100}, "calls is 100"),
        ({"operations": QUEUE, "model": 5}, "a Model, a class"),
        ({"operations": QUEUE, "model": set}, "something with all operations"),
        ({"operations": QUEUE, "criterion": "eventual"}, "linearizable, sequentially"),
        ({"operations": QUEUE, "undecided": "ignore"}, "fail or warn"),
        ({"operations": QUEUE, "strategy": "luck"}, "strategy is 'luck'"),
        ({"operations": QUEUE, "switching": "none"}, "'none'"),
        ({"operations": QUEUE, "seed": 0.5}, "seed is 0.5"),
        ({"operations": QUEUE, "early_timeouts": 1}, "early_timeouts is 1"),
    ],
    ids=str,
)
def test_an_argument_that_is_not_what_it_takes_is_named(
    settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        harness.check_linearizable(SlotQueue, **settings)
    assert says in str(caught.value)


def test_a_model_with_other_words_is_an_error_that_lists_them() -> None:
    with pytest.raises(OperationError, match="it knows"):
        harness.check_linearizable(deque, model=Fifo(), operations=["rotate"])


def test_a_time_budget_that_ends_decides_nothing() -> None:
    with pytest.raises(UndecidedCheckError, match="the time budget ended after"):
        harness.check_linearizable(SlotQueue, operations=QUEUE, programs=100_000, budget_s=0.2)
    with pytest.warns(UndecidedWarning, match="UNDECIDED"):
        checked = harness.check_linearizable(
            SlotQueue, operations=QUEUE, programs=100_000, budget_s=0.2, undecided="warn"
        )
    assert checked.verdict is Verdict.UNDECIDED


def test_a_class_whose_source_cannot_be_read_is_said_in_the_evidence() -> None:
    namespace: dict[str, Any] = {"__name__": "made_up"}
    code = "class Counter:\n n = 0\n def add(self):\n  self.n += 1\n  return self.n\n"
    exec(compile(code, "<made up>", "exec"), namespace)  # noqa: S102  # a class without a file
    result = harness.check_linearizable(namespace["Counter"], operations=["add"], programs=3)
    assert "its plain accesses are not switching points" in result.evidence
    assert not result.exhausted


def test_a_pinned_program_passes_once_the_object_is_repaired() -> None:
    program = Program.of([("put", 1), "get"], [("put", 2)])
    with pytest.raises(NotLinearizableError) as caught:
        check_program(HeadOfLineQueue, program)
    token = caught.value.finding.token
    with pytest.raises(NotLinearizableError):
        check_program(HeadOfLineQueue, program, token=token)
    assert check_program(SlotQueue, program).exhausted == 1


def test_a_complete_search_that_does_not_end_decides_nothing() -> None:
    operations = ["get", ("put", unique())]
    with pytest.raises(UndecidedCheckError) as caught:
        harness.check_linearizable(
            SlotQueue, operations=operations, strategy="dfs", programs=1, executions=5
        )
    assert "1 program is undecided: the budget ended after 5 executions" in str(caught.value)


def test_the_gil_model_finds_what_it_can_show() -> None:
    with pytest.raises(NotLinearizableError) as caught:
        harness.check_linearizable(
            StaleFillCache, operations=SUBJECTS[2].values[2], switching="gil", executions=100
        )
    assert "shown under the GIL model" in caught.value.finding.gil_reachable


def test_a_rule_that_is_broken_is_told_with_its_smallest_program() -> None:
    with pytest.raises(ProgramFailedError) as caught:
        harness.check_linearizable(HeadOfLineQueue, operations=QUEUE, fail_on="data-race")
    assert caught.value.finding.kind is FindingKind.DATA_RACE
    assert len(caught.value.program) == 2


def test_coroutine_functions_are_refused() -> None:
    class Loop:
        async def run(self) -> None: ...

    with pytest.raises(ArgumentError, match="coroutine function"):
        harness.check_linearizable(Loop, operations=["run"])
