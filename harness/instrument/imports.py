"""The import hook: modules imported inside it are rewritten."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import warnings
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.instrument.errors import AlreadyImportedError, NoSourceError
from harness.instrument.loader import InstrumentingLoader, StraightLoader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Below every hook or under every import: rewriting them would call hooks from hooks.
NEVER: Final = frozenset(
    [
        "harness",
        "greenlet",
        "importlib",
        "threading",
        "_threading_local",
        "queue",
        "builtins",
        "sys",
        "encodings",
        "pytest",
        "_pytest",
        "pluggy",
    ]
)


class NotInstrumentedWarning(UserWarning):
    """A module matches what was to be instrumented and cannot be; its accesses are opaque."""


class InstrumentedImports:
    """Rewrites the modules that match while it is in place. One per `with`, or per test run.

    Attributes:
        instrumented: Names of the modules loaded through it, in order.
        skipped: Names of matching modules that have no source, with the reason.
    """

    def __init__(
        self,
        include: Iterable[str],
        exclude: Iterable[str] = (),
        *,
        reload: bool = False,
        test_modules: bool = False,
        shortcuts: bool = True,
    ) -> None:
        self.include = _patterns("include", include)
        self.exclude = _patterns("exclude", exclude)
        self._reload = reload
        self._test_modules = test_modules
        self._shortcuts = shortcuts
        self._busy: set[str] = set()
        self.instrumented: list[str] = []
        self.skipped: dict[str, str] = {}
        if not self.include and not test_modules:
            raise ArgumentError(
                "include", [], 'at least one module name or pattern: ["my_package"]'
            )

    def __enter__(self) -> InstrumentedImports:  # noqa: PYI034  # final in effect
        present = self.already_imported()
        if present and not self._reload:
            raise AlreadyImportedError(present)
        for name in present:
            del sys.modules[name]
        self.install()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.remove()

    def install(self) -> None:
        """Rewrite matching modules from now on; those that are imported already stay plain."""
        # These reach far into the standard library: loaded once something is to be instrumented,
        # and before, because that something may be what they import.
        importlib.import_module("harness.primitives.patches")
        importlib.import_module("harness.instrument.installation").install_hooks()
        sys.meta_path.insert(0, self)
        importlib.invalidate_caches()

    def remove(self) -> None:
        """Rewrite no more modules; those that were rewritten stay so."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def already_imported(self) -> tuple[str, ...]:
        """Return the matching modules that were imported without being rewritten."""
        return tuple(
            name
            for name, module in sorted(sys.modules.items())
            if self.matches(name) and _is_plain(module)
        )

    def matches(self, name: str) -> bool:
        """Say if the module called `name` is one to rewrite."""
        if name.partition(".")[0] in NEVER or _fits(name, self.exclude):
            return False
        return _fits(name, self.include)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find the module as the others would, and put the rewriting loader before theirs."""
        wanted = self.matches(fullname)
        if fullname in self._busy or not (wanted or self._may_be_test(fullname)):
            return None
        self._busy.add(fullname)
        try:
            spec = _found_by_others(self, fullname, path, target)
        finally:
            self._busy.discard(fullname)
        if spec is None or not (wanted or self._is_test_module(spec)):
            return None
        return self._instrumented(spec)

    def loader_for(self, spec: ModuleSpec) -> InstrumentingLoader:
        """Return what loads a module that matches."""
        return _loader_for(spec, shortcuts=self._shortcuts)

    def _instrumented(self, spec: ModuleSpec) -> ModuleSpec | None:
        reason = _why_not(spec)
        if reason is None:
            spec.loader = self.loader_for(spec)  # type: ignore[assignment]  # a Loader in all but base
            self.instrumented.append(spec.name)
        elif spec.loader is not None and spec.origin is not None:
            self._refuse(spec.name, reason)
        return spec

    def _refuse(self, name: str, reason: str) -> None:
        """Say that a module stays plain: an error if it was asked for by name."""
        if name in self.include:
            raise NoSourceError(name, reason)
        self.skipped[name] = reason
        message = f"{name} is not instrumented: {reason}; what is passed to it counts as opaque"
        warnings.warn(message, NotInstrumentedWarning, stacklevel=2)

    def _may_be_test(self, name: str) -> bool:
        excluded = _fits(name, self.exclude) or name.partition(".")[0] in NEVER
        return self._test_modules and not excluded

    def _is_test_module(self, spec: ModuleSpec) -> bool:
        if type(spec.loader).__module__ != "_pytest.assertion.rewrite":
            return False
        pytest_loader = importlib.import_module("harness.instrument.pytest_loader")
        return bool(pytest_loader.is_test_module(spec))


def instrument_imports(
    include: Iterable[str],
    exclude: Iterable[str] = (),
    *,
    reload: bool = False,
    shortcuts: bool = True,
) -> InstrumentedImports:
    """Return a context manager: modules imported inside it show their shared accesses.

    Args:
        include: Names of packages, which stand for all in them, or patterns such as "app.*_io".
        exclude: The same, of what to leave alone.
        reload: Import matching modules anew if they are imported already.
        shortcuts: Leave out what records an access where nobody else can run, by a branch in the
            code. False for tools that count the branches of the code.

    Raises:
        ArgumentError: A pattern is no string, or there is none.
        AlreadyImportedError: On entering; a matching module is imported and `reload` is False.
        NoSourceError: On an import inside; a module included by name has no Python source.

    Example:
        >>> with instrument_imports(include=["my_module"]):
        ...     import my_module
    """
    return InstrumentedImports(include, exclude, reload=reload, shortcuts=shortcuts)


def is_instrumented(module_name: str) -> bool:
    """Say if the module of that name is loaded and its accesses are visible."""
    spec = getattr(sys.modules.get(module_name), "__spec__", None)
    return spec is not None and isinstance(spec.loader, InstrumentingLoader)


def _patterns(argument: str, value: Iterable[str]) -> tuple[str, ...]:
    wants = 'module names or patterns: ["my_package", "other.*_io"]'
    if isinstance(value, str):
        raise ArgumentError(argument, value, f"a list of {wants}")
    patterns = tuple(value)
    for pattern in patterns:
        if type(pattern) is not str or not pattern:
            raise ArgumentError(argument, pattern, wants)
        if argument == "include" and pattern.partition(".")[0] in NEVER:
            raise ArgumentError(argument, pattern, f"{wants}; this one runs below the hooks")
    return patterns


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        name == pattern or name.startswith(pattern + ".") or fnmatchcase(name, pattern)
        for pattern in patterns
    )


def _is_plain(module: Any) -> bool:  # noqa: ANN401  # anything may stand in sys.modules
    """Say if a loaded module has Python code that was not rewritten."""
    spec = getattr(module, "__spec__", None)
    if spec is None or spec.loader is None or isinstance(spec.loader, InstrumentingLoader):
        return False
    return _why_not(spec) is None


def _found_by_others(
    own: InstrumentedImports,
    name: str,
    path: Sequence[str] | None,
    target: ModuleType | None,
) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        if finder is own or find is None or isinstance(finder, InstrumentedImports):
            continue
        spec: ModuleSpec | None = find(name, path, target)
        if spec is not None:
            return spec
    return None


def _why_not(spec: ModuleSpec) -> str | None:
    """Return why a module cannot be rewritten; None if it can."""
    loader = spec.loader
    if loader is None or spec.origin is None:
        return "it is a namespace package, there is nothing in it to rewrite"
    if isinstance(loader, importlib.machinery.ExtensionFileLoader):
        return f"it is compiled ({spec.origin})"
    if isinstance(loader, importlib.machinery.SourcelessFileLoader):
        return f"only its bytecode is there ({spec.origin})"
    if spec.origin in ("built-in", "frozen"):
        return f"it is {spec.origin}"
    if not hasattr(loader, "get_data"):
        return f"its loader {type(loader).__name__} gives no source"
    return None


def _loader_for(spec: ModuleSpec, *, shortcuts: bool) -> InstrumentingLoader:
    assert spec.origin is not None
    if type(spec.loader).__module__ == "_pytest.assertion.rewrite":
        pytest_loader = importlib.import_module("harness.instrument.pytest_loader")
        loader: InstrumentingLoader = pytest_loader.PytestInstrumentingLoader(
            spec.loader, spec.name, spec.origin
        )
        return loader
    kind = InstrumentingLoader if shortcuts else StraightLoader
    return kind(spec.loader, spec.name, spec.origin)
