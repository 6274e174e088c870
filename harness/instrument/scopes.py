"""Which variables of a module several threads can reach.

A local that no nested function captures belongs to one call and needs no record; neither does a
variable that is never written once a closure or another thread can see it. The others do. Python's
own `symtable` reads source only, and pytest hands over a tree that it has already changed, so the
analysis is ours.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import Enum

from harness.instrument.hook_names import mangle

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


_FRESH_CONTAINERS = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
# Methods of containers whose result is neither the container nor a view of it.
KEEPING_METHODS = frozenset(
    "append appendleft add insert extend update remove discard pop popitem clear sort reverse "
    "index count get setdefault copy".split()
)


class ScopeKind(Enum):
    """What opens a scope."""

    MODULE = "module"
    FUNCTION = "function"
    LAMBDA = "lambda"
    CLASS = "class"
    COMPREHENSION = "comprehension"
    GENERATOR = "generator expression"


# What runs as part of the code around it: nobody else can run it later.
_IMMEDIATE = (ScopeKind.COMPREHENSION, ScopeKind.CLASS)
_INLINE_EXPRESSION = (ScopeKind.COMPREHENSION, ScopeKind.GENERATOR)


class Reach(Enum):
    """How far a variable reaches, as seen from one use of it."""

    LOCAL = "nobody else can change it"
    CELL = "a closure shares it and it changes"
    GLOBAL = "the module shares it and it changes"
    SETTLED_GLOBAL = "the module binds it once, other modules may still assign it"


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the text: its rank in reading order, and the loops around it."""

    rank: int
    loops: tuple[int, ...]


@dataclass(slots=True)
class Scope:
    """The names of one scope. Filled by `analyse`, then only read."""

    kind: ScopeKind
    parent: Scope | None
    class_name: str | None
    opened: Moment
    bindings: dict[str, list[Moment]] = field(default_factory=dict)
    data: set[str] = field(default_factory=set)  # bound by something else than def, class, import
    declared_global: set[str] = field(default_factory=set)
    declared_nonlocal: set[str] = field(default_factory=set)
    captures: dict[str, list[Moment]] = field(default_factory=dict)
    written_from_inside: set[str] = field(default_factory=set)
    uses: list[tuple[str, Moment]] = field(default_factory=list)
    escaping: set[str] = field(default_factory=set)  # used in a way that may hand the object on
    foreign: set[str] = field(default_factory=set)  # bound to something that others may hold

    def function(self) -> Scope:
        """Return the scope that runs this one's code as part of its own."""
        scope = self
        while scope.kind in _IMMEDIATE and scope.parent is not None:
            scope = scope.parent
        return scope

    def owner(self, name: str) -> Scope | None:
        """Return the function scope that owns `name` as seen from here; None for a global."""
        scope: Scope | None = self
        while scope is not None and scope.kind is not ScopeKind.MODULE:
            if name in scope.declared_global:
                return None
            visible = scope.kind is not ScopeKind.CLASS or scope is self
            if visible and name in scope.bindings and name not in scope.declared_nonlocal:
                return scope
            scope = scope.parent
        return None

    def module(self) -> Scope:
        """Return the outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def changes_after_capture(self, name: str) -> bool:
        """Say if a closure over `name` can see it change."""
        captures = self.captures.get(name)
        if not captures or self.kind is not ScopeKind.FUNCTION:
            return False
        if name in self.written_from_inside:
            return True
        first = min(moment.rank for moment in captures)
        repeated = {loop for moment in captures for loop in moment.loops}
        return any(
            moment.rank > first or not repeated.isdisjoint(moment.loops)
            for moment in self.bindings[name]
        )

    def is_private(self, name: str) -> bool:
        """Say if `name` holds a fresh container here that nobody else ever gets hold of.

        The list of threads that a test starts and joins is the usual one.
        """
        owner = self.owner(name)
        if owner is None or owner is not self.function() or owner.kind is not ScopeKind.FUNCTION:
            return False
        known = owner.bindings[name] and name not in owner.captures
        return bool(known) and name not in owner.foreign and name not in owner.escaping

    def reach(self, name: str) -> Reach:
        """Return how far the variable called `name` (mangled) reaches from here."""
        owner = self.owner(name)
        if owner is None:
            return self.module().reach_of_global(name)
        return Reach.CELL if owner.changes_after_capture(name) else Reach.LOCAL

    def reach_of_global(self, name: str) -> Reach:
        """Return how far a module's own variable reaches."""
        if name in self.written_from_inside:
            return Reach.GLOBAL
        if name not in self.data or (name.startswith("__") and name.endswith("__")):
            return Reach.LOCAL  # a builtin, a function, a class, an import
        moments = self.bindings[name]
        settled = len(moments) == 1 and not moments[0].loops
        return Reach.SETTLED_GLOBAL if settled else Reach.GLOBAL

    def shared_cells(self) -> list[str]:
        """Return the variables of this scope that need a marker, in a fixed order."""
        return sorted(name for name in self.bindings if self._is_shared_cell(name))

    def _is_shared_cell(self, name: str) -> bool:
        foreign = name in self.declared_global or name in self.declared_nonlocal
        return not foreign and self.changes_after_capture(name)


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
        if scope.kind not in _IMMEDIATE:
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

    # -- names ---------------------------------------------------------------------------------

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
        while self._scope.kind in _INLINE_EXPRESSION and self._scope.parent is not None:
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

    # -- uses that keep an object where it is ----------------------------------------------------

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

    # -- loops ---------------------------------------------------------------------------------

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

    # -- scopes --------------------------------------------------------------------------------

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
