"""A machine as a test: settings, database, seeds, explicit programs, runners."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
import threading
import unittest
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis.database import InMemoryExampleDatabase

import harness
from harness.errors import ArgumentError
from harness.finding import FindingKind
from harness.stateful import (
    Concurrency,
    ConcurrentStateMachine,
    MachineError,
    MachineFailedError,
    MachineUndecidedError,
    MachineUnsteadyError,
    Result,
    Step,
    example_program,
    precondition,
    rule,
    run_concurrent_state_machine_as_test,
    run_steps,
)

if TYPE_CHECKING:
    from pathlib import Path

QUICK = hypothesis.settings(
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=30,
    suppress_health_check=list(hypothesis.HealthCheck),
)


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def add(self) -> int:
        before = self.value
        self.value = before + 1
        return before


class CounterMachine(ConcurrentStateMachine):
    concurrency = Concurrency(executions=30, threads=(2, 2))

    def __init__(self) -> None:
        self.counter = Counter()

    @rule()
    def add(self) -> int:
        return self.counter.add()


def failure_of(machine: type, settings: hypothesis.settings = QUICK) -> MachineFailedError:
    with pytest.raises(MachineFailedError) as caught:
        run_concurrent_state_machine_as_test(machine, settings=settings)
    return caught.value


def test_a_lost_update_is_found_in_the_smallest_program() -> None:
    error = failure_of(CounterMachine)
    assert error.program.threads == ((Step("add"),), (Step("add"),))
    assert not error.program.prefix
    assert not error.program.suffix
    assert error.result.finding is not None
    assert error.result.finding.kind is FindingKind.NOT_LINEARIZABLE


def test_the_failure_tells_the_program_the_history_and_the_schedule() -> None:
    text = str(failure_of(CounterMachine))
    assert text.startswith(
        "CounterMachine fails in this program:\n\n"
        "    state = CounterMachine()\n"
        "    # at the same time:\n"
        "        T1            T2\n"
        "        state.add()   state.add()\n"
        "    state.teardown()\n"
    )
    assert (
        "no order of these steps gives these results when CounterMachine makes them one by one"
        in text
    )
    assert "T1  state.add() -> 0" in text
    assert "@harness.regression(" in text


def test_max_examples_bounds_the_programs() -> None:
    made: list[int] = []

    class Counting(ConcurrentStateMachine):
        concurrency = Concurrency(executions=1, prefix=0)

        @rule()
        def nothing(self) -> None: ...

        def teardown(self) -> None:
            made.append(1)

    def runs(examples: int) -> int:
        made.clear()
        run_concurrent_state_machine_as_test(
            Counting, settings=hypothesis.settings(QUICK, max_examples=examples)
        )
        return len(made)

    assert runs(2) < runs(20)


def test_a_second_run_fails_at_once_from_the_database() -> None:
    database = InMemoryExampleDatabase()
    settings = hypothesis.settings(
        QUICK, derandomize=False, database=database, phases=[*hypothesis.Phase]
    )
    first = failure_of(CounterMachine, settings)
    reuse = hypothesis.settings(settings, phases=[hypothesis.Phase.reuse])
    again = failure_of(CounterMachine, reuse)
    assert again.program == first.program

    class Other(CounterMachine):
        """Another machine has failures of its own."""

        @rule()
        def look(self) -> int:
            return self.counter.value

    with pytest.raises(unittest.SkipTest, match="told to run no"):
        run_concurrent_state_machine_as_test(Other, settings=reuse)


def test_the_same_seed_gives_the_same_failure() -> None:
    def text() -> str:
        class Seeded(CounterMachine): ...

        machine = hypothesis.seed(7)(Seeded)
        return str(failure_of(machine, hypothesis.settings(QUICK, derandomize=False)))

    assert text() == text()


def test_reproduce_failure_runs_the_printed_blob_again(capsys: pytest.CaptureFixture[str]) -> None:
    settings = hypothesis.settings(QUICK, print_blob=True)
    error = failure_of(CounterMachine, settings)
    notes = [*getattr(error, "__notes__", ()), capsys.readouterr().out]
    (blob,) = {
        part.split("@reproduce_failure(")[1].split(", ")[1].split(")")[0]
        for part in "\n".join(notes).splitlines()
        if "@reproduce_failure(" in part
    }

    class Again(CounterMachine): ...

    given = blob.removeprefix("b'").removesuffix("'").encode()
    machine = hypothesis.reproduce_failure(hypothesis.__version__, given)(Again)
    assert failure_of(machine).program == error.program


def test_settings_decorate_a_machine_class() -> None:
    @hypothesis.settings(QUICK, max_examples=7)
    class Decorated(CounterMachine): ...

    assert Decorated.TestCase.settings.max_examples == 7
    assert CounterMachine.TestCase.settings.max_examples != 7


def test_the_test_case_runs_under_unittest() -> None:
    class Case(CounterMachine): ...

    Case.TestCase.settings = QUICK
    result = unittest.TestResult()
    Case.TestCase().run(result)
    assert len(result.failures) == 1
    assert "CounterMachine" not in result.failures[0][1].splitlines()[-1] or result.testsRun == 1


def test_a_deadline_is_no_matter_of_the_exploration() -> None:
    settings = hypothesis.settings(QUICK, deadline=0.001)
    assert failure_of(CounterMachine, settings).program.threads


def test_an_explicit_program_is_explored_first() -> None:
    made: list[object] = []

    @example_program(threads=[[Step("look", {"what": 5})], [Step("look", {"what": 6})]])
    class Explicit(ConcurrentStateMachine):
        concurrency = Concurrency(executions=3)

        @rule(what=hypothesis.strategies.just(0))
        def look(self, what: int) -> None:
            made.append(what)

    run_concurrent_state_machine_as_test(Explicit, settings=QUICK)
    assert set(made[:2]) == {5, 6}
    made.clear()
    skipped = hypothesis.settings(QUICK, phases=[hypothesis.Phase.generate])
    run_concurrent_state_machine_as_test(Explicit, settings=skipped)
    assert set(made) <= {0}


def test_an_explicit_program_that_fails_is_told_whole() -> None:
    machine = example_program(threads=[[Step("add"), Step("add")], [Step("add")]])(
        type("Explicit", (CounterMachine,), {})
    )
    error = failure_of(machine)
    assert error.result.finding is not None
    assert error.result.finding.token
    assert len(error.program) == 3


def test_steps_are_explored_outside_of_an_execution() -> None:
    with pytest.raises(MachineFailedError):
        run_steps(CounterMachine, threads=[[Step("add")], [Step("add")]])
    run_steps(CounterMachine, threads=[[Step("add")]], suffix=[Step("add")])


def test_a_machine_that_keeps_something_from_the_last_one_is_called_so() -> None:
    coin = itertools.count()

    class Moody(ConcurrentStateMachine):
        @precondition(lambda self: next(coin) % 2 == 1)
        @rule()
        def sometimes(self) -> None: ...

        @rule(number=hypothesis.strategies.integers())
        def fail(self, number: int) -> None:
            raise AssertionError

    with pytest.raises(MachineUnsteadyError, match="kept from one machine to the next"):
        run_concurrent_state_machine_as_test(Moody, settings=QUICK)


def test_a_program_that_failed_is_told_even_if_it_passes_later() -> None:
    calls: list[int] = []

    class Fading(ConcurrentStateMachine):
        concurrency = Concurrency(executions=4, threads=(2, 2))

        @rule()
        def fail_early(self) -> None:
            if threading.current_thread().name == "T2":
                calls.append(1)
                assert len(calls) > 6, "still early"

    error = failure_of(Fading)
    assert any("failed a moment ago and passes now" in note for note in error.__notes__)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([Step("subtract")], "applies the rule 'subtract'"),
        ([Step("add", {"by": 2})], "other arguments"),
    ],
    ids=["unknown rule", "other arguments"],
)
def test_steps_that_do_not_fit_the_machine_are_refused(steps: list[Step], words: str) -> None:
    with pytest.raises(MachineError, match=words):
        run_steps(CounterMachine, threads=[steps])


def test_only_machines_are_run() -> None:
    for other in (Counter, 3, object()):
        with pytest.raises(ArgumentError, match="subclass of ConcurrentStateMachine"):
            run_steps(other, threads=[])  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="settings"):
        run_concurrent_state_machine_as_test(CounterMachine, settings=3)  # type: ignore[arg-type]


def test_a_result_that_no_step_returns_is_refused() -> None:
    with pytest.raises(ArgumentError, match="results of earlier steps"):
        run_steps(CounterMachine, threads=[[Step("add", {"by": Result("nowhere")})]])


def test_programs_that_could_not_be_judged_are_no_pass() -> None:
    class Cut(CounterMachine):
        concurrency = Concurrency(executions=1, strategy="dfs", threads=(2, 2))

        @rule()
        def look(self) -> int:
            return self.counter.value

        add = None  # type: ignore[assignment]  # nothing here can fail

    settings = hypothesis.settings(QUICK, max_examples=5)
    with pytest.raises(MachineUndecidedError, match="programs failed, and") as caught:
        run_concurrent_state_machine_as_test(Cut, settings=settings)
    assert "state.look()" in str(caught.value)

    class CutAndWarned(Cut):
        concurrency = Concurrency(executions=1, strategy="dfs", threads=(2, 2), undecided="warn")

    with pytest.warns(harness.UndecidedWarning, match="programs failed, and"):
        run_concurrent_state_machine_as_test(CutAndWarned, settings=settings)


def test_a_rule_that_assumes_something_while_it_runs_is_refused() -> None:
    class Assuming(ConcurrentStateMachine):
        @rule()
        def assume(self) -> None:
            hypothesis.assume(condition=False)

    with pytest.raises(MachineError, match="assume calls Hypothesis while it runs"):
        run_concurrent_state_machine_as_test(Assuming, settings=QUICK)


def test_health_checks_do_not_count_what_is_run() -> None:
    strict = hypothesis.settings(QUICK, suppress_health_check=[], max_examples=5)
    assert failure_of(CounterMachine, strict).program.threads


# -- in processes of their own ---------------------------------------------------------------------

MACHINE = """
import hypothesis
from harness.stateful import Concurrency, ConcurrentStateMachine, rule

class Counter:
    def __init__(self):
        self.value = 0

    def add(self):
        before = self.value
        self.value = before + 1
        return before

class CounterMachine(ConcurrentStateMachine):
    concurrency = Concurrency(executions=30, threads=(2, 2))

    def __init__(self):
        self.counter = Counter()

    @rule()
    def add(self):
        return self.counter.add()
"""


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_printed_test_runs_and_fails(tmp_path: Path) -> None:
    (tmp_path / "machines.py").write_text(MACHINE)
    (tmp_path / "test_counter.py").write_text(
        "from machines import CounterMachine\nTestCounter = CounterMachine.TestCase\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    found = run_pytest(tmp_path, "test_counter.py", "--hypothesis-seed=1")
    assert found.returncode == 1, found.stdout
    lines = found.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if "import harness" in line)
    last = next(number for number in range(first, len(lines)) if lines[number].endswith("       )"))
    source = textwrap.dedent("\n".join(line[1:] for line in lines[first : last + 1]))
    (tmp_path / "test_printed.py").write_text(source + "\n")
    again = run_pytest(tmp_path, "test_printed.py")
    assert again.returncode == 1, source + again.stdout
    assert "The pinned schedule fails again" in again.stdout
    assert "no order of these steps gives these results" in again.stdout
    mended = MACHINE.replace(
        "def add(self):\n        before", "def add(self):\n      with lock:\n        before", 1
    )
    mended = mended.replace(
        "        self.value = before + 1\n        return",
        "        self.value = before + 1\n        return",
        1,
    )
    mended = "import threading\n" + mended.replace(
        "class Counter:", "lock = threading.Lock()\nclass Counter:", 1
    )
    (tmp_path / "machines.py").write_text(mended)
    repaired = run_pytest(tmp_path, "test_counter.py")
    assert repaired.returncode == 0, repaired.stdout


@pytest.mark.slow
def test_a_machine_runs_under_xdist_with_a_profile_and_reports_once(tmp_path: Path) -> None:
    (tmp_path / "test_counter.py").write_text(
        MACHINE + "\nTestCounter = CounterMachine.TestCase\n\ndef test_other():\n    pass\n"
    )
    (tmp_path / "conftest.py").write_text(
        "import hypothesis\n"
        "hypothesis.settings.register_profile('few', max_examples=20, derandomize=True)\n"
    )
    done = run_pytest(tmp_path, "-n", "2", "--hypothesis-profile=few")
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "Flaky" not in done.stdout


def test_without_hypothesis_the_extra_is_named() -> None:
    program = (
        "import sys\n"
        "sys.modules['hypothesis'] = None\n"
        "import harness.stateful\n"
        "harness.stateful.Program\n"
        "try:\n"
        "    from harness.stateful import ConcurrentStateMachine\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "HypothesisMissingError" in done.stdout
    assert "pip install 'holdfast[hypothesis]'" in done.stdout


def test_the_face_is_imported_without_hypothesis() -> None:
    program = "import sys, harness.stateful; print('hypothesis' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"
