"""The GIL model against the interpreter that runs: what real threads do, the model has to allow.

Real threads run every shape in a child, warm and cold, at the shortest switch interval there is.
One loss of an update by real threads at a place where the model does not switch is an unsound
model: that is the hard side. The other side, places where the model switches and real threads were
not seen to, costs nothing but a word; where the model says that nothing can happen, it is asserted
that nothing did.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.exploring import visible_body
from harness.strategies.dfs import BoundedDfs

HERE = Path(__file__).parent
SECONDS = 0.1  # of real threads for each shape and state; see the test of power below
CHILD_TIMEOUT_S = 120.0
MAX_EXECUTIONS = 3_000


def _plain_shapes() -> Any:
    """Import the shapes in the ordinary way, past pytest's hook."""
    spec = importlib.util.spec_from_file_location("gil_shapes", HERE / "shapes.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["gil_shapes"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shapes = _plain_shapes()
NAMES = shapes.NAMES
# Where the model knowingly switches less than the interpreter: a destructor may run anywhere, in
# the scheduler, too, so its body is one step.
GAPS = {"destructor"}


@pytest.fixture(scope="module")
def real() -> dict[str, list[int]]:
    """Return how many updates real threads lost, by shape: warm, cold."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        pytest.skip("this interpreter has no GIL")
    done = subprocess.run(
        [sys.executable, str(HERE / "real_threads.py"), str(SECONDS)],
        capture_output=True,
        text=True,
        timeout=CHILD_TIMEOUT_S,
        env={key: value for key, value in os.environ.items() if not key.startswith("COV")},
        check=True,
    )
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


def model_loses(name: str, model: str = "gil") -> bool:
    """Say whether some schedule of the model with at most two preemptions loses an update."""
    body = shapes.two_threads(getattr(shapes, name))
    strategy, campaign = BoundedDfs(), Campaign(model=model, max_steps=5_000, body=body)
    with visible_body(body) as (runnable, _), campaign:
        for number in range(MAX_EXECUTIONS):
            if not strategy.begin(number):
                return False
            ending, _ = campaign.run(runnable, strategy)
            if ending.kind is not EndingKind.FINISHED:
                assert ending.kind is EndingKind.RAISED
                assert isinstance(ending.error, AssertionError)
                return True
    raise AssertionError(f"{name}: too many schedules to tell")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_real_threads_lose_the_gil_model_can_lose(
    real: dict[str, list[int]], name: str
) -> None:
    if any(real[name]):
        assert model_loses(name) != (name in GAPS)


@pytest.mark.slow
def test_real_threads_were_able_to_show_something(real: dict[str, list[int]]) -> None:
    # A switch falls on one of a few points of each turn, and there are thousands of switches: that
    # real threads show nothing at all in 0.1 s is the sign of a broken child, not of chance.
    shown = [name for name in NAMES if any(real[name])]
    assert len(shown) > len(NAMES) / 3, shown


@pytest.mark.parametrize("name", ["add_in_place", "list_item", "f_string_of_an_int"])
def test_the_gil_model_does_not_switch_inside_plain_code(name: str) -> None:
    assert not model_loses(name)
    assert model_loses(name, model="free-threaded")


@pytest.mark.parametrize("name", ["function_call", "text_of_an_int", "for_loop", "property_read"])
def test_the_gil_model_switches_at_calls_and_loops(name: str) -> None:
    assert model_loses(name)
