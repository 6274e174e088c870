"""The scenarios themselves: small they run here, large in a child process with real threads."""

import pytest

import harness
from stress import Budget, run_scenario
from stress.scenarios import find_scenario, scenario_names


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_runs_at_the_scale_of_exploration(name: str) -> None:
    found = find_scenario(name)
    assert found.name == name
    found()


@pytest.mark.parametrize("model", ["free-threaded", "gil"])
@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_holds_in_every_schedule_tried(name: str, model: str) -> None:
    result = harness.explore(find_scenario(name), executions=150, seed=2, model=model)
    assert result.verdict is harness.Verdict.PASSED, f"{result.finding or result.evidence}"


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_holds_under_real_threads_and_leaves_nothing_behind(name: str) -> None:
    # R-SM-24, R-FL-03 and R-FL-09 at the sizes they name; three rounds, each with other jitter.
    seen = run_scenario(name, Budget(rounds=3))
    assert seen.passed, f"{seen.message}\n{seen.stacks}"
    assert seen.rounds == 3
