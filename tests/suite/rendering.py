"""A sheet in a terminal and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tests.suite.sheets import Sheet


def show(console: Console, sheet: Sheet) -> None:
    """Print the sheet: its title, its cells, and how to read them."""
    table = Table(box=box.SIMPLE_HEAD)
    for number, column in enumerate(sheet.columns):
        table.add_column(escape(column), justify="right" if number else "left", no_wrap=not number)
    for row in sheet.rows:
        table.add_row(*map(escape, row))
    # Not as the table's own title and caption, which wrap at the width of a narrow table.
    console.print(f"[bold]{escape(sheet.title)}[/]", highlight=False)
    console.print(table)
    console.print(f"[dim]{escape(sheet.note)}[/]\n", highlight=False)


def markdown_of(sheets: Sequence[Sheet]) -> str:
    """Return the sheets as a Markdown text."""
    return "\n".join(_markdown(sheet) for sheet in sheets)


def _markdown(sheet: Sheet) -> str:
    lines = [f"## {sheet.title}", ""]
    if sheet.note:
        lines += [sheet.note, ""]
    rule = ["---", *["---:"] * (len(sheet.columns) - 1)]
    lines += [_line(sheet.columns), _line(rule), *map(_line, sheet.rows)]
    return "\n".join([*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
