"""The import hook of a test run: some packages, and the test modules that ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.instrument.imports import InstrumentedImports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.machinery import ModuleSpec


class TestImports(InstrumentedImports):
    """Rewrites packages by name, and test modules that `wanted` picks by their file."""

    __test__ = False  # not a class of tests, whatever its name begins with

    def __init__(self, include: Iterable[str], wanted: Callable[[Path], bool]) -> None:
        super().__init__(include, test_modules=True)
        self._wanted = wanted

    def _is_test_module(self, spec: ModuleSpec) -> bool:
        if not super()._is_test_module(spec) or spec.origin is None:
            return False
        return self._wanted(Path(spec.origin))
