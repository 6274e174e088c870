"""The commands that the pages name: each has to exist, with the options that are named."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import click

from holdfast.cli import main
from tests.docs.blocks import ROOT, SESSION, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPAN: Final = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
OPTION: Final = re.compile(r"--[a-z][\w-]*")
PLACEHOLDER: Final = re.compile(r"[A-Z_]+(\.\.\.)?|\[.*|\.\.\.|…")


def commands_on(page: Path, text: str) -> Iterator[str]:
    """Yield every command that a page shows or names."""
    for block in read_blocks(page, text):
        if block.language == SESSION:
            yield from re.findall(r"^\$ (.*)$", block.text, flags=re.MULTILINE)
        if block.language == "yaml":
            yield from re.findall(r"run: (.*)$", block.text, flags=re.MULTILINE)
    for span in SPAN.findall(text):
        if span.startswith(("holdfast ", "pytest ", "nox ", "--")):
            yield span


def complaint_about_command(command: str) -> str:
    """Return what does not exist of a command; empty: all is there."""
    words = command.split()
    if words[0] == "holdfast":
        return _of_holdfast(words[1:])
    if words[0] == "nox" and "-s" in words:
        name = words[words.index("-s") + 1]
        return "" if name in sessions() else f"there is no session {name!r}"
    missing = [
        option
        for option in OPTION.findall(command)
        if option.startswith("--holdfast-") and option not in pytest_options()
    ]
    return f"pytest has no {', '.join(missing)}" if missing else ""


def _of_holdfast(words: list[str]) -> str:
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if PLACEHOLDER.fullmatch(words[0]):
            return ""
        found = command.get_command(click.Context(command), words[0].rstrip(",."))
        if found is None:
            return f"{command.name} has no command {words[0]!r}"
        command, words = found, words[1:]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "--version"}
    missing = [option for option in OPTION.findall(" ".join(words)) if option not in known]
    return f"{command.name} has no {', '.join(missing)}" if missing else ""


@functools.cache
def pytest_options() -> frozenset[str]:
    """Return the options that pytest has with the plugin."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True
    )
    return frozenset(OPTION.findall(done.stdout))


@functools.cache
def sessions() -> frozenset[str]:
    """Return the names of the sessions of nox."""
    found = set()
    for node in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if "nox.session" in ast.unparse(decorator):
                    found.add(node.name.rstrip("_"))
    return frozenset(found)
