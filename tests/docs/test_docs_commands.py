"""No page names a command, an option or a session that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import ROOT, pages
from tests.docs.commands import commands_on, complaint_about_command, sessions

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [*pages(), ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_the_page_exists(page: Path) -> None:
    complaints = {
        f"{command}: {complaint_about_command(command)}"
        for command in commands_on(page, page.read_text("utf-8"))
        if complaint_about_command(command)
    }
    assert complaints == set()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("holdfast explore a:b --executions 5", ""),
        ("holdfast stress run --all", ""),
        ("holdfast explore a:b --executons 5", "explore has no --executons"),
        ("holdfast explain a:b", "main has no command 'explain'"),
        ("holdfast stress walk", "stress has no command 'walk'"),
        ("nox -s docs", ""),
        ("nox -s doc", "there is no session 'doc'"),
        ("pytest --holdfast-replay TOKEN", ""),
        ("pytest --holdfast-relpay TOKEN", "pytest has no --holdfast-relpay"),
    ],
)
def test_a_command_that_is_not_there_is_seen(command: str, complaint: str) -> None:
    assert complaint_about_command(command) == complaint


def test_commands_are_found_in_sessions_and_in_words() -> None:
    text = "Try `holdfast list`.\n\n```console\n$ pytest -q\n```\n"
    assert set(commands_on(ROOT / "page.md", text)) == {"holdfast list", "pytest -q"}


def test_contributing_has_a_line_for_each_session() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert [name for name in sessions() if f"`nox -s {name}`" not in text] == []
