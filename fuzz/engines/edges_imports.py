"""The import hook that rewrites watched modules to tell what was reached.

The order, where a module is also to show its accesses: the harness rewrites the author's code, and
the counting is put into what came of it. So enter this hook after that of the harness: the one that
was entered last is asked first, and finds what the others make.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any, Final

from fuzz.engines.edges_constants import harvest
from fuzz.engines.edges_rewriter import covered_code
from fuzz.import_finder import MatchingFinder
from harness.instrument import rewrite_tree

# A leaf of another package, against the house rule: its face does not tell the loader's type.
from harness.instrument.loader import InstrumentingLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType

    from fuzz.engines.edges import CodeMap

# What the engine itself runs on: rewritten, it would count its own steps.
NEVER: Final = (
    "ast", "builtins", "encodings", "fuzz", "greenlet", "harness", "importlib", "operator", "sys",
    "threading", "typing",
)  # fmt: skip
BUT: Final = ("fuzz.targets",)


class CoveredImports(MatchingFinder):
    """Rewrites the modules that match, while it is in place.

    Attributes:
        covered: Names of the modules that were rewritten, in order.
        skipped: Names of matching modules that could not be, with the reason.
        words: Constants of the rewritten modules, as pieces of inputs.
    """

    def __init__(self, include: Sequence[str], into: CodeMap, *, compares: bool = True) -> None:
        super().__init__()
        self._include = tuple(include)
        self._into = into
        self._compares = compares
        self.covered: list[str] = []
        self.skipped: dict[str, str] = {}
        self.words: dict[bytes, None] = {}

    def __enter__(self) -> CoveredImports:  # noqa: PYI034  # final in effect
        for name in [name for name in sys.modules if self.matches(name)]:
            del sys.modules[name]  # imported before: again, so that it is rewritten
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_exc: object) -> None:
        # Modules that an input imports later are rewritten, too, so that it stays: the process is
        # a child of ours. Only a test takes it away.
        return

    def remove(self) -> None:
        """Rewrite no more modules."""
        sys.meta_path.remove(self)

    def matches(self, name: str) -> bool:
        """Say if the module called `name` is watched."""
        if _is_in(name, NEVER) and not _is_in(name, BUT):
            return False
        return _is_in(name, self._include)

    def take(self, spec: ModuleSpec) -> None:
        """See to it that the code of a module counts."""
        if spec.loader is not None:
            self._rewrite(spec.loader, spec)

    def _rewrite(self, loader: Any, spec: ModuleSpec) -> None:  # noqa: ANN401  # loaders share no type
        plain = getattr(loader, "get_code", None)
        if plain is None or not hasattr(loader, "get_data") or not spec.has_location:
            self.skipped[spec.name] = "it has no Python source"
            return

        def get_code(name: str = spec.name) -> Any:  # noqa: ANN401  # as above
            try:
                code = self._code(loader, name, str(spec.origin))
            except (OSError, RecursionError, MemoryError, SyntaxError, ValueError) as error:
                # The plain loader says it better, if it is wrong at all.
                self.skipped[name] = f"{type(error).__name__}: {error}"
                return plain(name)
            self.covered.append(name)
            return code

        loader.get_code = get_code

    def _code(self, loader: Any, name: str, path: str) -> CodeType:  # noqa: ANN401  # as above
        source: bytes = loader.get_data(path)
        self.words.update(dict.fromkeys(harvest(ast.parse(source, path))))
        return covered_code(
            source,
            path,
            module=name,
            into=self._into,
            compares=self._compares,
            between=_between(loader, name),
        )


def _between(loader: object, name: str) -> Callable[[ast.Module], ast.Module]:
    """Return what the harness makes of a tree, if the module is one of its own."""
    if isinstance(loader, InstrumentingLoader):
        return lambda tree: rewrite_tree(tree, module_name=name)
    return lambda tree: tree


def _is_in(name: str, packages: Sequence[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in packages)
