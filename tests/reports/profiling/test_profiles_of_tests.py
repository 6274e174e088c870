"""Tests and scenarios as targets."""

from __future__ import annotations

import pytest

from reports.profiling.errors import TargetFailedError
from reports.profiling.hot_spot import Profile, ProfileKind
from reports.profiling.profiler import profile
from tests.reports.profiling.profiled_programs import PROGRAMS, share

pytestmark = pytest.mark.slow


def cpu_of(test: str) -> Profile:
    (found,) = profile(f"{PROGRAMS}/benched.py::{test}", kinds=[ProfileKind.CPU], time_s=0.3)
    return found


@pytest.mark.parametrize("test", ["test_benched", "test_with_setup", "test_plain"])
def test_only_what_is_benchmarked_is_profiled(test: str) -> None:
    found = cpu_of(test)
    assert share(found, "ten") > 0.8
    assert share(found, "seventy") == 0.0


@pytest.mark.parametrize(
    ("test", "story"), [("test_fails", "as it should"), ("test_skips", "not today")]
)
def test_a_test_that_does_not_pass_gives_no_profile(test: str, story: str) -> None:
    with pytest.raises(TargetFailedError) as told:
        cpu_of(test)
    assert story in told.value.story


def test_a_scenario_is_run_by_its_name() -> None:
    (found,) = profile("create_close_churn", kinds=[ProfileKind.WAIT], repeat=1)
    assert any("stress/scenarios/secret.py" in spot.place for spot in found.spots)


def test_a_scenario_is_run_by_its_place_at_full_scale() -> None:
    target = "stress.scenarios.secret:CREATE_CLOSE_CHURN"
    (found,) = profile(target, kinds=[ProfileKind.WAIT], repeat=1)
    assert any("stress/scenarios/secret.py" in spot.place for spot in found.spots)
