"""An import hook that hands the code of modules on to whoever watches which of it runs.

What is instrumented twice works in one order: the harness rewrites the source, and coverage is then
put into the bytecode that came of it. Atheris's own import hook cannot do that (it would put its
loader in the place of ours), so this one asks all other hooks first and takes the code of theirs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

from fuzz.import_finder import MatchingFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.machinery import ModuleSpec
    from types import CodeType


class CoveredImports(MatchingFinder):
    """In place while a `with` lasts. One per process.

    Args:
        include: Modules, with everything below them.
        watch: Takes the code of a module and returns the code to run in its place.
    """

    def __init__(self, include: Iterable[str], watch: Callable[[CodeType], CodeType]) -> None:
        super().__init__()
        self._include = tuple(include)
        self._watch = watch

    def __enter__(self) -> Self:
        # The first of all: it asks the others itself.
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.meta_path.remove(self)

    def matches(self, name: str) -> bool:
        """Say if the module called `name` is watched."""
        return any(name == one or name.startswith(one + ".") for one in self._include)

    def take(self, spec: ModuleSpec) -> None:
        """See to it that the code of a module is watched."""
        if hasattr(spec.loader, "get_code"):
            self._take_code_of(spec.loader)

    def forget(self) -> None:
        """Let matching modules be imported anew that were imported before the hook was there."""
        for name in list(sys.modules):
            if self.matches(name):
                del sys.modules[name]

    def _take_code_of(self, loader: Any) -> None:  # noqa: ANN401  # loaders share no type
        plain = loader.get_code

        def get_code(name: str) -> CodeType | None:
            code: CodeType | None = plain(name)
            return None if code is None else self._watch(code)

        loader.get_code = get_code
