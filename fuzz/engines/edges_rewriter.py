"""Rewrites source so that each arm of a branch says that it was reached.

Two passes over the tree. The first marks the author's own branches with statements that do nothing
(`pass`, `None or ...`) and remember their place; the second turns the marks into counting. Between
the two the harness may make accesses visible: it leaves the marks alone, so that counting is never
an access, and its own branches are never counted.

Arms: functions, both sides of `if` and `... if ... else ...`, bodies of loops, handlers, cases, the
later operands of `and` and `or`, elements of comprehensions with conditions. Line numbers stay; a
traceback shows the author's lines.
"""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING, Final

from fuzz.engines.edges import NEXT, REACHED, place_number
from fuzz.engines.edges_compares import as_heard, mark_comparisons

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from fuzz.engines.edges import CodeMap

_PLACE: Final = "holdfast_place"
_KIND: Final = "holdfast_kind"
_ENTRY: Final = "entry"  # of a function, or of a module
_HASH_BYTES: Final = 6
Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
Placed = ast.stmt | ast.expr


def covered_code(  # noqa: PLR0913  # the source, where it is from, and three ways to treat it
    source: bytes | str,
    path: str,
    *,
    module: str,
    into: CodeMap,
    compares: bool = True,
    between: Callable[[ast.Module], ast.Module] = lambda tree: tree,
) -> CodeType:
    """Return the code of a module that counts into a map.

    Args:
        path: The file's name, for tracebacks.
        compares: Operands of comparisons can be listened to.
        between: What else rewrites the tree; it sees the author's code and marks that do nothing.

    Raises:
        SyntaxError: The source does not compile.
    """
    tree = ast.parse(source, path)
    # What the compiler alone refuses is refused in the author's words, not in ours.
    compile(source, path, "exec", dont_inherit=True)
    _Marker(module).visit(tree)
    if compares:
        mark_comparisons(tree)
    tree = between(tree)
    tree = _Counter(into).visit(tree)
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _Marker(ast.NodeTransformer):
    """Marks the arms of the author's branches."""

    def __init__(self, module: str) -> None:
        self._module = module

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        first = 1 if ast.get_docstring(node, clean=False) is not None else 0
        while first < len(node.body) and _is_future(node.body[first]):
            first += 1
        if first < len(node.body):
            node.body.insert(first, self._mark(node.body[first], _ENTRY))
        return node

    def visit_FunctionDef(self, node: Function) -> ast.AST:
        self.generic_visit(node)
        first = 1 if ast.get_docstring(node, clean=False) is not None else 0
        # A function of a docstring alone gets a second statement.
        at = node.body[first] if first < len(node.body) else node.body[-1]
        node.body.insert(first, self._mark(at, _ENTRY))
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        node.body = self._marked(node.body, _ENTRY)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        other = self._mark(node.orelse[0] if node.orelse else node, "else")
        node.body.insert(0, self._mark(node.body[0], "then"))
        node.orelse.insert(0, other)
        return node

    def visit_For(self, node: Loop) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, self._mark(node.body[0], "turn"))
        if node.orelse:
            node.orelse.insert(0, self._mark(node.orelse[0], "else"))
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self.visit_For(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self.visit_For(node)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> ast.AST:
        self.generic_visit(node)
        for handler in node.handlers:
            handler.body.insert(0, self._mark(handler.body[0], "handler"))
        if node.orelse:
            node.orelse.insert(0, self._mark(node.orelse[0], "else"))
        return node

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        return self.visit_Try(node)

    def visit_Match(self, node: ast.Match) -> ast.AST:
        self.generic_visit(node)
        for case in node.cases:
            case.body.insert(0, self._mark(case.body[0], "case"))
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        node.body = self._marked(node.body, "then")
        node.orelse = self._marked(node.orelse, "else")
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.values[1:] = [self._marked(value, "operand") for value in node.values[1:]]
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        # `x for x in xs if c` becomes `... if c if (mark, True)`: only what passes is counted.
        if node.ifs:
            last = node.ifs[-1]
            passed = ast.copy_location(ast.Constant(value=True), last)
            node.ifs.append(self._marked(passed, "element"))
        return node

    def _mark(self, at: Placed, kind: str) -> ast.stmt:
        mark = ast.copy_location(ast.Pass(), at)
        setattr(mark, _PLACE, self._place(at, kind))
        setattr(mark, _KIND, kind)
        return mark

    def _marked(self, value: ast.expr, kind: str) -> ast.expr:
        mark = ast.copy_location(ast.Constant(value=None), value)
        setattr(mark, _PLACE, self._place(value, kind))
        setattr(mark, _KIND, kind)
        return ast.copy_location(ast.BoolOp(op=ast.Or(), values=[mark, value]), value)

    def _place(self, at: Placed, kind: str) -> int:
        where = f"{self._module}:{at.lineno}:{at.col_offset}:{kind}"
        digest = hashlib.blake2b(where.encode(), digest_size=_HASH_BYTES).digest()
        return place_number(int.from_bytes(digest, "little"))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


class _Counter(ast.NodeTransformer):
    """Turns marks into counting, and marked comparisons into ones that can be listened to."""

    def __init__(self, into: CodeMap) -> None:
        self._into = into
        self._times = into.new_module().name

    def visit_Pass(self, node: ast.Pass) -> ast.AST:
        place = getattr(node, _PLACE, None)
        if place is None:
            return node
        if getattr(node, _KIND) == _ENTRY:
            return ast.copy_location(ast.Expr(self._reached(self._into.new_entry(place))), node)
        return ast.copy_location(self._counted(self._into.new_arm(place)), node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        place = getattr(node, _PLACE, None)
        if place is None:
            return node
        entry = getattr(node, _KIND) == _ENTRY
        noted = self._into.new_entry(place) if entry else self._into.new_place(place)
        return ast.copy_location(self._reached(noted), node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        return as_heard(node)

    def _reached(self, place: int) -> ast.expr:
        name = ast.Name(id=REACHED, ctx=ast.Load())
        return ast.Call(name, [ast.Constant(place)], [])

    def _counted(self, index: int) -> ast.stmt:
        """Return `times[index] = next[times[index]]`: elements of lists, no call."""
        times = ast.Name(id=self._times, ctx=ast.Load())
        number = ast.Constant(index)
        count = ast.Subscript(value=times, slice=number, ctx=ast.Load())
        after = ast.Subscript(value=ast.Name(id=NEXT, ctx=ast.Load()), slice=count, ctx=ast.Load())
        place = ast.Subscript(value=times, slice=number, ctx=ast.Store())
        return ast.Assign(targets=[place], value=after)
