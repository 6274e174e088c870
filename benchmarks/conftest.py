"""Lets the suites import the modules beside them, and describes the machine as the store does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reports import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = str(Path(__file__).resolve().parent)
# Before the suites are collected: with pytest's importlib mode nothing else makes them importable.
sys.path.insert(0, HERE)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    # Under this key `holdfast report ingest` finds the whole environment, with the GIL, the hash
    # seed and the key packages, which pytest-benchmark does not record.
    del config
    machine_info["holdfast"] = Environment.capture().to_json()
    machine_info["node"] = ""  # whose machine it is does not matter


@pytest.fixture(scope="session", autouse=True)
def _path_is_put_back() -> Iterator[None]:
    yield
    if HERE in sys.path:
        sys.path.remove(HERE)
