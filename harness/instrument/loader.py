"""Loads a module from its rewritten source."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harness.instrument.code_cache import cache_key, cache_path, load_code, save_code
from harness.instrument.errors import NoSourceError
from harness.instrument.rewriter import compile_instrumented

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


class InstrumentingLoader:
    """Stands before the loader that found the module and rewrites what it would run.

    Everything else it is asked for (source, data, resources) comes from that loader.
    """

    flavour = ""

    def __init__(self, inner: Any, name: str, path: str) -> None:  # noqa: ANN401  # loaders share no type
        self.inner = inner
        self.name = name
        self.path = path

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401  # as above
        if attribute == "inner":  # not yet set: a copy or an unpickling asks
            raise AttributeError(attribute)
        return getattr(self.inner, attribute)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as the first loader would."""
        created: ModuleType | None = self.inner.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Run the rewritten code; locks made meanwhile serve executions, too."""
        code = self.get_code(self.name)
        with importlib.import_module("harness.primitives.patches").import_patches():
            exec(code, vars(module))  # noqa: S102  # what a loader does

    def get_code(self, _fullname: str = "") -> CodeType:
        """Return the module's rewritten code.

        Raises:
            BadSourceError: The source does not compile.
            NoSourceError: There is no source.
        """
        source = self.source_bytes()
        key = cache_key(source, filename=self.path, flavour=self.flavour)
        path = cache_path(self.path, flavour=self.flavour)
        code = load_code(path, key)
        if code is None:
            code = self.compile(source)
            save_code(path, key, code)
        return code

    def compile(self, source: bytes) -> CodeType:
        """Return the rewritten code of `source`."""
        return compile_instrumented(source, self.path, module_name=self.name)

    def source_bytes(self) -> bytes:
        """Return the bytes of the source file.

        Raises:
            NoSourceError: The file cannot be read.
        """
        try:
            data: bytes = self.inner.get_data(self.path)
        except (OSError, AttributeError) as error:
            raise NoSourceError(self.name, f"its source cannot be read ({error})") from error
        return data


class StraightLoader(InstrumentingLoader):
    """Loads code that has no branch for our sake; see `harness.instrument.shortcuts`."""

    flavour = "-straight"

    def compile(self, source: bytes) -> CodeType:
        """Return the rewritten code of `source`, without shortcuts."""
        return compile_instrumented(source, self.path, module_name=self.name, shortcuts=False)
