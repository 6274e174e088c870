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

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class ScopeKind(Enum):
    """What opens a scope."""

    MODULE = "module"
    FUNCTION = "function"
    LAMBDA = "lambda"
    CLASS = "class"
    COMPREHENSION = "comprehension"
    GENERATOR = "generator expression"


# What runs as part of the code around it: nobody else can run it later.
IMMEDIATE = (ScopeKind.COMPREHENSION, ScopeKind.CLASS)
INLINE_EXPRESSION = (ScopeKind.COMPREHENSION, ScopeKind.GENERATOR)


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
        while scope.kind in IMMEDIATE and scope.parent is not None:
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
