"""`python -m tests.docs [PAGE...]`: run the sessions of the pages and write down what they print.

Samples are copied into the pages, too. A session whose output still agrees is left as it is, and
one that leaves lines out (`...`) and no longer agrees is named, to be mended by hand.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.blocks import ROOT, SESSION, blocks_of, pages, sample_text
from tests.docs.sessions import ANYTHING, PROMPT, agrees, exchanges_of, lay_out, run

if TYPE_CHECKING:
    from tests.docs.blocks import Block

TOKEN = re.compile(r"hf2\.[\w-]+")


def main(names: list[str]) -> None:
    """Write the pages named, or all."""
    for page in [ROOT / name for name in names] or pages():
        write(page)


def write(page: Path) -> None:
    """Bring one page up to date."""
    lines = page.read_text("utf-8").splitlines()
    new: list[tuple[Block, list[str]]] = []
    tokens: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for block in blocks_of(page):
            if block.kind == "sample":
                new.append((block, sample_text(block.rest).splitlines()))
            elif block.kind == "run" and block.language == SESSION:
                new.append((block, _session(block, Path(folder), tokens)))
    for block, text in reversed(new):
        indent = " " * block.indent
        lines[block.line : block.end - 1] = [f"{indent}{row}".rstrip() for row in text]
    page.write_text("\n".join(lines) + "\n", "utf-8")


def _session(block: Block, where: Path, tokens: dict[str, str]) -> list[str]:
    lay_out(block, where)
    text: list[str] = []
    exchanges = exchanges_of(block)
    for exchange in exchanges:
        command = TOKEN.sub(lambda found: tokens.get(found[0], found[0]), exchange.command)
        answer = run(command, where)
        text.append(f"{PROMPT}{command}")
        shown = list(exchange.shown)
        if answer.code != exchange.code:
            tell(f"{block}: {command} exited {answer.code}, not {exchange.code}:", *answer.output)
        elif shown and not agrees(exchange.shown, answer.output):
            if ANYTHING in shown:
                tell(f"{block}: {command} prints something else:", *answer.output)
            else:
                old, made = TOKEN.findall("\n".join(shown)), TOKEN.findall("\n".join(answer.output))
                tokens.update(zip(old, made, strict=False))
                shown = list(answer.output)
        text += [*shown, ""] if shown and exchange is not exchanges[-1] else shown
    return text


def tell(*lines: str) -> None:
    """Say what has to be done by hand."""
    sys.stdout.write("\n  | ".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
