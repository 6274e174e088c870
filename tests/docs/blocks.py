"""The blocks of the pages: what stands in fences, and what the comment above each says of it.

    <!-- sample: docs/samples/counter.py -->            the block is this file, to the letter
    <!-- sample: docs/samples/bank.py :: Account, body -->  these of its definitions, in this order
    <!-- run: docs/samples/counter.py exit 1 -->        a shell session: commands after `$ `, output
    <!-- run by: tests/reports/test_reports_docs.py --> that test runs it
    <!-- shown: it installs -->                         nobody runs it, and this is why

A session runs in a folder of its page that begins empty; what `run:` names (a file, or the files of
a folder, or `-` for nothing) is copied there first. A line `...` stands for any lines of output. No
output at all is not compared. `exit 1, 0` are the codes of the block's commands; 0 is not said.
A session that readers need not see stands in the comment itself, below its first line.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
SAMPLES: Final = DOCS / "samples"
FENCE: Final = re.compile(r"(?P<indent> *)(?P<fence>```+)(?P<language>[^`]*)")
COMMENT: Final = re.compile(
    r"<!-- *(?P<kind>sample|run by|run|shown): *(?P<rest>.*?) *(?P<end>-->)?"
)
PLAIN: Final = frozenset({"", "text"})  # drawings and layouts: nothing that could run
SESSION: Final = "console"
CODE: Final = frozenset({"python", "toml", "yaml", "json", SESSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What stands in one fence of a page.

    Attributes:
        line: Of the fence, from 1.
        end: Of the closing fence.
        kind: What the comment above says first: `sample`, `run`, `run by`, `shown`; empty: none.
        rest: What the comment says after that.
    """

    page: Path
    line: int
    end: int
    language: str
    text: str
    indent: int = 0
    kind: str = ""
    rest: str = ""
    hidden: bool = False

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def pages() -> list[Path]:
    """Return all pages that readers get."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    return read_blocks(page, page.read_text("utf-8"))


def read_blocks(page: Path, text: str) -> list[Block]:
    """Return the blocks of a text, as if it stood on a page."""
    lines = text.splitlines()
    found: list[Block] = []
    comment: re.Match[str] | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = FENCE.fullmatch(line)
        said = COMMENT.fullmatch(line.strip())
        if said is not None and said["end"] is None:
            end = _next(lines, number, "-->")
            found.append(_block(page, lines, (number, end), None, said))
            number = end
        elif said is not None:
            comment = said
        elif fence is not None:
            end = _next(lines, number, fence["indent"] + fence["fence"])
            found.append(_block(page, lines, (number, end), fence["language"], comment))
            comment, number = None, end
        elif line.strip():
            comment = None
        number += 1
    return [block for block in found if not block.language.startswith("{")]


def _next(lines: list[str], start: int, wanted: str) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].rstrip() == wanted:
            return number
    raise ValueError(f"line {start + 1}: nothing ends this block; it needs a line {wanted!r}")


def _block(
    page: Path,
    lines: list[str],
    place: tuple[int, int],
    language: str | None,
    comment: re.Match[str] | None,
) -> Block:
    start, end = place
    indent = len(lines[start]) - len(lines[start].lstrip())
    return Block(
        page=page,
        line=start + 1,
        end=end + 1,
        language=SESSION if language is None else language.strip(),
        text="".join(f"{row[indent:]}\n" for row in lines[start + 1 : end]),
        indent=indent,
        kind="" if comment is None else comment["kind"],
        rest="" if comment is None else comment["rest"],
        hidden=language is None,
    )


def complaint_about(block: Block) -> str:
    """Return what is wrong with how a block is kept true; empty: nothing."""
    if block.language in PLAIN:
        if re.search(r"^(\$|>>>) ", block.text, flags=re.MULTILINE):
            return f"{block}: commands stand in a ```console block, where they are run"
        return ""
    if block.language not in CODE:
        return f"{block}: nobody knows how to keep a block of {block.language!r} true"
    allowed = {"run", "run by", "shown"} if block.language == SESSION else {"sample", "run by"}
    if block.kind not in allowed:
        return (
            f"{block}: a block of {block.language} that nobody runs; write one of "
            f"{', '.join(f'<!-- {kind}: ... -->' for kind in sorted(allowed))} above it"
        )
    return ""


def sample_text(rest: str) -> str:
    """Return what a `sample:` comment stands for: a whole file, or some of its definitions."""
    path, _, names = rest.partition(" :: ")
    source = (ROOT / path.strip()).read_text("utf-8")
    if not names:
        return source
    return "\n\n".join(_definition(source, name.strip(), path) for name in names.split(","))


def _definition(source: str, name: str, path: str) -> str:
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if _name_of(node) == name and node.end_lineno is not None:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(one.lineno for one in decorators)])
            return "".join(lines[first - 1 : node.end_lineno])
    raise LookupError(f"{path} defines no {name}")


def _name_of(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""
