"""Finds the scopes of a module: what each binds, uses, captures and lets go of."""

# ruff: noqa: N815  # the names are those that `ast` calls, and it documents them

from __future__ import annotations

import ast

from harness.instrument.hook_names import mangle
from harness.instrument.scopes import (
    IMMEDIATE,
    INLINE_EXPRESSION,
    Comprehension,
    FunctionNode,
    Moment,
    Scope,
    ScopeKind,
)

_FRESH_CONTAINERS = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
# Methods of containers whose result is neither the container nor a view of it.
KEEPING_METHODS = frozenset(
    [
        "append",
        "appendleft",
        "add",
        "insert",
        "extend",
        "update",
        "remove",
        "discard",
        "pop",
        "popitem",
        "clear",
        "sort",
        "reverse",
        "index",
        "count",
        "get",
        "setdefault",
        "copy",
    ]
)


def analyse(tree: ast.Module) -> dict[ast.AST, Scope]:
    """Return the scope that each scope-opening node of `tree` opens."""
    reader = _Reader(tree)
    reader.read()
    _link(reader.scopes)
    return reader.scopes


def _link(scopes: dict[ast.AST, Scope]) -> None:
    """Tell owners who captures and who writes their variables."""
    for scope in scopes.values():
        for name in scope.escaping:
            holder = scope.owner(name)
            if holder is not None and holder is not scope:
                holder.escaping.add(name)
        for name, moment in scope.uses:
            owner = scope.owner(name)
            if owner is None or scope.function() is owner.function():
                continue
            owner.captures.setdefault(name, []).append(_entry(scope, owner, moment))
        if scope.kind is not ScopeKind.MODULE:
            scope.module().written_from_inside |= scope.declared_global
        for name in scope.declared_nonlocal:
            owner = scope.parent.owner(name) if scope.parent is not None else None
            if owner is not None:
                owner.written_from_inside.add(name)
                owner.captures.setdefault(name, []).append(scope.opened)


def _entry(scope: Scope, owner: Scope, use: Moment) -> Moment:
    """Return when the outermost function between a use and the owner comes into being."""
    moment = use
    while scope is not owner and scope.parent is not None:
        if scope.kind not in IMMEDIATE:
            moment = scope.opened
        scope = scope.parent
    return moment


class _Reader(ast.NodeVisitor):
    """Walks a tree in the order in which it would run."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._rank = 0
        self._loops: list[int] = []
        self._kept: list[list[int]] = []
        self._kept_here: set[int] = set()  # identities of nodes; the tree keeps them alive
        self._scope = Scope(ScopeKind.MODULE, None, None, Moment(0, ()))
        self.scopes: dict[ast.AST, Scope] = {tree: self._scope}

    def read(self) -> None:
        self._visit_all(self._tree.body)

    def _now(self) -> Moment:
        self._rank += 1
        return Moment(self._rank, tuple(self._loops))

    def _bind(self, name: str, *, data: bool = True, fresh: bool = False) -> None:
        scope = self._scope
        name = mangle(scope.class_name, name)
        scope.bindings.setdefault(name, []).append(self._now())
        if data:
            scope.data.add(name)
        if not fresh:
            scope.foreign.add(name)

    def _keeps(self, node: ast.expr) -> None:
        """Note that the expression around `node` uses what it names without handing it on."""
        if isinstance(node, ast.Name):
            self._kept_here.add(id(node))

    def _visit_all(self, nodes: list[ast.stmt] | list[ast.expr]) -> None:
        for node in nodes:
            self.visit(node)

    def _inside(
        self, node: ast.AST, kind: ScopeKind, *, class_name: str | None, same_loops: bool = False
    ) -> Scope:
        """Enter a new scope; the caller leaves it."""
        scope = Scope(kind, self._scope, class_name, self._now())
        self.scopes[node] = scope
        self._scope = scope
        if not same_loops:
            self._kept.append(self._loops)
            self._loops = []
        return scope

    def _leave(self, *, same_loops: bool = False) -> None:
        assert self._scope.parent is not None
        self._scope = self._scope.parent
        if not same_loops:
            self._loops = self._kept.pop()

    # -- names ------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            name = mangle(self._scope.class_name, node.id)
            self._scope.uses.append((name, self._now()))
            if id(node) not in self._kept_here:
                self._scope.escaping.add(name)
        elif isinstance(node.ctx, ast.Store) or self._scope.kind is not ScopeKind.MODULE:
            self._bind(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        inner = self._scope
        late = False
        while self._scope.kind in INLINE_EXPRESSION and self._scope.parent is not None:
            late = late or self._scope.kind is ScopeKind.GENERATOR
            self._scope = self._scope.parent  # PEP 572: it binds outside the comprehension
        self._bind(node.target.id)
        if late:
            name = mangle(self._scope.class_name, node.target.id)
            self._scope.written_from_inside.add(name)
            self._scope.captures.setdefault(name, []).append(self._now())
        self._scope = inner

    def visit_Global(self, node: ast.Global) -> None:
        names = {mangle(self._scope.class_name, name) for name in node.names}
        self._scope.declared_global |= names

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        names = {mangle(self._scope.class_name, name) for name in node.names}
        self._scope.declared_nonlocal |= names

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias.asname or alias.name.partition(".")[0], data=False)

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name is not None:
            self._bind(node.name)
        self._visit_all(node.body)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name is not None:
            self._bind(node.name)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest is not None:
            self._bind(node.rest)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        self._bind(node.name.id)  # type: ignore[attr-defined]  # ast.TypeAlias is new in 3.12

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        if isinstance(node.targets[0], ast.Name) and len(node.targets) == 1:
            self._bind(node.targets[0].id, fresh=isinstance(node.value, _FRESH_CONTAINERS))
        else:
            self._visit_all(node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            name = mangle(self._scope.class_name, node.target.id)
            self._scope.uses.append((name, self._now()))
        self.visit(node.value)
        self.visit(node.target)

    # -- uses that keep an object where it is -----------------------------------------------------

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._keeps(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in KEEPING_METHODS:
            self._keeps(func.value)
        elif isinstance(func, ast.Name) and func.id == "len" and len(node.args) == 1:
            self._keeps(node.args[0])
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        self.visit(node.target)

    # -- loops ------------------------------------------------------------------------------------

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._keeps(node.iter)
        self.visit(node.iter)
        self._loops.append(self._now().rank)
        self.visit(node.target)
        self._visit_all(node.body)
        self._loops.pop()
        self._visit_all(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self._loops.append(self._now().rank)
        self.visit(node.test)
        self._visit_all(node.body)
        self._loops.pop()
        self._visit_all(node.orelse)

    # -- scopes -----------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: FunctionNode) -> None:
        self._visit_all(node.decorator_list)
        self._visit_defaults(node.args)
        # Bound before it opens: nobody can call it earlier, so recursion needs no record.
        self._bind(node.name, data=False)
        self._inside(node, ScopeKind.FUNCTION, class_name=self._scope.class_name)
        self._bind_parameters(node)
        self._visit_all(node.body)
        self._leave()

    visit_AsyncFunctionDef = visit_FunctionDef

    def _bind_parameters(self, node: FunctionNode | ast.Lambda) -> None:
        for parameter in getattr(node, "type_params", []):
            self._bind(parameter.name)
        args = node.args
        for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs]:
            self._bind(arg.arg)
        for extra in (args.vararg, args.kwarg):
            if extra is not None:
                self._bind(extra.arg)

    def _visit_defaults(self, args: ast.arguments) -> None:
        self._visit_all(args.defaults)
        self._visit_all([default for default in args.kw_defaults if default is not None])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_defaults(node.args)
        self._inside(node, ScopeKind.LAMBDA, class_name=self._scope.class_name)
        self._bind_parameters(node)
        self.visit(node.body)
        self._leave()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all(node.decorator_list)
        self._visit_all(node.bases)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self._bind(node.name, data=False)
        self._inside(node, ScopeKind.CLASS, class_name=node.name, same_loops=True)
        for parameter in getattr(node, "type_params", []):
            self._bind(parameter.name)
        self._visit_all(node.body)
        self._leave(same_loops=True)

    def visit_ListComp(self, node: Comprehension) -> None:
        first, *others = node.generators
        if not isinstance(node, ast.GeneratorExp):
            self._keeps(first.iter)
        self.visit(first.iter)
        # A generator expression runs later, perhaps in another thread: it captures like a lambda.
        lazy = isinstance(node, ast.GeneratorExp)
        kind = ScopeKind.GENERATOR if lazy else ScopeKind.COMPREHENSION
        self._inside(node, kind, class_name=self._scope.class_name, same_loops=not lazy)
        self._loops.append(self._now().rank)
        self._visit_generator(first)
        for generator in others:
            self.visit(generator.iter)
            self._visit_generator(generator)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self._loops.pop()
        self._leave(same_loops=not lazy)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _visit_generator(self, generator: ast.comprehension) -> None:
        self.visit(generator.target)
        self._visit_all(generator.ifs)
