"""The directives `command-help` and `pytest-help`: what the programs themselves print.

    ```{command-help} explore
    ```

asks the program when the page is built, so the page cannot tell something else.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from click.testing import CliRunner
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from holdfast.cli import main

if TYPE_CHECKING:
    from sphinx.application import Sphinx

WIDTH = 88  # columns that a page shows without scrolling


def command_help(words: list[str]) -> str:
    """Return what `holdfast WORDS --help` prints.

    Raises:
        ExtensionError: There is no such command.
    """
    done = CliRunner().invoke(
        main,
        [*words, "--help"],
        prog_name="holdfast",
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    if done.exit_code != 0:
        raise ExtensionError(f"holdfast {' '.join(words)} --help failed: {done.output}")
    return done.output.rstrip()


def pytest_help(heading: str) -> str:
    """Return one group of options, or the settings that begin so, from `pytest --help`.

    Raises:
        ExtensionError: pytest shows no such group.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": str(WIDTH)},
    )
    found = re.search(
        rf"^{re.escape(heading)}:\n(?P<body>.*?)\n\n", done.stdout, re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise ExtensionError(f"pytest --help has no group {heading!r}")
    return found["body"].rstrip()


class CommandHelp(SphinxDirective):
    """Shows the help of one subcommand."""

    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the block."""
        words = self.arguments[0].split() if self.arguments else []
        return [_block(command_help(words))]


class PytestHelp(SphinxDirective):
    """Shows one group of pytest's help."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"only": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the block."""
        return [_block(pytest_help(self.arguments[0]))]


def _block(text: str) -> nodes.literal_block:
    block = nodes.literal_block(text, text)
    block["language"] = "text"
    return block


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the directives."""
    app.add_directive("command-help", CommandHelp)
    app.add_directive("pytest-help", PytestHelp)
    return {"parallel_read_safe": True}
