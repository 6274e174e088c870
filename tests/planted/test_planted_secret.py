"""Every planted bug of secrets is found by its method, and the good class passes the same check."""

import pytest

import harness
from tests.planted.catalogue import PlantedBug
from tests.planted.matrix import run_row
from tests.planted.secret.bugs import BUGS

SEEDS = 2  # the matrix takes 20; here it is only that nobody broke a twin or its check


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.label)
def test_planted_secret_bug_is_found_and_its_good_twin_passes(bug: PlantedBug) -> None:
    if bug.instrumented and not harness.is_instrumented("secmem.memory.state"):
        pytest.skip("its accesses are seen in instrumented code only")
    row = run_row(bug, first_seed=0, seeds=SEEDS)
    assert row.ok, "\n".join(row.problems())


def test_every_number_from_1_to_22_has_its_twin() -> None:
    assert {bug.number for bug in BUGS} == {f"B-{number:02}" for number in range(1, 23)}
