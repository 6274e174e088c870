"""The checks of the pages see what they are there for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import ROOT, SAMPLES, Block, complaint_about, read_blocks, sample_text
from tests.docs.sessions import agrees, exchanges_of
from tests.docs.test_samples import check_session, files_run

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "page.md"


def only(text: str) -> Block:
    (block,) = read_blocks(PAGE, text)
    return block


@pytest.mark.parametrize("language", ["python", "console", "toml", "yaml", "json"])
def test_a_block_without_a_comment_is_refused(language: str) -> None:
    block = only(f"Words.\n\n```{language}\nx = 1\n```\n")
    assert "docs/page.md:3: a block" in complaint_about(block)


def test_a_comment_counts_only_right_above_its_block() -> None:
    block = only("<!-- sample: docs/samples/counter.py -->\n\nWords.\n\n```python\nx = 1\n```\n")
    assert complaint_about(block)


@pytest.mark.parametrize("language", ["pycon", "bash", "sh", "shell", "py"])
def test_a_language_that_nobody_checks_is_refused(language: str) -> None:
    assert "nobody knows" in complaint_about(only(f"```{language}\nx = 1\n```\n"))


def test_commands_do_not_hide_in_plain_blocks() -> None:
    assert "console" in complaint_about(only("```text\n$ holdfast explore a:b\n```\n"))
    assert "console" in complaint_about(only("```\n>>> 1 + 1\n```\n"))
    assert complaint_about(only("```text\na drawing\n```\n")) == ""


def test_python_cannot_be_declared_as_shown_only() -> None:
    assert complaint_about(only("<!-- shown: because I say so -->\n```python\nx = 1\n```\n"))


def test_a_block_that_does_not_end_is_told() -> None:
    with pytest.raises(ValueError, match="line 1: nothing ends this block"):
        read_blocks(PAGE, "```python\nx = 1\n")


def test_a_sample_is_one_definition_if_the_page_names_one() -> None:
    shown = sample_text("docs/samples/test_transfer.py :: transfer")
    assert shown.startswith("def transfer(")
    assert "class Account" not in shown
    with pytest.raises(LookupError, match="defines no Missing"):
        sample_text("docs/samples/test_transfer.py :: Missing")


def session(text: str, *, comment: str = "run: - ") -> Block:
    return only(f"<!-- {comment} -->\n```console\n{text}```\n")


def test_another_output_than_the_page_shows_is_seen(tmp_path: Path) -> None:
    right = session("$ python -c 'print(1)'\n1\n")
    wrong = session("$ python -c 'print(1)'\n2\n")
    check_session(right, tmp_path)
    with pytest.raises(pytest.fail.Exception, match=r"(?m)^-2\n\+1$"):
        check_session(wrong, tmp_path)


def test_another_exit_code_than_the_page_says_is_seen(tmp_path: Path) -> None:
    command = "$ python -c 'raise SystemExit(3)'\n"
    check_session(session(command, comment="run: - exit 3"), tmp_path)
    with pytest.raises(pytest.fail.Exception):
        check_session(session(command), tmp_path)


def test_a_session_in_a_comment_is_run_too(tmp_path: Path) -> None:
    block = only("<!-- run: - \n$ python -c 'print(1)'\n2\n-->\n")
    assert block.hidden
    with pytest.raises(pytest.fail.Exception):
        check_session(block, tmp_path)


def test_a_program_that_pages_may_not_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a page may run"):
        check_session(session("$ rm x\n"), tmp_path)


def test_output_before_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="before the first command"):
        exchanges_of(session("1\n$ python -c 'print(1)'\n"))


@pytest.mark.parametrize(
    ("shown", "got", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["...", "b", "..."], ["a", "b", "c"], True),
        (["...", "x", "..."], ["a", "b", "c"], False),
        (["...", "b"], ["a", "b", "c"], False),
        (["a", "...", "a"], ["a"], False),
        (["1 failed in 0.12s"], ["1 failed in 2.30s"], True),
        (["2 failed in 0.12s"], ["1 failed in 0.12s"], False),
        (["replay hf2.abc-_9"], ["replay hf2.xyz"], True),
        (["10 steps, 4 switches"], ["10 steps, 5 switches"], False),
        (["execution 9 failed (portfolio)"], ["execution 8 failed (portfolio)"], False),
        (["GIL model of CPython 3.11"], ["GIL model of CPython 3.13"], True),
    ],
)
def test_what_differs_from_run_to_run_is_all_that_may_differ(
    shown: list[str], got: list[str], *, same: bool
) -> None:
    assert agrees(tuple(shown), tuple(got)) is same


def test_a_sample_that_no_session_names_counts_as_not_run() -> None:
    block = session("$ holdfast explore counter:body\n", comment="run: docs/samples/counter.py")
    assert files_run([block]) == {SAMPLES / "counter.py"}
    other = session("$ holdfast explore other:body\n", comment="run: docs/samples/counter.py")
    assert files_run([other]) == set()
