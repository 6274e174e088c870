"""Which function a line belongs to, read from its source: the line of its `def` and its full name.

Neither the interpreter's own stacks in signal handlers nor `tracemalloc` say where a function
begins, and a comprehension is a function of its own on 3.11 and none from 3.12 on. The source says
both alike for every version: a comprehension belongs to the function that it stands in.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.profiling.frames import Frame

MODULE: Final = "<module>"
LAMBDA: Final = "<lambda>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function in a file; line 0 where the source could not be read."""

    file: str
    line: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    line: int  # of the `def`; decorators stand above it, from `first` on
    first: int
    last: int
    name: str
    full_name: str


class Functions:
    """Looks functions up, each file once. Belongs to one thread."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[_Span, ...] | None] = {}

    def of(self, frame: Frame) -> Function:
        """Return the function that a frame runs."""
        if frame.file not in self._files:
            self._files[frame.file] = _spans(frame.file)
        spans = self._files[frame.file]
        if spans is None:
            return Function(file=frame.file, line=0, name=frame.name or MODULE)
        if frame.name == MODULE:
            return Function(file=frame.file, line=1, name=MODULE)
        span = _innermost(spans, frame)
        if span is None:
            return Function(file=frame.file, line=1, name=frame.name or MODULE)
        return Function(file=frame.file, line=span.line, name=span.full_name)


def _innermost(spans: Sequence[_Span], frame: Frame) -> _Span | None:
    around = [span for span in spans if span.first <= frame.line <= span.last]
    # The name decides between a function and a lambda on one line; "<listcomp>" names neither, and
    # belongs to the function.
    named = [span for span in around if span.name == frame.name]
    unnamed = [span for span in around if not frame.name or span.name != LAMBDA]
    return min(named or unnamed or around, key=lambda span: span.last - span.first, default=None)


def _spans(file: str) -> tuple[_Span, ...] | None:
    try:
        tree = ast.parse(Path(file).read_bytes(), file)
    except (OSError, ValueError, SyntaxError, RecursionError):  # "<string>", a .pyc alone, no text
        return None
    return tuple(_walk(tree, ""))


def _walk(node: ast.AST, outer: str) -> Iterator[_Span]:
    for child in ast.iter_child_nodes(node):
        inner = outer
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{outer}{child.name}."
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _span(child, child.name, f"{outer}{child.name}")
        elif isinstance(child, ast.Lambda):
            yield _span(child, LAMBDA, f"{outer}{LAMBDA}")
        yield from _walk(child, inner)


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, name: str, full: str) -> _Span:
    above = () if isinstance(node, ast.Lambda) else node.decorator_list
    return _Span(
        line=node.lineno,
        first=min((node.lineno, *(one.lineno for one in above))),
        last=node.end_lineno or node.lineno,
        name=name,
        full_name=full,
    )


def place_of(function: Function, *, roots: Sequence[str]) -> str:
    """Return a function as "pkg/file.py:12 name", the file as seen from a root it lies in."""
    line = f":{function.line}" if function.line else ""
    return f"{short_file(function.file, roots=roots)}{line} {function.name}"


def short_file(file: str, *, roots: Sequence[str]) -> str:
    """Return a file's path from the nearest root above it, or its name if there is none.

    A whole path would tell whose machine it was, and differ from the next one's.
    """
    if file.startswith("<"):
        return file
    path = Path(file)
    above = [Path(root) for root in roots if root and path.is_relative_to(root)]
    if not above:
        return path.name
    return path.relative_to(max(above, key=lambda one: len(one.parts))).as_posix()


def usual_roots() -> tuple[str, ...]:
    """Return the folders that paths are told from: where the user stands, and the import path."""
    return (str(Path.cwd()), *sys.path)
