"""Finds the body that `package.module:function` names."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import TargetError
from harness.finding import stack_of
from harness.instrument.errors import InstrumentError
from harness.instrument.imports import NEVER, InstrumentedImports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType


def load_target(target: str, instrument: Sequence[str] = ()) -> Callable[[], Any]:
    """Import the module of a target with its accesses visible and return its function.

    What was imported before stays as it is; the accesses of the function's own module become
    visible when it is explored.

    Args:
        target: `package.module:function`; the current directory is importable.
        instrument: More packages to instrument. The target's own top package always is.

    Raises:
        TargetError: The module cannot be imported, or there is no such callable in it.
        ArgumentError: A package to instrument cannot be one.
    """
    module_name, colon, path = target.partition(":")
    if not colon or not module_name or not path:
        raise TargetError(target, "there is no colon between a module and a function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module = _import(target, module_name, instrument)
    try:
        found = functools.reduce(getattr, path.split("."), module)
    except AttributeError as error:
        raise TargetError(target, str(error)) from error
    if not callable(found):
        raise TargetError(target, f"{path} is a {type(found).__name__}, not a function")
    body: Callable[[], Any] = found
    return body


def _import(target: str, name: str, instrument: Sequence[str]) -> ModuleType:
    top = name.partition(".")[0]
    include = dict.fromkeys([*(() if top in NEVER else (top,)), *instrument])
    hook = InstrumentedImports(include) if include else None
    if hook is not None:
        hook.install()
    try:
        return importlib.import_module(name)
    except InstrumentError:
        raise
    except ModuleNotFoundError as error:
        raise TargetError(target, f"there is no module {error.name}") from error
    except (Exception, SystemExit) as error:  # a module may raise anything
        where = "".join(f" at {line}" for line in stack_of(error)[-1:])
        words = f"importing {name} raised {type(error).__name__}: {error}{where}"
        raise TargetError(target, words) from error
    finally:
        if hook is not None:
            hook.remove()
