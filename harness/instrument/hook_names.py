"""The names under which rewritten code reaches its hooks.

They live in `builtins`, not in the module: rewritten code then works in every namespace it is
executed in, `vars(module)` and `from module import *` stay as the author wrote them, and a
destructor that runs while the interpreter takes modules apart still finds them. They end in two
underscores, so a class body does not mangle them and an `Enum` does not count them as members.
"""

from __future__ import annotations

from typing import Final

from harness.engine.board import ALONE_NAME

PREFIX: Final = "__hf_"
SUFFIX: Final = "__"


def hook_name(short: str) -> str:
    """Return the global name of a hook: `__hf_read__` for "read"."""
    return PREFIX + short + SUFFIX


ALONE: Final = ALONE_NAME  # a variable, not a hook: nobody else can run
ENTER: Final = hook_name("enter")
REGION: Final = hook_name("region")


def marker_name(variable: str) -> str:
    """Return the local that stands for a captured variable wherever closures carry it."""
    return hook_name("var_" + variable)


def mangle(class_name: str | None, name: str) -> str:
    """Return the name the compiler uses for `name` inside a class body.

    Source: CPython, Python/compile.c, _Py_Mangle.
    """
    if class_name is None or not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    stripped = class_name.lstrip("_")
    return f"_{stripped}{name}" if stripped else name
