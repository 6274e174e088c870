"""`holdfast report`: what ran, on one page; what got slower, as an exit code."""

from __future__ import annotations

import importlib
from typing import Final

import click

# Each is loaded when it is asked for: a page needs libraries that an ingest should not wait for.
_COMMANDS: Final = {
    "ingest": "reports.importers.commands:ingest_command",
    "export": "reports.exporting.commands:export_command",
    "build": "reports.page.commands:build_command",
    "serve": "reports.page.serve_commands:serve_command",
    "summary": "reports.page.serve_commands:summary_command",
    "compare": "reports.comparing.commands:compare_command",
    "measure": "reports.measuring.commands:measure_command",
    "changes": "reports.change_points.commands:changes_command",
    "gate": "reports.judging.commands:gate_command",
    "ack": "reports.judging.accept_commands:ack_command",
    "unack": "reports.judging.accept_commands:unack_command",
    "reset": "reports.judging.accept_commands:reset_command",
    "profile": "reports.profiling.commands:profile_command",
    "list": "reports.index.commands:list_command",
    "merge": "reports.index.commands:merge_command",
    "prune": "reports.index.commands:prune_command",
    "rebuild": "reports.index.commands:rebuild_command",
}


class _LazyGroup(click.Group):
    """A group that loads a command when somebody names it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    name="report",
    cls=_LazyGroup,
    help="""Collect what ran, show it on one page, and fail when something got slower.

    \b
    A morning's work:
      pytest -o addopts="" benchmarks --benchmark-json=bench.json
      holdfast report ingest bench.json
      holdfast report gate
      holdfast report build && xdg-open build/report/index.html

    Stress, fuzz and planted runs write to the store by themselves. Every run is one JSON document
    that is never changed; stores are merged by copying documents.
    """,
)
def report_command() -> None:
    """Group the commands about results."""
