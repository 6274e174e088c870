"""What a program compares its input with: operands, listened to now and then.

A check against a magic value is met by chance once in 2**32 inputs. But where one operand stands in
the input as it is, the other can be put in its place: input-to-state correspondence (Aschermann and
others, "REDQUEEN", NDSS 2019). A marked comparison becomes

    compared("==", left, right) if comparing else left == right

so that it costs a look at a variable as long as nobody listens.
"""

from __future__ import annotations

import ast
import builtins
import operator
from typing import Any, Final

COMPARING: Final = "__hfc_comparing__"
COMPARED: Final = "__hfc_compared__"
METHOD: Final = "__hfc_method__"
SUBJECT: Final = "__hfc_subject_of__"
MOST_PAIRS: Final = 400  # of one input; a loop compares without end
MOST_MEMBERS: Final = 64  # of a container that `in` looks into
LONGEST: Final = 256  # bytes or letters of an operand
_MARK: Final = "holdfast_compare"
_OPERATORS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_FUNCTIONS: Final[dict[str, Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "in": lambda one, many: one in many,
    "not in": lambda one, many: one not in many,
}  # fmt: skip
_METHODS: Final = frozenset(
    ["startswith", "endswith", "find", "index", "removeprefix", "removesuffix", "partition", "get"]
)
# Duplicated operands are compiled twice: what nests would double with each level.
_NOT_TWICE: Final = (
    ast.Compare, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await,
)  # fmt: skip

Operand = bytes | str | int
Pair = tuple[Operand, Operand]


def mark_comparisons(tree: ast.AST) -> None:
    """Mark what can be listened to in the author's tree."""
    for node in ast.walk(tree):
        if _is_simple(node):
            setattr(node, _MARK, True)


def _is_simple(node: ast.AST) -> bool:
    parts: list[ast.expr]
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            parts = [left, right]
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[first], keywords=[]):
            if name not in _METHODS:
                return False
            parts = [value, first]
        case ast.Match():
            return True
        case _:
            return False
    return not any(isinstance(inner, _NOT_TWICE) for one in parts for inner in ast.walk(one))


def as_heard(node: ast.AST) -> ast.AST:
    """Return what stands for a marked node in the end; the node itself if it is not marked."""
    if not hasattr(node, _MARK):
        return node
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _either(node, COMPARED, [ast.Constant(_OPERATORS[type(op)]), left, right])
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[first], keywords=[]):
            return _either(node, METHOD, [ast.Constant(name), value, first])
        case ast.Match():
            values = _pattern_values(node)
            if values:
                told = [node.subject, ast.Tuple(values, ast.Load())]
                node.subject = _either(node.subject, SUBJECT, told)
        case _:
            pass  # the harness made something else of it
    return node


def _either(plain: ast.expr, function: str, arguments: list[ast.expr]) -> ast.expr:
    call = ast.Call(ast.Name(id=function, ctx=ast.Load()), arguments, [])
    test = ast.Name(id=COMPARING, ctx=ast.Load())
    return ast.copy_location(ast.IfExp(test=test, body=call, orelse=plain), plain)


def _pattern_values(node: ast.Match) -> list[ast.expr]:
    return [
        one.value
        for case in node.cases
        for one in ast.walk(case.pattern)
        if isinstance(one, ast.MatchValue) and isinstance(one.value, ast.Constant)
    ]


class CompareLog:
    """The pairs of operands that one input led to. One at a time per process."""

    def __init__(self) -> None:
        self._pairs: dict[Pair, None] = {}
        setattr(builtins, COMPARING, False)
        setattr(builtins, COMPARED, self._compared)
        setattr(builtins, METHOD, self._method)
        setattr(builtins, SUBJECT, self._subject)

    def __enter__(self) -> CompareLog:  # noqa: PYI034  # final in effect
        self._pairs.clear()
        setattr(builtins, COMPARING, True)
        return self

    def __exit__(self, *_exc: object) -> None:
        setattr(builtins, COMPARING, False)

    def pairs(self) -> list[Pair]:
        """Return the pairs of unlike operands since it was entered, in order, each once."""
        return list(self._pairs)

    def _compared(self, op: str, left: Any, right: Any) -> Any:  # noqa: ANN401  # any operands
        if op in ("in", "not in") and not isinstance(right, bytes | str | bytearray):
            self._note_members(left, right)
        else:
            self._note(left, right)
        return _FUNCTIONS[op](left, right)

    def _method(self, name: str, value: Any, first: Any) -> Any:  # noqa: ANN401  # as above
        if type(value) is dict:
            self._note_members(first, value)
        elif isinstance(value, bytes | str | bytearray):
            for one in first if type(first) is tuple else (first,):
                self._note(value[: len(one)] if name == "startswith" else value, one)
        return getattr(value, name)(first)

    def _subject(self, subject: Any, values: tuple[Any, ...]) -> Any:  # noqa: ANN401  # as above
        self._note_members(subject, values)
        return subject

    def _note_members(self, one: object, many: object) -> None:
        if type(many) in (tuple, list, set, frozenset, dict) and len(many) <= MOST_MEMBERS:  # type: ignore[arg-type]  # a container
            # Sorted, since the order of a set differs between processes.
            for member in sorted(many, key=repr):  # type: ignore[call-overload]  # as above
                self._note(one, member)

    def _note(self, left: object, right: object) -> None:
        if len(self._pairs) >= MOST_PAIRS:
            return
        one, other = _operand(left), _operand(right)
        if one is not None and other is not None and one != other:
            self._pairs[one, other] = None


def _operand(value: object) -> Operand | None:
    """Return an operand that can stand in an input; None for one that cannot."""
    if type(value) is int:
        return value if value.bit_length() <= LONGEST else None
    if type(value) is bytearray:
        value = bytes(value)
    if type(value) is bytes or type(value) is str:
        return value[:LONGEST]
    return None
