"""Rewrites the uses of variables, and holds what every part of the rewriter asks.

An operand is *simple* when evaluating it twice is evaluating it once: a literal, or a local that no
other thread can reach.
"""

# ruff: noqa: D102  # the names are those that `ast` calls, and it documents them

from __future__ import annotations

import ast
from typing import TypeVar

from harness.instrument.hook_names import mangle, marker_name
from harness.instrument.scopes import Reach, Scope
from harness.instrument.syntax import both, constant, hook, is_builtin, is_literal

Node = TypeVar("Node", bound=ast.AST)


class VariableRewriter(ast.NodeTransformer):
    """Rewrites variables; `stored` collects the attribute names that the module assigns."""

    def __init__(self, scopes: dict[ast.AST, Scope], tree: ast.Module) -> None:
        self.scopes = scopes
        self.scope = scopes[tree]
        self.stored: set[str] = set()

    def expr(self, node: ast.expr) -> ast.expr:
        """Return `node` rewritten."""
        result = self.visit(node)
        assert isinstance(result, ast.expr)
        return result

    def optional(self, node: ast.expr | None) -> ast.expr | None:
        """Return `node` rewritten, or None."""
        return None if node is None else self.expr(node)

    def mangled(self, name: str) -> str:
        """Return the name that the compiler gives `name` here."""
        return mangle(self.scope.class_name, name)

    def reach(self, name: str) -> Reach:
        """Return who else can reach the variable `name`."""
        if name.startswith("@py"):
            return Reach.LOCAL
        return self.scope.reach(self.mangled(name))

    def is_simple(self, node: ast.expr) -> bool:
        """Say if `node` may be evaluated twice."""
        if isinstance(node, ast.Name):
            return self.reach(node.id) is Reach.LOCAL
        if isinstance(node, ast.Tuple):
            return all(self.is_simple(element) for element in node.elts)
        return is_literal(node)

    def is_builtin_name(self, node: ast.expr) -> bool:
        """Say if `node` is a name that means a builtin here."""
        if not isinstance(node, ast.Name) or self.scope.owner(node.id) is not None:
            return False
        return node.id not in self.scope.module().bindings and is_builtin(node.id)

    def enter(self, node: ast.AST) -> Scope:
        """Go into the scope that `node` opens; return the one to come back to."""
        outer = self.scope
        self.scope = self.scopes[node]
        return outer

    # -- variables --------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        read = self.read_variable(node.id)
        return node if read is None else ast.copy_location(both(read, node), node)

    def read_variable(self, name: str) -> ast.expr | None:
        """Return the hook to run before the variable is read; None where none is needed."""
        key = constant(self.mangled(name))
        match self.reach(name):
            case Reach.LOCAL:
                return None
            case Reach.CELL:
                return hook("cell", self.marker(name), key)
            case Reach.GLOBAL:
                return hook("global", key)
            case Reach.SETTLED_GLOBAL:
                return hook("settled", key)

    def write_variable(self, name: str, value: ast.expr) -> ast.expr:
        """Return `value` with the hook to run after it, right before it is bound to `name`."""
        key = constant(self.mangled(name))
        match self.reach(name):
            case Reach.LOCAL | Reach.SETTLED_GLOBAL:
                return value
            case Reach.CELL:
                return hook("set_cell", value, self.marker(name), key)
            case Reach.GLOBAL:
                return hook("set_global", value, key)

    def is_recorded(self, node: ast.expr) -> bool:
        """Say if `node` is a variable whose writes are recorded."""
        return isinstance(node, ast.Name) and self.reach(node.id) in (Reach.CELL, Reach.GLOBAL)

    def is_private(self, node: ast.expr) -> bool:
        """Say if `node` names a fresh container that never leaves this function."""
        if not isinstance(node, ast.Name) or node.id.startswith("@py"):
            return False
        return self.scope.is_private(self.mangled(node.id))

    def marker(self, name: str) -> ast.expr:
        """Return the local that stands for a captured variable."""
        return ast.Name(marker_name(self.mangled(name)), ast.Load())

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.write_variable(node.target.id, self.expr(node.value))
        return node
