"""Rewrites what binds a value: targets of every kind, and augmented assignments in three parts.

A switch has to fit between the read and the write of `c.n += v`, so it becomes a read, an operation
and a write over temporaries. The temporaries are gone again when the statement ends, however it
ends: an object must not live longer than its author meant.
"""

# ruff: noqa: D102, N802  # the names are those that `ast` calls, and it documents them

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from harness.instrument.expressions import ExpressionRewriter
from harness.instrument.hook_names import hook_name
from harness.instrument.scopes import Reach
from harness.instrument.syntax import constant, has_walrus, hook, is_literal

if TYPE_CHECKING:
    from harness.instrument.scopes import Scope
    from harness.instrument.variables import Node

_SEQUENCE_TARGETS = (ast.Tuple, ast.List)


class AssignmentRewriter(ExpressionRewriter):
    """Rewrites what binds a value to a target."""

    def __init__(self, scopes: dict[ast.AST, Scope], tree: ast.Module) -> None:
        super().__init__(scopes, tree)
        self._temporaries = 0

    # -- assembling -------------------------------------------------------------------------------

    def at(self, statement: Node, place: ast.AST | list[ast.stmt]) -> Node:
        """Give `statement` and all in it the line of `place`, so no new line shows up."""
        node = place[0] if isinstance(place, list) else place
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        for inner in ast.walk(statement):
            if "lineno" in inner._attributes and not hasattr(inner, "lineno"):  # noqa: SLF001  # public in ast
                inner.lineno = inner.end_lineno = line  # type: ignore[attr-defined]  # it has one
                inner.col_offset = inner.end_col_offset = column  # type: ignore[attr-defined]  # it has one
        return statement

    def fresh_name(self) -> str:
        self._temporaries += 1
        return hook_name(f"t{self._temporaries}")

    def forget(self, names: list[str], place: ast.AST) -> list[ast.stmt]:
        """Return statements that let go of temporaries, whether they were bound or not."""
        store: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
        delete: list[ast.expr] = [ast.Name(name, ast.Del()) for name in names]
        clear = ast.Assign(store, ast.Constant(None))
        return [self.at(clear, place), self.at(ast.Delete(delete), place)]

    # -- assignments ------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        value = self.expr(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            node.value = self.write_variable(node.targets[0].id, value)
            return node
        unpacks = any(isinstance(target, _SEQUENCE_TARGETS) for target in node.targets)
        if unpacks and not isinstance(value, _SEQUENCE_TARGETS):
            value = hook("content", value)
        node.value = value
        if any(self.needs_split(target) for target in node.targets):
            return self.split(node.targets, value, node)
        node.targets = [self.expr(target) for target in node.targets]
        return node

    def needs_split(self, target: ast.expr) -> bool:
        if isinstance(target, ast.Starred):
            return self.needs_split(target.value)
        if isinstance(target, _SEQUENCE_TARGETS):
            return any(self.needs_split(element) for element in target.elts)
        return self.is_recorded(target)

    def split(self, targets: list[ast.expr], value: ast.expr, place: ast.AST) -> list[ast.stmt]:
        """Return statements that bind `value` to each target in turn, one store at a time."""
        name = self.fresh_name()
        held: list[ast.expr] = [ast.Name(name, ast.Store())]
        result: list[ast.stmt] = [self.at(ast.Assign(held, value), place)]
        for target in targets:
            result += self.store(target, ast.Name(name, ast.Load()), place)
        return result + self.forget([name], place)

    def store(self, target: ast.expr, value: ast.expr, place: ast.AST) -> list[ast.stmt]:
        """Return statements that bind the value of a temporary to one target."""
        if not self.needs_split(target):
            return [self.at(ast.Assign([self.expr(target)], value), place)]
        if isinstance(target, ast.Name):
            value = self.write_variable(target.id, value)
            return [self.at(ast.Assign([target], value), place)]
        assert isinstance(target, _SEQUENCE_TARGETS)
        names = [self.fresh_name() for _ in target.elts]
        unpacked = ast.Tuple(
            [_like(element, name) for element, name in zip(target.elts, names, strict=True)],
            ast.Store(),
        )
        result: list[ast.stmt] = [self.at(ast.Assign([unpacked], value), place)]
        for element, name in zip(target.elts, names, strict=True):
            inner = element.value if isinstance(element, ast.Starred) else element
            result += self.store(inner, ast.Name(name, ast.Load()), place)
        return result + self.forget(names, place)

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
            names.append(self.fresh_name())
            whole = self.whole_key(part)
            held: list[ast.expr] = [ast.Name(names[-1], ast.Store())]
            before.append(self.at(ast.Assign(held, whole), node))
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
        names.append(result := self.fresh_name())
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
        guarded = ast.Try(steps, [], [], self.forget(names, node))
        return [self.at(guarded, node)]

    def visit_Delete(self, node: ast.Delete) -> ast.stmt | list[ast.stmt]:
        if not any(self.needs_split(target) for target in node.targets):
            node.targets = [self.expr(target) for target in node.targets]
            return node
        result: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Name) and self.is_recorded(target):
                record = self.write_variable(target.id, ast.Constant(None))
                result.append(self.at(ast.Expr(record), target))
            result.append(self.at(ast.Delete([self.expr(target)]), target))
        return result

    def late_target(self, target: ast.expr, place: ast.AST) -> tuple[ast.expr, list[ast.stmt]]:
        """Return a target for `for` or `with`, and statements that pass its value on."""
        if not self.needs_split(target):
            return self.expr(target), []
        name = self.fresh_name()
        stores = self.store(target, ast.Name(name, ast.Load()), place)
        held = ast.copy_location(ast.Name(name, ast.Store()), target)
        return held, [*stores, *self.forget([name], place)]

    def note_binding(self, name: str | None, place: ast.AST) -> list[ast.stmt]:
        """Return the record of a binding that syntax makes and no expression can stand for."""
        if name is None or self.reach(name) not in (Reach.CELL, Reach.GLOBAL):
            return []
        record = self.write_variable(name, ast.Constant(None))
        return [self.at(ast.Expr(record), place)]


def _like(element: ast.expr, name: str) -> ast.expr:
    held = ast.Name(name, ast.Store())
    return ast.Starred(held, ast.Store()) if isinstance(element, ast.Starred) else held
