"""Rewrites attributes, items and calls: a hook right before each, the access itself native."""

# ruff: noqa: D102, N802  # the names are those that `ast` calls, and it documents them

from __future__ import annotations

import ast
from typing import Final

from harness.instrument.hook_names import hook_name
from harness.instrument.native_points import NAMES as NATIVE_NAMES
from harness.instrument.scopes import ScopeKind
from harness.instrument.syntax import (
    constant,
    has_walrus,
    hook,
    is_foreign,
    is_native_builtin,
    whole_content,
)
from harness.instrument.variables import VariableRewriter

LOCK_METHODS: Final = frozenset(
    ("acquire", "release", "locked", "acquire_lock", "release_lock", "locked_lock")
)
_STORING: Final = frozenset(("append", "appendleft", "add", "insert"))  # look into no argument
WEAK_MAKERS: Final = frozenset(("ref", "proxy", "finalize", "WeakMethod", "ReferenceType"))


class AccessRewriter(VariableRewriter):
    """Rewrites what names an attribute, an item or a function."""

    # -- attributes and items ---------------------------------------------------------------------

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if is_foreign(node):
            return node
        if isinstance(node.value, ast.Constant):
            return node
        short = "read"
        if not isinstance(node.ctx, ast.Load):
            short = "write"
            self.stored.add(self.mangled(node.attr))
        key = constant(self.mangled(node.attr))
        node.value = hook(short, self.expr(node.value), key)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if self.is_private(node.value):
            node.slice = self.expr(node.slice)
            return node
        verb = {ast.Load: "read", ast.Store: "write", ast.Del: "del"}[type(node.ctx)]
        key = self.recorded_key(node.slice)
        if key is not None:
            node.value = hook(f"{verb}_item", self.expr(node.value), key)
            return node
        if self.is_simple(node.value) and not has_walrus([node.slice]):
            node.slice = hook(f"{verb}_key", self.whole_key(node.slice), node.value)
            return node
        inner = [self.expr(node.value), self.whole_key(node.slice)]
        if isinstance(node.ctx, ast.Load):
            return ast.copy_location(hook("get_item", *inner), node)
        return ast.copy_location(ast.Attribute(hook("slot", *inner), "value", node.ctx), node)

    def recorded_key(self, key: ast.expr) -> ast.expr | None:
        """Return what to record for a key that may be evaluated twice; None for the others."""
        if isinstance(key, ast.Slice):
            bounds = [bound for bound in (key.lower, key.upper, key.step) if bound is not None]
            return whole_content() if all(self.is_simple(bound) for bound in bounds) else None
        if isinstance(key, ast.Tuple) and any(
            isinstance(part, ast.Slice | ast.Starred) for part in key.elts
        ):
            for index, part in enumerate(key.elts):
                key.elts[index] = self.expr(part)
            return whole_content()
        return key if self.is_simple(key) else None

    def whole_key(self, key: ast.expr) -> ast.expr:
        """Return a key as one expression: a slice is made, not spelled."""
        if not isinstance(key, ast.Slice):
            return self.expr(key)
        bounds = [self.optional(bound) for bound in (key.lower, key.upper, key.step)]
        return hook("slice", *[bound or constant(None) for bound in bounds])

    # -- calls ------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if is_foreign(node.func):
            return node
        simple = self._rewrite_arguments(node)
        if self.is_builtin_name(node.func):
            assert isinstance(node.func, ast.Name)
            name = node.func.id
            if self._keep_builtin(node, name):
                if name in NATIVE_NAMES and not (name == "type" and len(node.args) != 1):
                    node.func = ast.copy_location(
                        ast.Name(hook_name(f"native_{name}"), ast.Load()), node.func
                    )
                return node
        if isinstance(node.func, ast.Attribute):
            self._rewrite_method(node, node.func, simple=simple)
        else:
            weak = isinstance(node.func, ast.Name) and node.func.id in WEAK_MAKERS
            node.func = hook("call_weak" if weak else "call", self.expr(node.func))
        return node

    def _rewrite_arguments(self, node: ast.Call) -> bool:
        """Rewrite the arguments; say if nothing can happen while they are evaluated."""
        simple = all(self.is_simple(arg) for arg in node.args) and all(
            keyword.arg is not None and self.is_simple(keyword.value) for keyword in node.keywords
        )
        node.args = [self.expr(arg) for arg in node.args]
        for keyword in node.keywords:
            value = self.expr(keyword.value)
            keyword.value = value if keyword.arg is not None else hook("content", value)
        return simple

    def _keep_builtin(self, node: ast.Call, name: str) -> bool:
        """Leave the call of a builtin as it is written; say if that is right for `name`."""
        if name in ("locals", "vars", "dir") and not node.args and not node.keywords:
            return self._hide_temporaries(node)
        if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
            if name in ("len", "bool"):
                if not self.is_private(node.args[0]):
                    node.args = [hook("truth", node.args[0])]
                return True
            if name == "vars":
                node.args = [hook("whole", node.args[0])]
                return True
        return is_native_builtin(name) or name == "vars"

    def _hide_temporaries(self, node: ast.Call) -> bool:
        """Let `locals()` show the author's variables only; say that the call is done."""
        if self.scope.function().kind is ScopeKind.FUNCTION:
            inner = ast.copy_location(ast.Call(node.func, [], []), node)
            node.func = ast.copy_location(ast.Name(hook_name("locals"), ast.Load()), node)
            node.args = [inner]
        return True

    def _rewrite_method(self, node: ast.Call, func: ast.Attribute, *, simple: bool) -> None:
        if func.attr in WEAK_MAKERS:
            node.func = hook("call_weak", self.expr(func))
            return
        if func.attr in _STORING and self.is_private(func.value):
            return
        short = "method" if simple else "late_method"
        if func.attr in LOCK_METHODS:
            short = "lock_method"
        receiver = self.expr(func.value)
        func.value = hook(short, receiver, constant(self.mangled(func.attr)))

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            node.value = hook("content", self.expr(node.value))
        else:
            node.value = self.expr(node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        node.keys = [self.optional(key) for key in node.keys]
        values = [self.expr(value) for value in node.values]
        spread = [key is None for key in node.keys]
        node.values = [
            hook("content", value) if spreads else value
            for value, spreads in zip(values, spread, strict=True)
        ]
        return node
