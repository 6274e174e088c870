"""Loads test modules with both pytest's explained assertions and visible accesses.

Order matters. pytest first: it explains the expressions it finds, so they must be the author's.
Then ours, which leaves pytest's own names (`@py_assert1`, `@pytest_ar`) as they are.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from _pytest.pathlib import fnmatch_ex

from harness.instrument.errors import BadSourceError
from harness.instrument.loader import InstrumentingLoader
from harness.instrument.rewriter import as_syntax_error, compile_rewritten, rewrite_tree

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


class PytestInstrumentingLoader(InstrumentingLoader):
    """Stands before pytest's `AssertionRewritingHook` and does its work and ours."""

    def __init__(self, inner: Any, name: str, path: str) -> None:  # noqa: ANN401  # pytest's hook
        super().__init__(inner, name, path)
        passes = inner.config.getini("enable_assertion_pass_hook")
        self.flavour = f"-pytest-{pytest.__version__}{'-passes' if passes else ''}"

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; pytest then knows that it rewrote it."""
        self.inner._rewritten_names[module.__name__] = Path(self.path)  # noqa: SLF001  # as its own loader does
        super().exec_module(module)

    def compile(self, source: bytes) -> CodeType:
        """Return code with pytest's assertions, then our hooks."""
        try:
            tree = ast.parse(source, self.path)
        except (SyntaxError, ValueError) as error:
            raise BadSourceError(self.name, as_syntax_error(error)) from error
        rewrite_asserts(tree, source, self.path, self.inner.config)
        rewrite_tree(tree, module_name=self.name)
        return compile_rewritten(tree, self.path, module_name=self.name)


def is_test_module(spec: ModuleSpec) -> bool:
    """Say if pytest takes the module for a file of tests; a conftest is none."""
    if spec.origin is None:
        return False
    path = Path(spec.origin)
    patterns = getattr(spec.loader, "fnpats", ())
    return path.name != "conftest.py" and any(fnmatch_ex(pattern, path) for pattern in patterns)
