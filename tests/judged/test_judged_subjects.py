"""Our subjects pass against their specifications; each known-bad twin is found by its history."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import harness
from harness.linearizability import Recording, check
from secmem.flow import AsyncFlowController
from stress.scenarios.flow_specification import FlowSpecification

NAMES = (
    "FlowController between its marks",
    "FlowController and its figures",
    "Secret (ReadsPlaceInTwoSteps)",
    "SecretReader",
    "SecretStream and its order",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_subject_passes_and_its_twins_are_found(name: str) -> None:
    # In a process of its own, where nobody has imported the subjects without instrumentation.
    command = [sys.executable, "-m", "tests.judged", "--only", name]
    command += ["--right", "6", "--programs", "150", "--executions", "50"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "found " in ran.stdout


def test_a_row_that_comes_out_wrong_is_told() -> None:
    # One program is too few to find the twin.
    command = [sys.executable, "-m", "tests.judged", "--only", "(CountDecides)", "--programs", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "WRONG  FlowController between its marks (CountDecides)" in ran.stdout


# -- the face for coroutines ----------------------------------------------------------------------


async def many_callers(flow: AsyncFlowController, *, high: int, low: int) -> None:
    """Let coroutines take slots, look, and give them back; judge what they saw."""
    recording = Recording()

    async def patient(name: str) -> None:
        await recording.call_async(name, "acquire", flow.acquire)
        await asyncio.sleep(0)
        recording.call(name, "release", flow.release)

    async def looking(name: str) -> None:
        for _ in range(2):
            recording.call(name, "pending", lambda: flow.pending)
            recording.call(name, "blocked", lambda: flow.blocked)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(patient(name))
        group.create_task(looking("d"))
    judgement = check(recording.history(), FlowSpecification(high=high, low=low))
    assert judgement.holds, judgement


def test_the_face_for_coroutines_does_what_the_specification_says() -> None:
    async def body() -> None:
        await many_callers(AsyncFlowController(2, 1), high=2, low=1)

    result = harness.explore(body, executions=200)
    assert result.verdict is harness.Verdict.PASSED, result


def test_a_coroutine_face_that_never_looks_is_found() -> None:
    class NeverLooks(AsyncFlowController):
        """Lets others run, and takes a slot without a look."""

        async def acquire(self, timeout_s: float | None = None, cancel: object = None) -> None:
            await asyncio.sleep(0)
            self._grant()

    async def body() -> None:
        await many_callers(NeverLooks(1, 1), high=1, low=1)

    result = harness.explore(body, executions=200)
    assert result.verdict is harness.Verdict.FAILED, result
    assert "not linearizable" in str(result.finding)
