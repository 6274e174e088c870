"""Rewrites statements: tests, loops, blocks and definitions."""

# ruff: noqa: D102, N802, N815  # the names are those that `ast` calls, and it documents them

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Final

from harness.instrument.assignments import AssignmentRewriter
from harness.instrument.scopes import FunctionNode, ScopeKind
from harness.instrument.syntax import constant, hook, is_docstring, prologue_length

if TYPE_CHECKING:
    from harness.instrument.scopes import Scope

# CPython 3.12 leaves a handler by a jump backwards, where it may switch; 3.11 and 3.13 do not.
_JUMPS_BACK_FROM_HANDLERS: Final = sys.version_info[:2] == (3, 12)
_LEAVING: Final = (ast.Raise, ast.Return, ast.Continue, ast.Break)


class StatementRewriter(AssignmentRewriter):
    """Rewrites one module. Used once."""

    def __init__(self, scopes: dict[ast.AST, Scope], tree: ast.Module) -> None:
        super().__init__(scopes, tree)
        self._in_while: list[bool] = []  # of each loop around the statement, innermost last

    def body(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return a block rewritten."""
        result: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            result.extend(new if isinstance(new, list) else [new])
        return result

    def module(self, tree: ast.Module) -> ast.Module:
        """Return the whole module rewritten, its first statement naming what it assigns."""
        length = prologue_length(tree.body)
        rest = self.body(tree.body[length:])
        for scope in self.scopes.values():
            self.stored |= scope.declared_global
        names: list[ast.expr] = [ast.Constant(name) for name in sorted(self.stored)]
        if names:
            register = ast.Expr(hook("stored", ast.Tuple(names, ast.Load())))
            rest.insert(0, self.at(register, tree.body[length:] or tree.body))
        tree.body = [*tree.body[:length], *rest]
        return tree

    # -- tests and loops --------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> ast.stmt:
        node.test = self.truth(node.test)
        node.body, node.orelse = self.body(node.body), self.body(node.orelse)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        node.test, node.msg = self.truth(node.test), self.optional(node.msg)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        endless = isinstance(node.test, ast.Constant)
        node.test = self.truth(node.test)
        # The line to which the interpreter itself jumps back: coverage then sees no new branch.
        place = node.body[0] if endless else node.test
        self._in_while.append(True)
        node.body = self.body(node.body)
        self._in_while.pop()
        if not isinstance(node.body[-1], ast.Break | ast.Return | ast.Raise | ast.Continue):
            node.body.append(self.at(ast.Expr(hook("loop")), place))
        node.orelse = self.body(node.orelse)
        return node

    def visit_Continue(self, node: ast.Continue) -> ast.stmt | list[ast.stmt]:
        if not self._in_while[-1]:
            return node  # the iterator's hook sees every turn of a `for`
        return [self.at(ast.Expr(hook("loop")), node), node]

    def visit_For(self, node: ast.For | ast.AsyncFor) -> ast.stmt:
        plain = isinstance(node, ast.AsyncFor)
        node.iter = self.expr(node.iter) if plain else self.walked(node.iter)
        node.target, first = self.late_target(node.target, node.target)
        self._in_while.append(False)
        node.body = [*first, *self.body(node.body)]
        self._in_while.pop()
        node.orelse = self.body(node.orelse)
        return node

    visit_AsyncFor = visit_For

    # -- with, except, match, import --------------------------------------------------------------

    def visit_With(self, node: ast.With | ast.AsyncWith) -> ast.stmt:
        first: list[ast.stmt] = []
        for item in node.items:
            value = self.expr(item.context_expr)
            item.context_expr = value if isinstance(node, ast.AsyncWith) else hook("with", value)
            if item.optional_vars is not None:
                item.optional_vars, stores = self.late_target(item.optional_vars, node)
                first += stores
        node.body = [*first, *self.body(node.body)]
        return node

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.type = self.optional(node.type)
        body = self.body(node.body)
        node.body = [*self.note_binding(node.name, node.body[0]), *body]
        if _JUMPS_BACK_FROM_HANDLERS and not isinstance(node.body[-1], _LEAVING):
            node.body.append(ast.copy_location(ast.Expr(hook("enter")), node.body[-1]))
        return node

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        node.subject = hook("subject", self.expr(node.subject))
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.truth(case.guard)
            names = sorted(_captured(case.pattern))
            notes = [note for name in names for note in self.note_binding(name, case.body[0])]
            case.body = [*notes, *self.body(case.body)]
        return node

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        if self.scope.function().kind is ScopeKind.MODULE:
            return node
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        notes = [note for name in names for note in self.note_binding(name, node)]
        source = getattr(node, "module", None) or ", ".join(alias.name for alias in node.names)
        region = hook("region", constant(f"the import of {source}"))
        guarded = ast.With([ast.withitem(region, None)], [node])
        return [*notes, self.at(guarded, node)]

    visit_ImportFrom = visit_Import

    # -- definitions ------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: FunctionNode) -> ast.stmt | list[ast.stmt]:
        cached = any(map(_is_caching, node.decorator_list))
        node.decorator_list = [self.expr(decorator) for decorator in node.decorator_list]
        self.rewrite_defaults(node.args)
        notes = self.note_binding(node.name, node.decorator_list or node)  # type: ignore[arg-type]
        owner = self.scope
        outer, loops = self.enter(node), self._in_while
        self._in_while = []
        node.body = self._function_body(node, owner, cached=cached)
        self.scope, self._in_while = outer, loops
        return [*notes, node] if notes else node

    visit_AsyncFunctionDef = visit_FunctionDef

    def _function_body(self, node: FunctionNode, owner: Scope, *, cached: bool) -> list[ast.stmt]:
        """Return the body with its entry hook and the markers of the variables it shares."""
        length = 1 if is_docstring(node.body[0]) else 0
        docstring, rest = node.body[:length], node.body[length:]
        place = rest or docstring
        first: list[ast.stmt] = [self.at(ast.Expr(hook("enter")), place)]
        if cached:
            first.append(self.at(ast.Expr(hook("enter_cached")), place))
        for name in self.scope.shared_cells():
            marker = self.marker(name)
            assert isinstance(marker, ast.Name)
            value = hook("variable", constant(name), constant(node.name))
            held: list[ast.expr] = [ast.Name(marker.id, ast.Store())]
            first.append(self.at(ast.Assign(held, value), place))
        body = self.body(rest)
        if owner.kind is ScopeKind.CLASS and node.name == "__del__" and body:
            reason = constant(f"the finaliser of {owner.class_name}")
            guarded = ast.With([ast.withitem(hook("region", reason), None)], [*first, *body])
            return [*docstring, self.at(guarded, place)]
        return [*docstring, *first, *body]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt | list[ast.stmt]:
        node.decorator_list = [self.expr(decorator) for decorator in node.decorator_list]
        node.bases = [self.expr(base) for base in node.bases]
        for keyword in node.keywords:
            keyword.value = self.expr(keyword.value)
        notes = self.note_binding(node.name, node)
        outer = self.enter(node)
        length = 1 if is_docstring(node.body[0]) else 0
        node.body = [*node.body[:length], *self.body(node.body[length:])]
        self.scope = outer
        if self.scope.function().kind is ScopeKind.FUNCTION:
            # Making a class is a call, and CPython may switch behind it.
            return [*notes, node, ast.copy_location(ast.Expr(hook("enter")), node)]
        return [*notes, node] if notes else node

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        return node  # evaluated when asked for; an annotation in spirit

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        return node


def _is_caching(decorator: ast.expr) -> bool:
    """Say if a decorator is `lru_cache` or `cache`, however it is written."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    name = decorator.attr if isinstance(decorator, ast.Attribute) else decorator
    name = name.id if isinstance(name, ast.Name) else name
    return name in ("lru_cache", "cache")


def _captured(pattern: ast.pattern) -> set[str]:
    """Return the variables a pattern binds."""
    found: set[str] = set()
    for inner in ast.walk(pattern):
        for attribute in ("name", "rest"):
            name = getattr(inner, attribute, None)
            if isinstance(name, str) and isinstance(inner, ast.pattern):
                found.add(name)
    return found
