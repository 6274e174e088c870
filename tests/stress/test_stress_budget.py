from pathlib import Path
from typing import Any

import pytest

from reports import Environment, Store
from stress import Budget, Ending, StressRun
from stress.budget import MIB
from stress.noise import Noise
from stress.records import keep_runs, record_of
from stress.samples import Sample
from stress.slopes import slope_of


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"rounds": None}, "rounds, or seconds, or both; it got neither"),
        ({"rounds": 0}, "rounds takes 1 or more, got 0"),
        ({"threads": 0}, "threads takes 1 or more, got 0"),
        ({"operations": 1.5}, "operations takes 1 or more, got 1.5"),
        ({"seconds": 0.0}, "seconds takes a number of seconds above 0, got 0.0"),
        ({"seconds": float("nan")}, "got nan"),
        ({"duration_s": float("inf")}, "duration_s takes"),
        ({"hang_s": -1.0}, "hang_s takes"),
        ({"start_s": 0.0}, "start_s takes"),
        ({"memory_bytes": 5}, "memory_bytes takes at least 1048576, got 5"),
        ({"disk_bytes": 5}, "disk_bytes takes at least 1048576, got 5"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(how: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Budget(**how)


def run(**how: Any) -> StressRun:
    return StressRun(**{"name": "x", "budget": Budget(seed=3), "ending": Ending.PASSED, **how})


def test_the_replay_line_carries_all_that_differs_from_the_defaults() -> None:
    assert run().replay == "holdfast stress run x --seed 3 --rounds 3"
    budget = Budget(
        rounds=None, seconds=1.5, memory_bytes=64 * MIB, disk_bytes=2 * MIB, hang_s=2.0,
        start_s=5.0, threads=7, operations=9, duration_s=0.5, instrument=("bank", "shop.*"),
        noise=Noise.parse("heavy,busy=4"),
    )  # fmt: skip
    assert run(budget=budget).replay == (
        "holdfast stress run x --seed 0 --time 1.5 --threads 7 --operations 9 --duration 0.5 "
        f"--noise {budget.noise} --memory-mib 64 --disk-mib 2 --hang 2 --start 5 "
        "--instrument bank --instrument 'shop.*'"
    )


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (ending, {"PASSED": "PASSED", "INTERRUPTED": "UNDECIDED"}.get(ending.name, "FAILED"))
        for ending in Ending
    ],
)
def test_a_record_says_passed_only_of_what_passed(ending: Ending, outcome: str) -> None:
    record = record_of(run(ending=ending, message="why", stacks="where", output="words"))
    assert record.outcome.name == outcome
    assert record.params["ending"] == ending.name.lower()
    assert record.message == "why\nwhere\nWhat it printed:\nwords"
    assert record.replay == run().replay


def test_a_record_has_the_conditions_the_slopes_and_what_was_seen() -> None:
    slope = slope_of([(float(n), 4096.0 * n) for n in range(20)])
    samples = tuple(
        Sample(at_s=n / 2, rounds=n, resident_bytes=MIB * n, threads=n, cpu_s=0.1, switches=n,
               forced_switches=n)
        for n in range(1, 6)
    )  # fmt: skip
    record = record_of(
        run(
            slopes={"resident_bytes": slope}, samples=samples, threads=8,
            interpreter="CPython 3.13.1", budget=Budget(seed=4, noise=Noise.parse("light")),
        )
    )  # fmt: skip
    assert record.params == {
        "ending": "passed", "seed": "4", "threads": "8", "noise": "light",
        "interpreter": "CPython 3.13.1",
    }  # fmt: skip
    growth = record.measure("memory slope")
    assert growth is not None
    assert (growth.value, growth.minimum, growth.maximum, growth.n) == (4096, 4096, 4096, 20)
    memory = record.measure("memory")
    assert memory is not None
    assert (memory.minimum, memory.median, memory.maximum) == (MIB, 3 * MIB, 5 * MIB)
    assert memory.curve == tuple((n / 2, float(MIB * n)) for n in range(1, 6))
    switches = record.measure("forced switches")
    assert switches is not None
    assert switches.value == 5


def test_what_ran_in_another_interpreter_is_kept_with_the_environment_of_that(
    tmp_path: Path,
) -> None:
    here = Environment.capture().to_json()
    other = {**here, "python": "3.99.1"}
    runs = [run(), run(interpreter="CPython 3.99.1", environment=other), run()]
    assert len(keep_runs(runs, store=tmp_path / "store", source="holdfast stress run")) == 2
    with Store(tmp_path / "store") as store:
        documents = [store.document(stamp.run_id) for stamp in store.stamps()]
    kept = {one.environment.python: len(one.records) for one in documents}
    assert kept == {here["python"]: 2, "3.99.1": 1}
