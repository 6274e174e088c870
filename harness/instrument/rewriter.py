"""Turns Python source into code whose shared accesses are visible."""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.instrument.errors import BadSourceError
from harness.instrument.scope_reader import analyse
from harness.instrument.shortcuts import without_shortcuts
from harness.instrument.statements import StatementRewriter

if TYPE_CHECKING:
    from types import CodeType

_TOO_DEEP: Final = "it nests too deeply"


@functools.cache
def rewriter_fingerprint() -> str:
    """Return a few characters that differ whenever this package would rewrite differently.

    Part of every cache key; a number that somebody must remember to raise would be forgotten.
    """
    digest = hashlib.blake2b(digest_size=6)
    for part in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(part.read_bytes())
    return digest.hexdigest()


def rewrite_tree(tree: ast.Module, *, module_name: str) -> ast.Module:
    """Return `tree`, changed in place, with a hook before each shared access.

    Run it after pytest's assertion rewriting, not before: pytest explains the expressions it
    finds, and a reader wants the ones in the file.

    Args:
        module_name: For the error when the tree cannot be analysed.

    Raises:
        BadSourceError: The tree nests too deeply to be walked.
    """
    try:
        rewritten = StatementRewriter(analyse(tree), tree).module(tree)
        _end_where_it_starts(rewritten)
        return ast.fix_missing_locations(rewritten)
    except (RecursionError, MemoryError) as error:
        raise BadSourceError(module_name, SyntaxError(_TOO_DEEP)) from error


def _end_where_it_starts(tree: ast.Module) -> None:
    """Give an end to nodes that only have a start, as pytest makes them."""
    for node in ast.walk(tree):
        if getattr(node, "lineno", None) is not None and getattr(node, "end_lineno", None) is None:
            node.end_lineno = node.lineno  # type: ignore[attr-defined]  # nodes with a place have both
            node.end_col_offset = node.col_offset  # type: ignore[attr-defined]  # as above


def compile_instrumented(
    source: bytes | str, filename: str, *, module_name: str, shortcuts: bool = True
) -> CodeType:
    """Return the code of a module with a hook before each shared access.

    Args:
        module_name: For errors.
        shortcuts: Leave hooks out, by a branch, where nobody else can run.

    Raises:
        BadSourceError: The source does not compile.
    """
    try:
        tree = ast.parse(source, filename)
        # What the compiler alone refuses, such as `return` outside a function, must be refused
        # in the words it has for the author's code, not for ours.
        compile(source, filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise BadSourceError(module_name, as_syntax_error(error)) from error
    except (RecursionError, MemoryError) as error:
        raise BadSourceError(module_name, SyntaxError(_TOO_DEEP)) from error
    rewrite_tree(tree, module_name=module_name)
    if not shortcuts:
        without_shortcuts(tree)
    return compile_rewritten(tree, filename, module_name=module_name)


def compile_rewritten(tree: ast.Module, filename: str, *, module_name: str) -> CodeType:
    """Return the code of a rewritten tree.

    Raises:
        BadSourceError: The rewritten tree nests too deeply for the compiler.
    """
    try:
        return compile(tree, filename, "exec", dont_inherit=True)
    except (RecursionError, MemoryError) as error:
        raise BadSourceError(module_name, SyntaxError(_TOO_DEEP)) from error


def as_syntax_error(error: SyntaxError | ValueError) -> SyntaxError:
    """Return the error of a parser, which has a second kind for null bytes."""
    return error if isinstance(error, SyntaxError) else SyntaxError(str(error))
