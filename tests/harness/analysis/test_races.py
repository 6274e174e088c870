"""Data races: planted ones are found in runs that got away with them, and no twin is accused."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis.races import find_races

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.analysis.races import Race
    from harness.engine.recorder import Recorder


def _load() -> Any:
    """Import the programs in the ordinary way, past pytest's hook."""
    path = Path(__file__).with_name("race_programs.py")
    spec = importlib.util.spec_from_file_location("plain_race_programs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_race_programs"] = module
    spec.loader.exec_module(module)
    return module


programs = _load()


def races_of(made: list[Recorder]) -> list[Race]:
    return [race for one in made for race in find_races(one.events, one.stacks)]


@pytest.mark.parametrize("body", programs.RACY, ids=lambda body: body.__name__)
def test_a_planted_race_is_found(record: Any, body: Callable[[], None]) -> None:
    # Which side comes first, and whether both get as far, is the schedule's: any of 30 will do.
    assert races_of(record(body, runs=30))


@pytest.mark.parametrize("body", programs.CORRECT, ids=lambda body: body.__name__)
def test_no_correct_twin_is_accused(record: Any, body: Callable[[], None]) -> None:
    assert races_of(record(body, runs=60)) == []
