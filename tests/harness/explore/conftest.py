"""Loads modules as a user's plain `import` does, whatever pytest's hook does to test modules."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_numbers = itertools.count()


def load(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def subjects() -> Any:
    return load(Path(__file__).with_name("subjects.py"), "plain_subjects")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Write a module and import it in the ordinary way."""
    made: list[str] = []

    def write(source: str, name: str = "") -> Any:
        name = name or f"plain_module_{next(_numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(source), "utf-8")
        made.append(name)
        return load(path, name)

    yield write
    for name in made:
        sys.modules.pop(name, None)
