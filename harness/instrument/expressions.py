"""Rewrites expressions: a hook runs right before each access, the access itself stays native.

Goal: `c.n` becomes `__hf_read__(c, "n").n`. The hook records, may let another thread run, and
returns its argument; then the interpreter does what it always did, on the original line. Two roads
that fail. Doing the access inside the hook puts a foreign frame under every error. Hooking an
operand as soon as it is evaluated is too early: in `items.append(len(items))` the last chance to
switch must come after `len`. So a hook stands behind the last operand that can itself switch, and
only where two such operands meet is the operation done inside the hook.

An operand is *simple* when evaluating it twice is evaluating it once: a literal, or a local that no
other thread can reach.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeVar

from harness.instrument.hook_names import mangle, marker_name
from harness.instrument.scopes import Comprehension, Reach, Scope
from harness.instrument.syntax import (
    both,
    constant,
    has_walrus,
    hook,
    is_builtin,
    is_foreign,
    is_fresh,
    is_literal,
    is_native_builtin,
    whole_content,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Node = TypeVar("Node", bound=ast.AST)

LOCK_METHODS: Final = frozenset(
    ("acquire", "release", "locked", "acquire_lock", "release_lock", "locked_lock")
)
_STORING: Final = frozenset(("append", "appendleft", "add", "insert"))  # look into no argument
WEAK_MAKERS: Final = frozenset(("ref", "proxy", "finalize", "WeakMethod", "ReferenceType"))
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


class ExpressionRewriter(ast.NodeTransformer):
    """Rewrites one module's expressions; `stored` collects the attribute names it assigns."""

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

    # -- variables -----------------------------------------------------------------------------

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

    # -- attributes and items --------------------------------------------------------------------

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

    # -- calls -----------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if is_foreign(node.func):
            return node
        simple = self._rewrite_arguments(node)
        if self.is_builtin_name(node.func):
            assert isinstance(node.func, ast.Name)
            if self._keep_builtin(node, node.func.id):
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
        if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
            if name in ("len", "bool"):
                if not self.is_private(node.args[0]):
                    node.args = [hook("truth", node.args[0])]
                return True
            if name == "vars":
                node.args = [hook("whole", node.args[0])]
                return True
        return is_native_builtin(name) or name == "vars"

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

    # -- truth -------------------------------------------------------------------------------------

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

    # -- operators -----------------------------------------------------------------------------------

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

    # -- what opens a scope ----------------------------------------------------------------------------

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

    def enter(self, node: ast.AST) -> Scope:
        """Go into the scope that `node` opens; return the one to come back to."""
        outer = self.scope
        self.scope = self.scopes[node]
        return outer

    def visit_ListComp(self, node: Comprehension) -> ast.expr:
        first, *others = node.generators
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
