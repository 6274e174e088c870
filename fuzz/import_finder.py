"""An import hook that lets the other hooks find a module, and then sees to what they found."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class MatchingFinder(ABC):
    """Asked before the others, it asks the others itself. Put it into `sys.meta_path`."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    @abstractmethod
    def matches(self, name: str) -> bool:
        """Say if the module called `name` concerns this hook."""

    @abstractmethod
    def take(self, spec: ModuleSpec) -> None:
        """See to a matching module that was found and is not loaded yet."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a matching module as the others would, and see to it."""
        if name in self._busy or not self.matches(name):
            return None
        self._busy.add(name)
        try:
            spec = self._found_by_others(name, path, target)
        finally:
            self._busy.discard(name)
        if spec is not None:
            self.take(spec)
        return spec

    def _found_by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                return spec
        return None
