"""What can be explored can be fuzzed, and feedback is what finds a bug behind many stages."""

import functools
import threading
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import fuzz
import harness
from fuzz import BadTargetError, ScheduleFailure
from fuzz.campaign.corpus import InputFolder
from fuzz.catalogue import find_target
from fuzz.commands import fuzz_command
from fuzz.engines.greybox import Greybox
from fuzz.schedules.schedule_bodies import is_body, schedule_target
from fuzz.schedules.schedule_rules import MOST_BYTES
from fuzz.target_facts import facts_of
from fuzz.workers.black_box import BlackBox
from fuzz.workers.executor import Executor
from fuzz.workers.worker_job import WorkerJob
from stress.scenarios.scenario import Scale, Scenario
from tests import thread_hooks

with harness.instrument_imports(include=["tests.fuzz.schedule_programs"]):
    from tests.fuzz import schedule_programs as programs

HERE = "tests.fuzz.schedule_programs:"
BUDGET = 8_000  # inputs


@pytest.fixture
def hooks() -> Iterator[None]:
    """Put back what an executor hangs out in the process that is usually its own."""
    before = thread_hooks.present()
    yield
    thread_hooks.put_back(before)


class Unheard:
    def send(self, kind: str, **fields: Any) -> None:
        pass


def executions_to_the_bug(
    target: fuzz.Target, folder: Path, *, seed: int, feedback: bool
) -> int | None:
    """Return after how many inputs the engine's search fails; None if it does not."""
    run: Any = target.run
    executor: Any = None
    found: list[int] = []
    inputs = 0

    def told_or_not(data: bytes) -> Collection[int] | None:
        nonlocal inputs
        inputs += 1
        try:
            told: Collection[int] = run(data)
        except ScheduleFailure:
            found.append(inputs)
            executor.done = True
            raise
        return told if feedback else None

    (folder / "corpus").mkdir(parents=True)
    job = WorkerJob(
        facts=facts_of(target, place="here:target"), engine="greybox", number=0, seed=seed,
        corpus=folder / "corpus", journal=folder / "journal", box=folder / "box", runs=BUDGET,
        memory_bytes=1 << 30,
    )  # fmt: skip
    with closing(run), BlackBox(job.box, create=True) as box:
        executor = Executor(told_or_not, box, Unheard(), runs=BUDGET)
        Greybox().fuzz(executor, InputFolder(job.corpus), job)
    return found[0] if found else None


@pytest.mark.slow
@pytest.mark.usefixtures("hooks")
def test_a_bug_behind_ten_stages_needs_the_feedback(tmp_path: Path) -> None:
    learned, blind = (
        [
            executions_to_the_bug(
                schedule_target(programs.stages),
                tmp_path / f"{feedback}{seed}",
                seed=seed,
                feedback=feedback,
            )
            for seed in range(4)
        ]
        for feedback in (True, False)
    )
    assert sum(one is not None for one in learned) >= 3, learned
    assert sum(one is not None for one in blind) <= 1, blind


@pytest.mark.slow
@pytest.mark.usefixtures("hooks")
def test_the_correct_twin_never_fails(tmp_path: Path) -> None:
    target = schedule_target(programs.stages_right)
    assert executions_to_the_bug(target, tmp_path, seed=0, feedback=True) is None


def test_a_function_without_arguments_is_a_target_by_its_place() -> None:
    target = find_target(HERE + "lost_update")
    assert (target.name, target.what) == (
        "lost_update",
        "Two threads count, and one count is lost.",
    )
    assert target.controlled
    assert target.instrument == ("tests",)
    assert target.max_bytes == MOST_BYTES


def test_a_declared_target_without_operations_takes_no_longer_inputs_than_mean_something() -> None:
    assert find_target(HERE + "loses").max_bytes == MOST_BYTES
    assert find_target(HERE + "counts").max_bytes > MOST_BYTES


def count_in_threads(scale: Scale) -> None:
    """Threads count without a lock."""
    programs.count_up(scale.threads)


def test_a_stress_scenario_is_a_target_of_its_exploration_scale() -> None:
    scale = Scale(threads=2, operations=1)
    scenario = Scenario(
        name="counting",
        body=count_in_threads,
        exploration_scale=scale,
        stress_scale=scale,
        what="threads count",
    )
    target = schedule_target(scenario, instrument=["tests.fuzz.schedule_programs"])
    assert target.name == "counting"
    assert target.instrument == ("tests.fuzz.schedule_programs",)
    failed = 0
    with closing(target.run):  # type: ignore[type-var]  # it has a close
        for byte in range(112):
            try:
                target(bytes((0, 0, byte)))
            except ScheduleFailure:
                failed += 1
    assert failed


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (programs.lost_update, True),
        (functools.partial(programs.count_up, 2), True),
        (programs.count_up, False),
        (programs.lost_between_awaits, True),
        (threading.Thread, False),
        (3, False),
        (programs.loses, False),
    ],
    ids=["function", "partial", "takes something", "coroutine", "class", "number", "target"],
)
def test_a_body_is_called_without_arguments(found: object, *, expected: bool) -> None:
    assert is_body(found) is expected


def test_what_takes_arguments_is_refused_with_what_is_taken() -> None:
    with pytest.raises(BadTargetError, match="called without arguments"):
        schedule_target(programs.count_up)  # type: ignore[arg-type]
    with pytest.raises(BadTargetError, match="a list of module names"):
        schedule_target(programs.lost_update, instrument="tests")


@pytest.mark.slow
def test_a_body_is_fuzzed_from_the_command_line_and_its_story_replays(tmp_path: Path) -> None:
    words = ["run", HERE + "lost_update", "--runs", "300", "--seed", "1", "--engine", "greybox"]
    shown = CliRunner().invoke(fuzz_command, [*words, "--folder", str(tmp_path)])
    assert shown.exit_code == 1, shown.output
    assert "a count was lost" in shown.output
    assert f"holdfast replay {HERE}lost_update hf2." in shown.output
