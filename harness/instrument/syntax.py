"""What an expression can do, told from its shape alone."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from harness.instrument.hook_names import ALONE, hook_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_FRESH = (*_DISPLAYS, ast.ListComp, ast.SetComp, ast.DictComp, ast.JoinedStr)


# Hooks that hand back their first argument and nothing else while nobody else can run.
_QUIET_ALONE = frozenset(
    (
        *(
            "read",
            "write",
            "read_item",
            "write_item",
            "del_item",
            "read_key",
            "write_key",
            "del_key",
        ),
        *("content", "truth", "text", "pair", "method", "late_method", "call"),
    )
)


def hook(short: str, *args: ast.expr) -> ast.expr:
    """Return a call of the hook `short`, standing where its first argument stands.

    Python reports an error of `with` or `for` at the expression, so the hook must not be wider.
    Where the first argument is a plain variable, the call is left out while nobody else can run:
    `(x if __hf_alone__ else __hf_read__(x, "n")).n` costs local code a fifth of the call.
    """
    call = ast.Call(ast.Name(hook_name(short), ast.Load()), list(args), [])
    if not args or not hasattr(args[0], "lineno"):
        return call
    first = args[0]
    ast.copy_location(call, first)
    if short not in _QUIET_ALONE or not isinstance(first, ast.Name):
        return call
    alone = ast.copy_location(ast.Name(ALONE, ast.Load()), first)
    again = ast.copy_location(ast.Name(first.id, ast.Load()), first)
    return ast.copy_location(ast.IfExp(alone, again, call), first)


def constant(value: str | None) -> ast.Constant:
    """Return a literal."""
    return ast.Constant(value)


def whole_content() -> ast.Constant:
    """Return the key that means all of an object's content."""
    return ast.Constant(...)


def both(first: ast.expr, then: ast.expr) -> ast.BoolOp:
    """Return an expression that runs the hook `first`, which is true, and has `then`'s value."""
    return ast.BoolOp(ast.And(), [first, then])


def is_literal(node: ast.expr) -> bool:
    """Say if `node` is an immutable value written in the text: `3`, `-1`, `"a"`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return True
    if isinstance(node, ast.Tuple):
        return all(is_literal(element) for element in node.elts)
    return isinstance(node, ast.Constant)


def is_fresh(node: ast.expr) -> bool:
    """Say if `node` makes a new object that nobody else can hold."""
    return isinstance(node, _FRESH)


def is_foreign(node: ast.expr) -> bool:
    """Say if `node` belongs to pytest's assertion rewriting, whose names start with `@`."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return isinstance(node, ast.Name) and node.id.startswith("@py")


def has_walrus(nodes: Iterable[ast.AST]) -> bool:
    """Say if evaluating one of `nodes` can bind a name."""
    return any(isinstance(inner, ast.NamedExpr) for node in nodes for inner in ast.walk(node))


def is_docstring(node: ast.stmt) -> bool:
    """Say if `node` is a bare string."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def prologue_length(body: list[ast.stmt]) -> int:
    """Return how many statements must stay first: a docstring, then `__future__` imports."""
    length = 1 if body and is_docstring(body[0]) else 0
    while length < len(body) and _is_future_import(body[length]):
        length += 1
    return length


def _is_future_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.level == 0


# Called from the frame they stand in, or without any effect on a shared object's content.
_NATIVE = frozenset(
    [
        "super",
        "locals",
        "globals",
        "dir",
        "eval",
        "exec",
        "__import__",
        "breakpoint",
        "isinstance",
        "issubclass",
        "callable",
        "id",
        "type",
        "object",
        "property",
        "staticmethod",
        "classmethod",
        "range",
        "slice",
    ]
)


def is_native_builtin(name: str) -> bool:
    """Say if a call of the builtin `name` stays exactly as it is written."""
    if name in _NATIVE:
        return True
    value = getattr(builtins, name, None)
    return isinstance(value, type) and issubclass(value, BaseException)


def is_builtin(name: str) -> bool:
    """Say if Python itself gives `name` a meaning."""
    return hasattr(builtins, name) and not name.startswith("__hf_")
