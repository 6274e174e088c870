"""Runs one body some times, recorded, and hands the records to an analysis."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.campaign import Campaign
from harness.engine.recorder import Recorder
from harness.exploring import visible_body
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.ending import Ending


def _plain_import(name: str) -> Any:
    """Import a module of this folder in the ordinary way, past pytest's hook."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "programs(module, group): run for each of these programs")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `programs(module, group)` for each program of that group."""
    mark = metafunc.definition.get_closest_marker("programs")
    if mark is not None:
        module, group = mark.args
        bodies = getattr(sys.modules.get(module) or _plain_import(module), group)
        metafunc.parametrize("body", bodies, ids=[body.__name__ for body in bodies])


@pytest.fixture
def record() -> Callable[..., list[tuple[Ending, Recorder]]]:
    """Return what runs a body some times, each time under another schedule."""

    def run(
        body: Callable[[], object], *, runs: int = 1, model: str = "free-threaded"
    ) -> list[tuple[Ending, Recorder]]:
        strategy = RandomWalk(0)
        made = []
        campaign = Campaign(model=model, max_steps=5_000, body=body)
        with visible_body(body) as (runnable, _), campaign:
            for number in range(runs):
                strategy.begin(number)
                recorder = Recorder()
                ending, _ = campaign.run(runnable, strategy, recorder=recorder)
                recorder.settle()
                made.append((ending, recorder))
        return made

    return run
