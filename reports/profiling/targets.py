"""What a target's text stands for: a function, a test, or a name that another package knows.

The entry-point group `holdfast.profile_targets` holds functions that take a name and return what
to call, or None if the name is not theirs. Runs in the child: a module may do anything at import.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import inspect
import sys
import types
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP: Final = "holdfast.profile_targets"
_PLAIN: Final = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    functools.partial,
    type,
)


class TargetNotFoundError(Exception):
    """A target's text leads to nothing that can be called; the text says why."""


def is_test(target: str) -> bool:
    """Return whether a target is a pytest node id."""
    return "::" in target


def find_target(target: str) -> Callable[[], object]:
    """Return what `target` names, ready to be called without arguments.

    Raises:
        TargetNotFoundError: There is no such thing, or it wants arguments.
    """
    module, colon, name = target.rpartition(":")
    if not colon:
        return _by_name(target)
    found = _attribute(_module(module, target), name, target)
    if not isinstance(found, _PLAIN):
        # An object of another package's kind: that package knows how it is run.
        known = _asked(target)
        if known is not None:
            return known
    return _checked(found, target)


def _module(name: str, target: str) -> types.ModuleType:
    try:
        if name.endswith(".py"):
            return _from_file(Path(name))
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            reason = f"there is no module {name!r} on the import path or where you stand"
            raise TargetNotFoundError(f"{target}: {reason}") from None
        raise


def _from_file(path: Path) -> types.ModuleType:
    if not path.is_file():
        raise TargetNotFoundError(f"{path}: there is no such file")
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None, "a name that ends in .py has a loader"
    assert spec.loader is not None, "as above"
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _attribute(module: types.ModuleType, name: str, target: str) -> Any:  # noqa: ANN401  # the user's
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise TargetNotFoundError(f"{target}: {module.__name__} has no {name!r}")
        found = getattr(found, part)
    return found


def _checked(found: object, target: str) -> Callable[[], object]:
    if not callable(found):
        raise TargetNotFoundError(f"{target} is a {type(found).__name__}, which cannot be called")
    try:
        inspect.signature(found).bind()
    except TypeError as error:
        raise TargetNotFoundError(
            f"{target} wants arguments ({error}); name a function without, or write one that "
            "makes the arguments and calls it"
        ) from None
    except ValueError:  # a builtin that does not tell what it takes
        pass
    if inspect.iscoroutinefunction(found):
        return lambda: asyncio.run(found())
    return found


def _by_name(name: str) -> Callable[[], object]:
    known = _asked(name)
    if known is None:
        raise TargetNotFoundError(
            f"{name}: nobody knows this name. A target is module:function, file.py:function, a "
            "test as file.py::test, or the name of a scenario (`holdfast stress list`)"
        )
    return known


def _asked(name: str) -> Callable[[], object] | None:
    for point in entry_points(group=GROUP):
        found: Callable[[], object] | None = point.load()(name)
        if found is not None:
            return found
    return None
