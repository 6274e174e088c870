"""Rewrites statements: targets, loops, definitions, and what must be split in two.

A switch has to fit between the read and the write of `c.n += v`, so augmented assignments become a
read, an operation and a write over temporaries. The temporaries are gone again when the statement
ends, however it ends: an object must not live longer than its author meant.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from harness.instrument.expressions import ExpressionRewriter, Node
from harness.instrument.hook_names import hook_name
from harness.instrument.scopes import FunctionNode, Reach, ScopeKind
from harness.instrument.syntax import (
    constant,
    has_walrus,
    hook,
    is_docstring,
    is_literal,
    prologue_length,
)

if TYPE_CHECKING:
    from harness.instrument.scopes import Scope

_SEQUENCE_TARGETS = (ast.Tuple, ast.List)


class StatementRewriter(ExpressionRewriter):
    """Rewrites one module. Used once."""

    def __init__(self, scopes: dict[ast.AST, Scope], tree: ast.Module) -> None:
        super().__init__(scopes, tree)
        self._temporaries = 0
        self._in_while: list[bool] = []  # of each loop around the statement, innermost last

    # -- assembling ----------------------------------------------------------------------------------

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
            rest.insert(0, self._at(register, tree.body[length:] or tree.body))
        tree.body = [*tree.body[:length], *rest]
        return tree

    def _at(self, statement: Node, place: ast.AST | list[ast.stmt]) -> Node:
        """Give `statement` and all in it the line of `place`, so no new line shows up."""
        node = place[0] if isinstance(place, list) else place
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        for inner in ast.walk(statement):
            if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
                inner.lineno = inner.end_lineno = line  # type: ignore[attr-defined]  # it has one
                inner.col_offset = inner.end_col_offset = column  # type: ignore[attr-defined]  # it has one
        return statement

    def _fresh_name(self) -> str:
        self._temporaries += 1
        return hook_name(f"t{self._temporaries}")

    def _forget(self, names: list[str], place: ast.AST) -> list[ast.stmt]:
        """Return statements that let go of temporaries, whether they were bound or not."""
        store: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
        delete: list[ast.expr] = [ast.Name(name, ast.Del()) for name in names]
        clear = ast.Assign(store, ast.Constant(None))
        return [self._at(clear, place), self._at(ast.Delete(delete), place)]

    # -- assignments -----------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        value = self.expr(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            node.value = self.write_variable(node.targets[0].id, value)
            return node
        unpacks = any(isinstance(target, _SEQUENCE_TARGETS) for target in node.targets)
        if unpacks and not isinstance(value, _SEQUENCE_TARGETS):
            value = hook("content", value)
        node.value = value
        if any(self._needs_split(target) for target in node.targets):
            return self._split(node.targets, value, node)
        node.targets = [self.expr(target) for target in node.targets]
        return node

    def _needs_split(self, target: ast.expr) -> bool:
        if isinstance(target, ast.Starred):
            return self._needs_split(target.value)
        if isinstance(target, _SEQUENCE_TARGETS):
            return any(self._needs_split(element) for element in target.elts)
        return self.is_recorded(target)

    def _split(self, targets: list[ast.expr], value: ast.expr, place: ast.AST) -> list[ast.stmt]:
        """Return statements that bind `value` to each target in turn, one store at a time."""
        name = self._fresh_name()
        held: list[ast.expr] = [ast.Name(name, ast.Store())]
        result: list[ast.stmt] = [self._at(ast.Assign(held, value), place)]
        for target in targets:
            result += self._store(target, ast.Name(name, ast.Load()), place)
        return result + self._forget([name], place)

    def _store(self, target: ast.expr, value: ast.expr, place: ast.AST) -> list[ast.stmt]:
        """Return statements that bind the value of a temporary to one target."""
        if not self._needs_split(target):
            return [self._at(ast.Assign([self.expr(target)], value), place)]
        if isinstance(target, ast.Name):
            value = self.write_variable(target.id, value)
            return [self._at(ast.Assign([target], value), place)]
        assert isinstance(target, _SEQUENCE_TARGETS)
        names = [self._fresh_name() for _ in target.elts]
        unpacked = ast.Tuple(
            [_like(element, name) for element, name in zip(target.elts, names, strict=True)],
            ast.Store(),
        )
        result: list[ast.stmt] = [self._at(ast.Assign([unpacked], value), place)]
        for element, name in zip(target.elts, names, strict=True):
            inner = element.value if isinstance(element, ast.Starred) else element
            result += self._store(inner, ast.Name(name, ast.Load()), place)
        return result + self._forget(names, place)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return node  # a declaration; its annotation stays as written
        node.value = self.expr(node.value)
        if isinstance(node.target, ast.Name):
            node.value = self.write_variable(node.target.id, node.value)
        else:
            target = self.expr(node.target)
            assert isinstance(target, ast.Attribute | ast.Subscript)
            node.target = target
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt | list[ast.stmt]:
        target = node.target
        if isinstance(target, ast.Name):
            return self._augment_variable(node, target)
        names: list[str] = []
        before: list[ast.stmt] = []
        walrus = has_walrus([node.value])

        def hold(part: ast.expr) -> ast.expr:
            """Return what may stand for `part` twice."""
            if self.is_simple(part) and not walrus:
                return part
            names.append(self._fresh_name())
            whole = self.whole_key(part)
            held: list[ast.expr] = [ast.Name(names[-1], ast.Store())]
            before.append(self._at(ast.Assign(held, whole), node))
            return ast.Name(names[-1], ast.Load())

        if isinstance(target, ast.Attribute):
            obj = hold(target.value)
            self.stored.add(self.mangled(target.attr))
            key: ast.expr = constant(self.mangled(target.attr))
            load: ast.expr = ast.Attribute(hook("read", obj, key), target.attr, ast.Load())
            store: ast.expr = ast.Attribute(hook("write", obj, key), target.attr, ast.Store())
        else:
            obj, key = hold(target.value), hold(target.slice)
            load = ast.Subscript(hook("read_item", obj, key), key, ast.Load())
            store = ast.Subscript(hook("write_item", obj, key), key, ast.Store())
        ast.copy_location(load, target)
        ast.copy_location(store, target)
        return self._augment(node, load=load, store=store, names=names, before=before)

    def _augment_variable(self, node: ast.AugAssign, target: ast.Name) -> ast.stmt | list[ast.stmt]:
        if not self.is_recorded(target):
            node.value = self._augmenting(node, ast.Name(target.id, ast.Load()))
            return node
        load = self.expr(ast.copy_location(ast.Name(target.id, ast.Load()), target))
        return self._augment(node, load=load, store=target, names=[], before=[])

    def _augmenting(self, node: ast.AugAssign, current: ast.expr) -> ast.expr:
        """Return the right side, hooked where the operation may change `current` in place."""
        operand = self.expr(node.value)
        if is_literal(node.value) and not isinstance(node.op, ast.Mult):
            return operand
        return hook("augment", operand, current)

    def _augment(
        self,
        node: ast.AugAssign,
        *,
        load: ast.expr,
        store: ast.expr,
        names: list[str],
        before: list[ast.stmt],
    ) -> list[ast.stmt]:
        """Return `load`, operate, `store` with a switch possible between each."""
        names.append(result := self._fresh_name())
        held = ast.Name(result, ast.Store())
        value: ast.expr = ast.Name(result, ast.Load())
        if isinstance(store, ast.Name):
            value = self.write_variable(store.id, value)
        operand = self._augmenting(node, ast.Name(result, ast.Load()))
        steps: list[ast.stmt] = [
            *before,
            ast.Assign([held], load),
            ast.AugAssign(ast.Name(result, ast.Store()), node.op, operand),
            ast.Assign([store], value),
        ]
        guarded = ast.Try(steps, [], [], self._forget(names, node))
        return [self._at(guarded, node)]

    def visit_Delete(self, node: ast.Delete) -> ast.stmt | list[ast.stmt]:
        if not any(self._needs_split(target) for target in node.targets):
            node.targets = [self.expr(target) for target in node.targets]
            return node
        result: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Name) and self.is_recorded(target):
                record = self.write_variable(target.id, ast.Constant(None))
                result.append(self._at(ast.Expr(record), target))
            result.append(self._at(ast.Delete([self.expr(target)]), target))
        return result

    # -- tests and loops ---------------------------------------------------------------------------------

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
            node.body.append(self._at(ast.Expr(hook("loop")), place))
        node.orelse = self.body(node.orelse)
        return node

    def visit_Continue(self, node: ast.Continue) -> ast.stmt | list[ast.stmt]:
        if not self._in_while[-1]:
            return node  # the iterator's hook sees every turn of a `for`
        return [self._at(ast.Expr(hook("loop")), node), node]

    def visit_For(self, node: ast.For | ast.AsyncFor) -> ast.stmt:
        plain = isinstance(node, ast.AsyncFor)
        node.iter = self.expr(node.iter) if plain else self.walked(node.iter)
        node.target, first = self._late_target(node.target, node.target)
        self._in_while.append(False)
        node.body = [*first, *self.body(node.body)]
        self._in_while.pop()
        node.orelse = self.body(node.orelse)
        return node

    visit_AsyncFor = visit_For

    def _late_target(
        self, target: ast.expr, place: ast.AST
    ) -> tuple[ast.expr, list[ast.stmt]]:
        """Return a target for `for` or `with`, and statements that pass its value on."""
        if not self._needs_split(target):
            return self.expr(target), []
        name = self._fresh_name()
        stores = self._store(target, ast.Name(name, ast.Load()), place)
        held = ast.copy_location(ast.Name(name, ast.Store()), target)
        return held, [*stores, *self._forget([name], place)]

    # -- with, except, match, import -----------------------------------------------------------------------

    def visit_With(self, node: ast.With | ast.AsyncWith) -> ast.stmt:
        first: list[ast.stmt] = []
        for item in node.items:
            value = self.expr(item.context_expr)
            item.context_expr = value if isinstance(node, ast.AsyncWith) else hook("with", value)
            if item.optional_vars is not None:
                item.optional_vars, stores = self._late_target(item.optional_vars, node)
                first += stores
        node.body = [*first, *self.body(node.body)]
        return node

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.type = self.optional(node.type)
        body = self.body(node.body)
        node.body = [*self._note_binding(node.name, node.body[0]), *body]
        return node

    def _note_binding(self, name: str | None, place: ast.AST) -> list[ast.stmt]:
        """Return the record of a binding that syntax makes and no expression can stand for."""
        if name is None or self.reach(name) not in (Reach.CELL, Reach.GLOBAL):
            return []
        record = self.write_variable(name, ast.Constant(None))
        return [self._at(ast.Expr(record), place)]

    def visit_Match(self, node: ast.Match) -> ast.stmt:
        node.subject = hook("subject", self.expr(node.subject))
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.truth(case.guard)
            names = sorted(_captured(case.pattern))
            notes = [note for name in names for note in self._note_binding(name, case.body[0])]
            case.body = [*notes, *self.body(case.body)]
        return node

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        if self.scope.function().kind is ScopeKind.MODULE:
            return node
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        notes = [note for name in names for note in self._note_binding(name, node)]
        source = getattr(node, "module", None) or ", ".join(alias.name for alias in node.names)
        region = hook("region", constant(f"the import of {source}"))
        guarded = ast.With([ast.withitem(region, None)], [node])
        return [*notes, self._at(guarded, node)]

    visit_ImportFrom = visit_Import

    # -- definitions -----------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: FunctionNode) -> ast.stmt | list[ast.stmt]:
        node.decorator_list = [self.expr(decorator) for decorator in node.decorator_list]
        self.rewrite_defaults(node.args)
        notes = self._note_binding(node.name, node.decorator_list or node)  # type: ignore[arg-type]
        owner = self.scope
        outer, loops = self.enter(node), self._in_while
        self._in_while = []
        node.body = self._function_body(node, owner)
        self.scope, self._in_while = outer, loops
        return [*notes, node] if notes else node

    visit_AsyncFunctionDef = visit_FunctionDef

    def _function_body(self, node: FunctionNode, owner: Scope) -> list[ast.stmt]:
        """Return the body with its entry hook and the markers of the variables it shares."""
        length = 1 if is_docstring(node.body[0]) else 0
        docstring, rest = node.body[:length], node.body[length:]
        place = rest or docstring
        first: list[ast.stmt] = [self._at(ast.Expr(hook("enter")), place)]
        for name in self.scope.shared_cells():
            marker = self.marker(name)
            assert isinstance(marker, ast.Name)
            value = hook("variable", constant(name), constant(node.name))
            held: list[ast.expr] = [ast.Name(marker.id, ast.Store())]
            first.append(self._at(ast.Assign(held, value), place))
        body = self.body(rest)
        if owner.kind is ScopeKind.CLASS and node.name == "__del__" and body:
            reason = constant(f"the finaliser of {owner.class_name}")
            guarded = ast.With([ast.withitem(hook("region", reason), None)], [*first, *body])
            return [*docstring, self._at(guarded, place)]
        return [*docstring, *first, *body]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt | list[ast.stmt]:
        node.decorator_list = [self.expr(decorator) for decorator in node.decorator_list]
        node.bases = [self.expr(base) for base in node.bases]
        for keyword in node.keywords:
            keyword.value = self.expr(keyword.value)
        notes = self._note_binding(node.name, node)
        outer = self.enter(node)
        length = 1 if is_docstring(node.body[0]) else 0
        node.body = [*node.body[:length], *self.body(node.body[length:])]
        self.scope = outer
        return [*notes, node] if notes else node

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        return node  # evaluated when asked for; an annotation in spirit

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        return node


def _like(element: ast.expr, name: str) -> ast.expr:
    held = ast.Name(name, ast.Store())
    return ast.Starred(held, ast.Store()) if isinstance(element, ast.Starred) else held


def _captured(pattern: ast.pattern) -> set[str]:
    """Return the variables a pattern binds."""
    found: set[str] = set()
    for inner in ast.walk(pattern):
        for attribute in ("name", "rest"):
            name = getattr(inner, attribute, None)
            if isinstance(name, str) and isinstance(inner, ast.pattern):
                found.add(name)
    return found
