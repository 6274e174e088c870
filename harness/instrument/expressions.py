"""Rewrites expressions: a hook runs right before each access, the access itself stays native.

Goal: `c.n` becomes `__hf_read__(c, "n").n`. The hook records, may let another thread run, and
returns its argument; then the interpreter does what it always did, on the original line. Two roads
that fail. Doing the access inside the hook puts a foreign frame under every error. Hooking an
operand as soon as it is evaluated is too early: in `items.append(len(items))` the last chance to
switch must come after `len`. So a hook stands behind the last operand that can itself switch, and
only where two such operands meet is the operation done inside the hook.
"""

# ruff: noqa: D102, N802, N815  # the names are those that `ast` calls, and it documents them

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from harness.instrument.accesses import AccessRewriter
from harness.instrument.syntax import both, has_walrus, hook, is_foreign, is_fresh, is_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.instrument.scopes import Comprehension

OPERATORS: Final[Mapping[type[ast.AST], str]] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or_",
    ast.BitXor: "xor",
    ast.BitAnd: "and_",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}


class ExpressionRewriter(AccessRewriter):
    """Rewrites one module's expressions."""

    # -- truth ------------------------------------------------------------------------------------

    def truth(self, node: ast.expr) -> ast.expr:
        """Return `node` rewritten for a place where only its truth matters."""
        if isinstance(node, ast.BoolOp):
            node.values = [self.truth(value) for value in node.values]
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.expr(node)
        if isinstance(node, ast.Constant | ast.Compare | ast.JoinedStr) or is_foreign(node):
            return self.expr(node)
        if isinstance(node, ast.Name) and node.id.startswith("@py"):
            return node
        return ast.copy_location(hook("truth", self.expr(node)), node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        *tested, last = node.values
        node.values = [*(self.truth(value) for value in tested), self.expr(last)]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            node.operand = self.truth(node.operand)
        elif not is_literal(node):
            node.operand = hook("content", self.expr(node.operand))
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        node.test = self.truth(node.test)
        node.body, node.orelse = self.expr(node.body), self.expr(node.orelse)
        return node

    # -- operators --------------------------------------------------------------------------------

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if is_literal(node.left) or is_literal(node.right):
            self._rewrite_literal_operand(node)
            return node
        native = self._operands(node.left, node.right)
        if native is None:
            inner = (self.expr(node.left), self.expr(node.right))
            return ast.copy_location(hook("op_" + OPERATORS[type(node.op)], *inner), node)
        node.left, node.right = native
        return node

    def _rewrite_literal_operand(self, node: ast.BinOp) -> None:
        """Rewrite an operation with a number or text: only `*` and `%` read a container then."""
        formats = isinstance(node.op, ast.Mod) and is_literal(node.left)
        repeats = isinstance(node.op, ast.Mult)
        short = "text" if formats else "content" if repeats else None
        for side in ("left", "right"):
            operand = getattr(node, side)
            value = self.expr(operand)
            plain = short is None or is_literal(operand)
            setattr(node, side, value if plain else hook(short or "", value))

    def _operands(self, left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr] | None:
        """Return two operands with the hooks that leave the operation native; None if none do."""
        if is_fresh(left):
            return self.expr(left), hook("content", self.expr(right))
        if is_fresh(right) and all(
            self.is_simple(part) for part in getattr(right, "elts", [ast.Yield()])
        ):
            return hook("content", self.expr(left)), self.expr(right)
        if self.is_simple(left) and not has_walrus([right]):
            return left, hook("pair", self.expr(right), left)
        if self.is_simple(right):
            return hook("pair", self.expr(left), right), right
        return None

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if len(node.ops) > 1:
            return self._rewrite_chain(node)
        (operator,), (right,) = node.ops, node.comparators
        if isinstance(operator, ast.In | ast.NotIn):
            node.left = self.expr(node.left)
            value = self.expr(right)
            node.comparators = [value if is_literal(right) else hook("content", value)]
            return node
        if isinstance(operator, ast.Is | ast.IsNot) or is_literal(node.left) or is_literal(right):
            node.left, node.comparators = self.expr(node.left), [self.expr(right)]
            return node
        native = self._operands(node.left, right)
        if native is None:
            inner = (self.expr(node.left), self.expr(right))
            return ast.copy_location(hook("op_" + OPERATORS[type(operator)], *inner), node)
        node.left, node.comparators = native[0], [native[1]]
        return node

    def _rewrite_chain(self, node: ast.Compare) -> ast.expr:
        """Rewrite `a < b < c`: each operand is recorded when it is evaluated."""
        operands = [node.left, *node.comparators]
        rewritten = [self.expr(operand) for operand in operands]
        hooked = [
            value if is_literal(operand) else hook("content", value)
            for operand, value in zip(operands, rewritten, strict=True)
        ]
        node.left, node.comparators = hooked[0], hooked[1:]
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        value = self.expr(node.value)
        node.value = value if is_literal(node.value) else hook("text", value)
        if node.format_spec is not None:
            node.format_spec = self.expr(node.format_spec)
        return node

    visit_Interpolation = visit_FormattedValue  # the templates of 3.14

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        node.values = [
            value if isinstance(value, ast.Constant) else self.expr(value) for value in node.values
        ]
        return node

    # -- what opens a scope -----------------------------------------------------------------------

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.rewrite_defaults(node.args)
        outer = self.enter(node)
        node.body = ast.copy_location(both(hook("enter"), self.expr(node.body)), node.body)
        self.scope = outer
        return node

    def rewrite_defaults(self, args: ast.arguments) -> None:
        """Rewrite default values, which run where the function is defined."""
        args.defaults = [self.expr(default) for default in args.defaults]
        args.kw_defaults = [self.optional(default) for default in args.kw_defaults]

    def visit_ListComp(self, node: Comprehension) -> ast.expr:
        first = node.generators[0]
        first.iter = self._iterated(first)
        outer = self.enter(node)
        for generator in node.generators:
            if generator is not first:
                generator.iter = self._iterated(generator)
            generator.target = self.expr(generator.target)
            generator.ifs = [self.truth(test) for test in generator.ifs]
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.expr(node.key), self.expr(node.value)
        else:
            node.elt = self.expr(node.elt)
        self.scope = outer
        return node

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _iterated(self, generator: ast.comprehension) -> ast.expr:
        return self.expr(generator.iter) if generator.is_async else self.walked(generator.iter)

    def walked(self, node: ast.expr) -> ast.expr:
        """Return what a loop iterates over, hooked."""
        if self.is_private(node):
            return hook("turns", self.expr(node))
        fresh = isinstance(node, ast.Call | ast.GeneratorExp)
        return hook("iter_result" if fresh else "iter", self.expr(node))

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        node.value = hook("delegate", self.expr(node.value))
        return node
