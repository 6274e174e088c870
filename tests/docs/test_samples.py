"""Every block of the README and the pages is a file, or is run, and shows what it really prints."""

from __future__ import annotations

import re
from difflib import unified_diff
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import (
    ROOT,
    SAMPLES,
    SESSION,
    Block,
    blocks_of,
    complaint_about,
    pages,
    sample_text,
)
from tests.docs.sessions import agrees, exchanges_of, lay_out, normal, place_of, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PAGES = pages()
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
SESSIONS = [block for block in BLOCKS if block.kind == "run" and block.language == SESSION]
# pytest finds the first two by itself, and only CI runs the third: its commands are checked.
NAMED_BY_NOBODY = {"pyproject.toml", "conftest.py", "holdfast.yml"}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_block_is_without_what_keeps_it_true(page: Path) -> None:
    complaints = [complaint_about(block) for block in blocks_of(page)]
    assert [one for one in complaints if one] == []


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.kind == "sample"], ids=str)
def test_the_page_shows_the_sample_to_the_letter(block: Block) -> None:
    assert block.text == sample_text(block.rest), (
        f"{block} and {block.rest} differ; python -m tests.docs {name_of(block.page)}"
    )


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.kind == "run by"], ids=str)
def test_the_test_that_runs_a_block_reads_its_page(block: Block) -> None:
    assert block.page.name in (ROOT / block.rest).read_text("utf-8")


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.kind == "shown"], ids=str)
def test_a_block_that_nobody_runs_says_why(block: Block) -> None:
    assert len(block.rest.split()) > 1


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({block.page for block in SESSIONS}), ids=name_of)
def test_the_sessions_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    for block in SESSIONS:
        if block.page == page:
            check_session(block, tmp_path)


def check_session(block: Block, where: Path) -> None:
    lay_out(block, where)
    for exchange in exchanges_of(block):
        answer = run(exchange.command, where)
        printed = "\n".join(answer.output)
        if answer.code != exchange.code:
            pytest.fail(
                f"{block}: $ {exchange.command}\nexits {answer.code}\n{printed}", pytrace=False
            )
        if exchange.shown and not agrees(exchange.shown, answer.output):
            pytest.fail(
                f"{block}: $ {exchange.command}\n{difference(exchange.shown, answer.output)}\n"
                f"python -m tests.docs {name_of(block.page)} writes down what is printed",
                pytrace=False,
            )


def difference(shown: Sequence[str], printed: Sequence[str]) -> str:
    """Return what the page shows and the command does not print, and the other way round."""
    was, now = [normal(line) for line in shown], [normal(line) for line in printed]
    return "\n".join(unified_diff(was, now, "the page", "the command", n=1, lineterm=""))


def test_every_sample_is_run() -> None:
    files = {path for path in SAMPLES.rglob("*") if path.is_file() and is_source(path)}
    left = {path for path in files - files_run(SESSIONS) if path.name not in NAMED_BY_NOBODY}
    assert sorted(name_of(path) for path in left) == []


def is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix != ".pyc"


def files_run(sessions: Iterable[Block]) -> set[Path]:
    """Return the files whose name stands in a command of a session, or in a file that does."""
    found: set[Path] = set()
    laid: dict[tuple[Path, str], Path] = {}  # what lies in the folder of a page, and where from
    for block in sessions:
        place = place_of(block)
        for path in [] if place is None else files_below(place):
            laid[block.page, path.name] = path
        here = {path for (page, _), path in laid.items() if page == block.page}
        used = {path for path in here if path.name in NAMED_BY_NOBODY}
        words = " ".join(exchange.command for exchange in exchanges_of(block))
        while new := {path for path in here - used if names(words, path)}:
            used |= new
            words += " ".join(path.read_text("utf-8") for path in new)
        found |= used
    return found


def files_below(place: Path) -> list[Path]:
    return [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]


def names(words: str, path: Path) -> bool:
    return re.search(rf"\b{re.escape(path.stem)}\b", words) is not None
