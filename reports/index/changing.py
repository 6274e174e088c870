"""What is written to an index, always by somebody who holds its lock: see `Index.changes`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select

from reports.index.rows import Described, measures_of, run_row, value_row
from reports.index.schema import (
    BENCHMARK,
    DESCRIPTION,
    ENVIRONMENT,
    MEASURE,
    METRIC,
    NAMED,
    PLACE,
    RUN,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection, Table

    from reports.document import RunDocument
    from reports.index.rows import Row
    from reports.record import Measure

_Telling = tuple[Any, ...]  # a unit, a direction and parameters: what a description says
_NAMES_AT_ONCE: Final = 500  # of a list in a statement; SQLite takes 32 766, older ones 999


def run_names(connection: Connection) -> frozenset[str]:
    """Return the names of all documents that are indexed."""
    return frozenset(connection.scalars(select(RUN.c.name)))


def add(connection: Connection, documents: Mapping[str, RunDocument]) -> None:
    """Index documents by their names; one that is there already stays."""
    known = run_names(connection)
    fresh = {name: one for name, one in documents.items() if name not in known}
    if not fresh:
        return
    books = {table.name: _Numbers(connection, table) for table in NAMED}
    descriptions: dict[_Telling, int] = {}
    first = (connection.scalar(select(func.max(RUN.c.id))) or 0) + 1
    runs: list[Row] = []
    measures: list[Row] = []
    for number, (name, document) in enumerate(fresh.items(), start=first):
        environment = _environment(books[ENVIRONMENT.name], document)
        runs.append({**run_row(name, document), "id": number, "environment": environment})
        measures += [
            {**row, "environment": environment, "run": number}
            for row in _measure_rows(books, descriptions, document)
        ]
    for book in books.values():
        book.write()
    connection.execute(insert(RUN), runs)
    if measures:
        # In the order of the key, neighbours are written together.
        measures.sort(key=lambda row: (row["benchmark"], row["metric"], row["environment"]))
        connection.execute(insert(MEASURE), measures)


def remove(connection: Connection, names: Collection[str]) -> None:
    """Forget documents, by their names."""
    for some in _portions(names):
        numbers = select(RUN.c.id).where(RUN.c.name.in_(some)).scalar_subquery()
        connection.execute(delete(MEASURE).where(MEASURE.c.run.in_(numbers)))
        connection.execute(delete(RUN).where(RUN.c.name.in_(some)))


def sweep(connection: Connection) -> None:
    """Forget what nothing refers to any more: an index tells of its documents alone."""
    connection.execute(delete(MEASURE).where(MEASURE.c.run.not_in(select(RUN.c.id))))
    for table, column in (
        (BENCHMARK, MEASURE.c.benchmark),
        (METRIC, MEASURE.c.metric),
        (DESCRIPTION, MEASURE.c.description),
        (ENVIRONMENT, RUN.c.environment),
    ):
        connection.execute(delete(table).where(table.c.id.not_in(select(column))))


def place(connection: Connection, positions: Mapping[str, int]) -> None:
    """Keep where commits stand, in place of all that was known of it."""
    connection.execute(delete(PLACE))
    rows = [{"commit_id": commit, "position": at} for commit, at in positions.items()]
    if rows:
        connection.execute(insert(PLACE), rows)


class _Numbers:
    """The numbers of the names in one table. Nobody else gives any while the lock is held."""

    __slots__ = ("_connection", "_known", "_new", "_next", "_table")

    def __init__(self, connection: Connection, table: Table) -> None:
        rows = connection.execute(select(table.c.name, table.c.id))
        self._known: dict[str, int] = {row.name: row.id for row in rows}
        self._next = max(self._known.values(), default=0) + 1
        self._connection = connection
        self._table = table
        self._new: list[dict[str, Any]] = []

    def number(self, name: str, **columns: str) -> int:
        """Return the name's number; a name that has none gets one, with a row of these columns."""
        number = self._known.get(name)
        if number is None:
            number = self._known[name] = self._next
            self._next += 1
            self._new.append({"id": number, "name": name, **columns})
        return number

    def write(self) -> None:
        """Write the rows of the names that are new."""
        if self._new:
            self._connection.execute(insert(self._table), self._new)
            self._new = []


def _environment(book: _Numbers, document: RunDocument) -> int:
    environment = document.environment
    return book.number(environment.fingerprint, body=json.dumps(environment.to_json()))


def _measure_rows(
    books: Mapping[str, _Numbers], descriptions: dict[_Telling, int], document: RunDocument
) -> Iterable[Row]:
    rows: dict[tuple[int, int], Row] = {}
    for name, measure, params in measures_of(document):
        benchmark = books[BENCHMARK.name].number(name)
        metric = books[METRIC.name].number(measure.metric)
        if (benchmark, metric) in rows:
            continue  # the same benchmark twice in one run: the first one counts
        telling = (measure.unit, measure.direction, *params.items())
        if telling not in descriptions:
            descriptions[telling] = _description(books[DESCRIPTION.name], measure, params)
        rows[benchmark, metric] = {
            "benchmark": benchmark,
            "metric": metric,
            "description": descriptions[telling],
            **value_row(measure),
        }
    return rows.values()


def _description(book: _Numbers, measure: Measure, params: Mapping[str, str]) -> int:
    one = Described(unit=measure.unit, direction=measure.direction, params=params)
    return book.number(
        one.name, unit=one.unit, direction=one.direction.name, params=one.params_text
    )


def _portions(names: Collection[str]) -> list[list[str]]:
    every = sorted(names)
    return [every[at : at + _NAMES_AT_ONCE] for at in range(0, len(every), _NAMES_AT_ONCE)]
