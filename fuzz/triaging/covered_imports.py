"""An import hook that hands the code of modules on to whoever watches which of it runs.

What is instrumented twice works in one order: the harness rewrites the source, and coverage is then
put into the bytecode that came of it. Atheris's own import hook cannot do that (it would put its
loader in the place of ours), so this one asks all other hooks first and takes the code of theirs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


class CoveredImports:
    """In place while a `with` lasts. One per process.

    Args:
        include: Modules, with everything below them.
        watch: Takes the code of a module and returns the code to run in its place.
    """

    def __init__(self, include: Iterable[str], watch: Callable[[CodeType], CodeType]) -> None:
        self._include = tuple(include)
        self._watch = watch
        self._busy: set[str] = set()

    def __enter__(self) -> Self:
        # The first of all: it asks the others itself.
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a matching module as the others would, and see to it that its code is watched."""
        if name in self._busy or not _matches(name, self._include):
            return None
        self._busy.add(name)
        try:
            spec = self._found_by_others(name, path, target)
        finally:
            self._busy.discard(name)
        if spec is not None and hasattr(spec.loader, "get_code"):
            self._take_code_of(spec.loader)
        return spec

    def forget(self) -> None:
        """Let matching modules be imported anew that were imported before the hook was there."""
        for name in list(sys.modules):
            if _matches(name, self._include):
                del sys.modules[name]

    def _found_by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None
            if finder is not self and find is not None:
                spec = find(name, path, target)
            if spec is not None:
                return spec
        return None

    def _take_code_of(self, loader: Any) -> None:  # noqa: ANN401  # loaders share no type
        plain = loader.get_code

        def get_code(name: str) -> CodeType | None:
            code: CodeType | None = plain(name)
            return None if code is None else self._watch(code)

        loader.get_code = get_code


def _matches(name: str, include: Sequence[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in include)
