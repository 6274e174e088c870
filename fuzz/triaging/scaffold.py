"""Writes the file of a new target, and names it in the project's file."""

from __future__ import annotations

import ast
import keyword
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.catalogue import TARGETS, target_names
from fuzz.errors import ProjectFileError
from fuzz.triaging.crash_store import write_durably
from fuzz.triaging.errors import NewTargetError
from fuzz.triaging.scaffold_text import TargetKind, target_text
from harness import errors
from harness.project_file import find_project_file, parsed, project_text, table_in

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_FOLDER: Final = Path("fuzz_targets")
TABLE: Final = "tool.holdfast.fuzz"
_HEADER: Final = re.compile(r"^\s*\[")
_TEXT_NAMES: Final = frozenset({"text", "source", "string", "s", "line"})
_BYTES_NAMES: Final = frozenset({"data", "raw", "payload", "buffer", "packet", "frame"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTarget:
    """What was written.

    Attributes:
        place: `module:NAME`, by which it is found even if it is not registered.
        project: The project's file that names it now; None if there is none, or if it could not be
            edited without touching its form.
        lines: What to write into a project's file by hand, if `project` is None.
    """

    name: str
    path: Path
    place: str
    project: Path | None
    lines: str


def add_target(
    name: str,
    *,
    kind: TargetKind = TargetKind.BYTES,
    module: str | None = None,
    folder: Path = DEFAULT_FOLDER,
) -> AddedTarget:
    """Write a target that runs at once, into `folder`/`name`.py, and register it.

    Args:
        name: Of the target; a name of Python.
        module: What is to be fuzzed: `package.module`. It is not imported.
        folder: Relative to where one stands: below it modules are imported by their path.

    Raises:
        NewTargetError: The name cannot be one, or is taken, or the file is there already.
        ProjectFileError: The project's file is not readable; nothing was written.
    """
    _check(name, module, folder)
    path = folder / f"{name}.py"
    place = f"{'.'.join(folder.parts)}.{name}:{name}"
    if path.exists():
        raise NewTargetError(name, f"{path} is there already, and is not overwritten")
    if name in target_names():
        raise NewTargetError(name, "another target goes by that name")
    project = find_project_file(Path.cwd())
    edited = None if project is None else registered(project, name, place)
    call = "" if module is None or kind is not TargetKind.BYTES else _call_of(module)
    text = target_text(name, kind, place=place, file=path.as_posix(), module=module, call=call)
    write_durably(path, text.encode())
    if project is not None and edited is not None:
        write_durably(project, edited.encode())
    return AddedTarget(
        name=name,
        path=path,
        place=place,
        project=project if edited is not None else None,
        lines=f'[{TABLE}.targets]\n{name} = "{place}"',
    )


def _check(name: str, module: str | None, folder: Path) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise NewTargetError(name, "it takes a name of Python: letters, digits and underscores")
    if module is not None and not all(part.isidentifier() for part in module.split(".")):
        raise NewTargetError(name, f"--module takes package.module, got {module!r}")
    if folder.is_absolute() or not all(part.isidentifier() for part in folder.parts):
        raise NewTargetError(
            name, f"its folder has to be one from which Python imports, got {folder}"
        )


def registered(project: Path, name: str, place: str) -> str | None:
    """Return the project file's text with the target in it, every other character as it was.

    None if there is no place for it that leaves the rest alone.

    Raises:
        ProjectFileError: It cannot be read.
        NewTargetError: It holds the name already.
    """
    try:
        text = project_text(project)
        before = parsed(text, project)
        table_in(before, TARGETS, project)
    except errors.ProjectFileError as error:
        raise ProjectFileError(project, error.problem) from error
    wanted = _with_target(before, name, place)
    if wanted is None:
        raise NewTargetError(name, f"{project} names it already")
    for edited in _edits(text, name, place):
        try:
            if tomllib.loads(edited) == wanted:
                return edited
        except tomllib.TOMLDecodeError:
            continue
    return None


def _with_target(data: dict[str, Any], name: str, place: str) -> dict[str, Any] | None:
    """Return a copy of the document with the target; None if it is there."""
    tool = data.get("tool", {})
    holdfast = tool.get("holdfast", {})
    fuzz = holdfast.get("fuzz", {})
    targets = fuzz.get("targets", {})
    if name in targets:
        return None
    fuzz = {**fuzz, "targets": {**targets, name: place}}
    return {**data, "tool": {**tool, "holdfast": {**holdfast, "fuzz": fuzz}}}


def _edits(text: str, name: str, place: str) -> Iterator[str]:
    """Yield edits, the most fitting first; which of them means the right thing is then tried."""
    end = "\r\n" if "\r\n" in text else "\n"
    entry = f'{name} = "{place}"'
    lines = text.splitlines(keepends=True)
    for number in _table(lines, f"{TABLE}.targets"):
        yield "".join([*lines[:number], entry + end, *lines[number:]])
    for number in _table(lines, TABLE):
        for at in range(number):
            inline = re.match(r"(\s*targets\s*=\s*\{)(.*)(\}\s*(?:#.*)?\s*)$", lines[at], re.DOTALL)
            if inline is not None:
                held = inline[2].rstrip().rstrip(",")
                comma = "," if held.strip() else ""
                grown = f"{inline[1]}{held}{comma} {entry} {inline[3]}"
                yield "".join([*lines[:at], grown, *lines[at + 1 :]])
        yield "".join([*lines[:number], f"targets.{entry}{end}", *lines[number:]])
    whole = text if not text or text.endswith("\n") else text + end
    yield f"{whole}{end}[{TABLE}.targets]{end}{entry}{end}"


def _table(lines: list[str], title: str) -> Iterator[int]:
    """Yield the number of the line behind the last entry of a table, if the file has that table."""
    header = re.compile(rf"^\s*\[\s*{re.escape(title)}\s*\]")
    for start, line in enumerate(lines):
        if not header.match(line):
            continue
        end = start + 1
        for at in range(start + 1, len(lines)):
            if _HEADER.match(lines[at]):
                break
            if lines[at].strip() and not lines[at].lstrip().startswith("#"):
                end = at + 1
        if not lines[end - 1].endswith("\n"):
            lines[end - 1] += "\n"
        yield end


def _call_of(module: str) -> str:
    """Return a call of the first public function of a module that takes bytes or a text.

    Read from its source: the module is never imported.
    """
    relative = Path(*module.split("."))
    for root in (Path(), Path("src")):
        for file in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
            if file.is_file():
                return _call_in(file, module)
    return ""


def _call_in(file: Path, module: str) -> str:
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            argument = _argument_of(node)
            if argument:
                return f"{module}.{node.name}({argument})"
    return ""


def _argument_of(function: ast.FunctionDef) -> str:
    arguments = function.args.posonlyargs + function.args.args
    needed = len(arguments) - len(function.args.defaults)
    needs_more = any(default is None for default in function.args.kw_defaults)
    if not arguments or needed > 1 or needs_more:
        return ""
    first = arguments[0]
    annotation = ast.unparse(first.annotation).strip("\"'") if first.annotation else ""
    if "bytes" in annotation or (not annotation and first.arg in _BYTES_NAMES):
        return "data"
    if annotation == "str" or (not annotation and first.arg in _TEXT_NAMES):
        return 'data.decode("utf-8", "replace")'
    return ""
