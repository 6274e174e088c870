"""The front door: subcommands by entry point, broken ones included, and exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

import holdfast
from holdfast.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow  # every test starts a process


def run(*words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path or ""), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *words],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def add_command(folder: Path, name: str, value: str, source: str) -> None:
    """Install a distribution that brings a subcommand, as pip would leave it."""
    info = folder / f"extra_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: extra-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[holdfast.commands]\n{name} = {value}\n")
    (folder / f"extra_{name}.py").write_text(source)


def commands_under(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, f"{path} lists {name} and has none"
            yield from commands_under(inner, (*path, name))


def test_no_help_shows_a_mark_that_is_meant_for_its_layout() -> None:
    every = list(commands_under(main, ()))
    assert {("report", "measure"), ("fuzz", "run"), ("stress", "soak")} <= set(every)
    for path in every:
        done = CliRunner().invoke(main, [*path, "--help"])
        assert done.exit_code == 0, path
        assert "\\b" not in done.output, path


def test_the_version_is_one_line() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert re.fullmatch(
        rf"holdfast {re.escape(holdfast.__version__)} \(Python 3\.\d+\.\S+, \w+\)\n", done.stdout
    )


def test_help_teaches_with_examples_and_lists_every_subcommand() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "holdfast explore app.pool:body" in done.stdout
    assert (
        "Exit codes: 0 as hoped, 1 something was found, 2 wrong usage, 3 undecided" in done.stdout
    )
    listed = done.stdout.split("Commands:")[1]
    assert {"explore", "replay", "stress", "fuzz", "report"} <= set(listed.split())


@pytest.mark.parametrize("name", ["explore", "replay", "stress", "report"])
def test_every_subcommand_has_its_own_help(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"holdfast {name}" in done.stdout


def test_an_unknown_subcommand_is_wrong_usage() -> None:
    done = run("wrong")
    assert done.returncode == 2
    assert "No such command 'wrong'" in done.stderr


def test_a_foreign_distribution_can_bring_a_subcommand(tmp_path: Path) -> None:
    source = "import click\n@click.command()\ndef hello():\n    'Greet.'\n    click.echo('hi')\n"
    add_command(tmp_path, "hello", "extra_hello:hello", source)
    assert run("hello", path=tmp_path).stdout == "hi\n"
    assert "Greet." in run("--help", path=tmp_path).stdout


@pytest.mark.parametrize(
    ("value", "source", "told"),
    [
        ("extra_sick:command", "import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("extra_sick:command", "raise RuntimeError('not today')\n", "not today"),
        ("extra_sick:command", "\n", "AttributeError"),
        ("extra_sick:command", "command = 5\n", "is a int, not a click command"),
        ("no_such_module:command", "\n", "no_such_module"),
    ],
)
def test_a_broken_subcommand_is_a_line_and_not_a_crash(
    tmp_path: Path, value: str, source: str, told: str
) -> None:
    add_command(tmp_path, "sick", value, source)
    done = run("sick", "--with", "words", path=tmp_path)
    assert done.returncode == 3
    assert "the command 'sick' cannot be loaded" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    listed = run("--help", path=tmp_path)
    assert listed.returncode == 0
    assert "(cannot be loaded:" in listed.stdout
    assert run("replay", "--help", path=tmp_path).returncode == 0


def test_a_fault_of_a_subcommand_is_not_reported_as_a_finding(tmp_path: Path) -> None:
    source = "import click\n@click.command()\ndef trips():\n    raise RuntimeError('oh')\n"
    add_command(tmp_path, "trips", "extra_trips:trips", source)
    done = run("trips", path=tmp_path)
    assert done.returncode == 3
    assert "RuntimeError: oh" in done.stderr
    assert "nothing was decided" in done.stderr


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "click.Abort"])
def test_an_interrupt_is_130(tmp_path: Path, raised: str) -> None:
    source = f"import click\n@click.command()\ndef waits():\n    raise {raised}()\n"
    add_command(tmp_path, "waits", "extra_waits:waits", source)
    done = run("waits", path=tmp_path)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr


def test_exit_codes_of_a_subcommand_come_through(tmp_path: Path) -> None:
    source = "import sys, click\n@click.command()\ndef ends():\n    sys.exit(7)\n"
    add_command(tmp_path, "ends", "extra_ends:ends", source)
    assert run("ends", path=tmp_path).returncode == 7


def test_what_a_pipe_cannot_take_becomes_a_question_mark(tmp_path: Path) -> None:
    source = "import click\n@click.command()\ndef draws():\n    click.echo('\\u2500 done')\n"
    add_command(tmp_path, "draws", "extra_draws:draws", source)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, "-m", "holdfast", "draws"],
        env=environment, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, b"? done")
