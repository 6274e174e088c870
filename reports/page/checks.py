"""Tables of what ran: planted bugs, checks of each kind, figures with a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.page.view import (
    CheckTable,
    FigureRow,
    PlantedRow,
    check_table,
    figure_rows,
    planted_rows,
)
from reports.record import RecordKind

if TYPE_CHECKING:
    from reports.page.data import PageData

_KINDS = (RecordKind.EXPLORATION, RecordKind.STRESS, RecordKind.FUZZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Every check of the newest code, in tables."""

    planted: tuple[PlantedRow, ...]
    tables: tuple[CheckTable, ...]
    figures: tuple[FigureRow, ...]


def view(data: PageData) -> Checks | None:
    """Return the tables, or None where nothing ran."""
    records = data.records
    tables = tuple(table for kind in _KINDS if (table := check_table(records, kind)))
    found = Checks(planted=planted_rows(records), tables=tables, figures=figure_rows(records))
    return found if found.planted or found.tables or found.figures else None
