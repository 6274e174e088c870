"""Takes the shortcuts out of rewritten code, for tools that count its branches.

A hook is left out while nobody else can run: `(x if __hf_alone__ else __hf_read__(x, "n")).n`. To a
fuzzer that is a branch of the code like any other, and which of the two sides runs says nothing of
the input. The hooks look for themselves whether anybody else can run, so nothing else changes.
"""

from __future__ import annotations

import ast

from harness.instrument.hook_names import ALONE


class _Straightener(ast.NodeTransformer):
    """Puts the second side of each shortcut in its place."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # as ast names it
        self.generic_visit(node)
        is_ours = isinstance(node.test, ast.Name) and node.test.id == ALONE
        return node.orelse if is_ours else node


def without_shortcuts(tree: ast.Module) -> ast.Module:
    """Return a rewritten tree, changed in place, in which every hook is called always."""
    straight: ast.Module = _Straightener().visit(tree)
    return straight
