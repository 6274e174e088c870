"""dpor against naive search on generated programs: the same outcomes, each trace once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.harness.dpor.dpor_proof import compare
from tests.harness.dpor.generated_programs import Program, programs

# A few hundred in every run; `python -m tests.harness.dpor.dpor_proof` checks 5 000 and more.
EXAMPLES = 250
CAP = 400  # interleavings: a larger program costs seconds


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(programs())
def test_dpor_loses_no_outcome_and_runs_each_trace_once(program: Program) -> None:
    found = compare(program, cap=CAP)
    if found is not None:
        found.check()
