"""Instructions: counted where the machine can, and said where it cannot."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from reports.measuring.instructions import CALLS, Counter, counted, find_counter, per_call
from tests.absent import absent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="both counters are programs of POSIX"),
]


@pytest.fixture(scope="module")
def counter() -> Counter:
    found = find_counter().counter
    if found is None:
        absent("perf or valgrind", how="install valgrind")
    return found


def test_a_call_costs_what_it_costs_and_starting_falls_out(
    tmp_path: Path, counter: Counter
) -> None:
    # A shell that counts to 200 a call: some ten thousand instructions, after its start.
    work = f"for call in $(seq ${CALLS}); do i=0; while [ $i -lt LOOPS ]; do i=$((i+1)); done; done"
    costs = []
    for loops in (200, 400):
        found = per_call(
            ["sh", "-c", work.replace("LOOPS", str(loops))],
            "it",
            counter=counter,
            folder=tmp_path,
            environment=dict(os.environ),
            timeout_s=60,
        )
        assert found is not None
        costs.append(found)
    assert costs[1] / costs[0] == pytest.approx(2, rel=0.15)


def test_a_command_that_fails_is_not_counted(tmp_path: Path, counter: Counter) -> None:
    surroundings = dict(os.environ)
    for command in (["false"], ["no-such-program"]):
        found = counted(command, counter=counter, folder=tmp_path, environment=surroundings)
        assert found is None


def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))  # noqa: PTH120
    if any(shutil.which(one.value) for one in Counter):
        pytest.skip("a counter lies beside Python")
    counting = find_counter()
    assert counting.counter is None
    assert counting.reason == "perf is not installed; valgrind is not installed"
