"""What is read from an index. Each function runs within one transaction, so it sees one moment."""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, func, select

from reports.environment import Environment
from reports.index.rows import STAMP_COLUMNS, Described, stamp_of, time_of
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
from reports.record import Direction
from reports.series import EnvironmentSpan, RunValue, Series, SeriesKey, in_commit_order
from reports.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import ColumnElement, Connection, Row, Table

    from reports.series import RunStamp

# The columns of a stamp, for every run. What a repository says of a position counts before what a
# document says: it is one scale for all. Statements that never differ are made once.
_RUNS: Final = (
    select(
        RUN.c.id,
        *(RUN.c[name] for name in STAMP_COLUMNS),
        func.coalesce(PLACE.c.position, RUN.c.position).label("position"),
        ENVIRONMENT.c.name,
    )
    .join_from(RUN, ENVIRONMENT, ENVIRONMENT.c.id == RUN.c.environment)
    .join(PLACE, PLACE.c.commit_id == RUN.c.commit_id, isouter=True)
)
_NAMES: Final = {table.name: select(table.c.id, table.c.name) for table in NAMED}
_KEY: Final = (MEASURE.c.benchmark, MEASURE.c.metric, MEASURE.c.environment)
_COLUMNS: Final = (
    *_KEY,
    MEASURE.c.run,
    MEASURE.c.description,
    *(MEASURE.c[name] for name in RunValue._fields[1:]),
)
_VALUES: Final = slice(5, None)  # of a row of `measures`: what follows the stamp in a RunValue
_NUMBERS: Final = itemgetter(0, 1, 2)


def of_benchmark(name: str) -> ColumnElement[bool]:
    """Return the condition that a measure is of one benchmark."""
    return MEASURE.c.benchmark == _number(BENCHMARK, name)


def of_series(key: SeriesKey) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a measure is of one series, in the order of the key."""
    return (
        of_benchmark(key.benchmark),
        MEASURE.c.metric == _number(METRIC, key.metric),
        MEASURE.c.environment == _number(ENVIRONMENT, key.environment),
    )


def measures(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that reads measures, in the order of their series."""
    return select(*_COLUMNS).where(*conditions).order_by(*_KEY, MEASURE.c.run)


def series(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Series, ...]:
    """Return the series of the measures that meet the conditions, ordered by their keys."""
    rows = connection.execute(measures(*conditions)).all()
    if not rows:
        return ()
    stamps = _stamps_by_number(connection, conditions)
    ages = _ages(stamps)
    described = _described(connection, conditions)
    # The names are of few benchmarks at once, or of all.
    met = {row.benchmark for row in rows} if conditions else None
    names = [_names(connection, BENCHMARK, met), *_other_names(connection)]
    found = [
        _series(_key(numbers, names), tuple(of_one), stamps=stamps, ages=ages, described=described)
        for numbers, of_one in groupby(rows, _NUMBERS)
    ]
    return tuple(sorted(found, key=lambda one: _order(one.key)))


def series_keys(connection: Connection) -> tuple[SeriesKey, ...]:
    """Return the key of every series, in order."""
    names = [_names(connection, BENCHMARK), *_other_names(connection)]
    rows = connection.execute(select(*_KEY).distinct())
    return tuple(sorted((_key(tuple(row), names) for row in rows), key=_order))


def stamps(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[RunStamp, ...]:
    """Return the runs that meet the conditions, the one written last first."""
    wanted = _RUNS.where(*conditions).order_by(RUN.c.written_us.desc(), RUN.c.name)
    return tuple(stamp_of(*row[1:]) for row in connection.execute(wanted))


def environments(connection: Connection, *names: str) -> tuple[Environment, ...]:
    """Return the environments of these fingerprints, or of all runs where none is named."""
    asked = select(ENVIRONMENT.c.body).order_by(ENVIRONMENT.c.name)
    if names:
        asked = asked.where(ENVIRONMENT.c.name.in_(names))
    return tuple(
        Environment.from_json(parse(body.encode(), document="the index"))
        for body in connection.scalars(asked)
    )


def spans(connection: Connection, benchmark: str) -> tuple[EnvironmentSpan, ...]:
    """Return where a benchmark was measured, the environment that came first first."""
    runs = select(MEASURE.c.run).where(of_benchmark(benchmark))
    first, last = func.min(RUN.c.written_us), func.max(RUN.c.written_us)
    rows = connection.execute(
        select(ENVIRONMENT.c.name, first.label("first"), last.label("last"), func.count())
        .join_from(RUN, ENVIRONMENT, ENVIRONMENT.c.id == RUN.c.environment)
        .where(RUN.c.id.in_(runs))
        .group_by(ENVIRONMENT.c.name)
    ).all()
    ordered = sorted(rows, key=lambda row: (row[1], row[0]))
    return tuple(
        EnvironmentSpan(environment=name, first=time_of(since), last=time_of(until), runs=count)
        for name, since, until, count in ordered
    )


def commits(connection: Connection) -> tuple[str, ...]:
    """Return every commit that was measured."""
    found = select(RUN.c.commit_id).where(RUN.c.commit_id.is_not(None)).distinct()
    return tuple(sorted(connection.scalars(found)))


def _number(table: Table, name: str) -> ColumnElement[int]:
    return select(table.c.id).where(table.c.name == name).scalar_subquery()


def _stamps_by_number(
    connection: Connection, conditions: tuple[ColumnElement[bool], ...]
) -> dict[int, RunStamp]:
    wanted = _RUNS
    if conditions:
        wanted = wanted.where(RUN.c.id.in_(select(MEASURE.c.run).where(*conditions)))
    return {row[0]: stamp_of(*row[1:]) for row in connection.execute(wanted)}


def _ages(stamps: Mapping[int, RunStamp]) -> dict[int, int]:
    """Return the runs' places in the order in which they were written."""
    ordered = sorted(stamps, key=lambda number: (stamps[number].written_at, stamps[number].run_id))
    return {number: age for age, number in enumerate(ordered)}


def _described(
    connection: Connection, conditions: tuple[ColumnElement[bool], ...]
) -> dict[int, Described]:
    wanted = select(DESCRIPTION)
    if conditions:
        numbers = select(MEASURE.c.description).where(*conditions)
        wanted = wanted.where(DESCRIPTION.c.id.in_(numbers))
    return {
        row.id: Described(
            unit=row.unit, direction=Direction[row.direction], params=json.loads(row.params)
        )
        for row in connection.execute(wanted)
    }


def _names(
    connection: Connection, table: Table, numbers: Collection[int] | None = None
) -> dict[int, str]:
    wanted = _NAMES[table.name]
    if numbers is not None:
        wanted = wanted.where(table.c.id.in_(numbers))
    return {row[0]: row[1] for row in connection.execute(wanted)}


def _other_names(connection: Connection) -> tuple[dict[int, str], dict[int, str]]:
    return _names(connection, METRIC), _names(connection, ENVIRONMENT)


def _key(numbers: Iterable[int], names: Iterable[Mapping[int, str]]) -> SeriesKey:
    benchmark, metric, environment = (
        known[number] for number, known in zip(numbers, names, strict=True)
    )
    return SeriesKey(benchmark=benchmark, metric=metric, environment=environment)


def _order(key: SeriesKey) -> tuple[str, str, str]:
    return (key.benchmark, key.metric, key.environment)


def _series(
    key: SeriesKey,
    rows: tuple[Row[Any], ...],
    *,
    stamps: Mapping[int, RunStamp],
    ages: Mapping[int, int],
    described: Mapping[int, Described],
) -> Series:
    runs = in_commit_order(RunValue(stamps[row.run], *row[_VALUES]) for row in rows)
    # The newest spelling stands: a unit that changed would show as a step, which is right.
    newest = max(rows, key=lambda row: ages[row.run])
    words = described[newest.description]
    return Series(
        key=key, unit=words.unit, direction=words.direction, runs=runs, params=words.params
    )
