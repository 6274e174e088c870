"""Builtins that rewritten code calls natively, and their points in the GIL model.

A call of `isinstance` needs no record, so it is not hooked. But CPython with the GIL may switch
when a call returns: at any call of C code until the interpreter has specialised the call, and at
most of them after that (`len`, `isinstance` and `type(x)` of warm code are the exceptions). So
rewritten code calls such a builtin by a name of ours. It stands for the builtin itself, at no cost,
and while a campaign explores under the GIL model for a function that has a point behind the call.
"""

from __future__ import annotations

import builtins
from typing import Any, Final

from harness.engine import board
from harness.instrument.hook_names import hook_name

# Not those that look at the frame they are called from: super, locals, globals, eval.
_CALLED: Final = (
    *("len", "bool", "isinstance", "issubclass", "callable", "id", "type", "object", "range"),
    *("slice", "property", "staticmethod", "classmethod"),
)
_ERRORS: Final = tuple(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
NAMES: Final = frozenset((*_CALLED, *_ERRORS))
NATIVE: Final = {hook_name(f"native_{name}"): getattr(builtins, name) for name in sorted(NAMES)}


def _with_point(function: Any) -> Any:  # noqa: ANN401  # any builtin
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the builtin's own
        __tracebackhide__ = True
        result = function(*args, **kwargs)
        if not board.alone:
            board.gil_point()
        return result

    call.__name__, call.__qualname__ = function.__name__, function.__qualname__
    return call


_POINTED: Final = {name: _with_point(value) for name, value in NATIVE.items()}


def hang_out() -> None:
    """Let native calls have points, until `take_in`."""
    vars(builtins).update(_POINTED)


def take_in() -> None:
    """Let native calls be native."""
    vars(builtins).update(NATIVE)
