"""Finds the body that `package.module:function` names."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import TargetError
from harness.instrument.errors import AlreadyImportedError
from harness.instrument.imports import instrument_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def load_target(target: str, instrument: Sequence[str] = ()) -> Callable[[], Any]:
    """Import the module of a target with its accesses visible and return its function.

    Args:
        target: `package.module:function`; the current directory is importable.
        instrument: More packages to instrument. The target's own top package always is.

    Raises:
        TargetError: The module cannot be imported, or there is no such callable in it.
    """
    module_name, colon, path = target.partition(":")
    if not colon or not module_name or not path:
        raise TargetError(target, "there is no colon between a module and a function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    include = list(dict.fromkeys([module_name.partition(".")[0], *instrument]))
    try:
        with instrument_imports(include=include):
            module = importlib.import_module(module_name)
    except AlreadyImportedError:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise TargetError(target, f"the module cannot be imported ({error})") from error
    try:
        found = functools.reduce(getattr, path.split("."), module)
    except AttributeError as error:
        raise TargetError(target, str(error)) from error
    if not callable(found):
        raise TargetError(target, f"{path} is a {type(found).__name__}, not a function")
    body: Callable[[], Any] = found
    return body
