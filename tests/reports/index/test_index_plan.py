"""Reading a series reads that series: by the plan of each database, and by what it really read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, create_engine, insert, text

from reports.index.address import ServerAddress
from reports.index.asking import measures, of_series
from reports.index.schema import BENCHMARK, ENVIRONMENT, MEASURE, METRIC, TABLES
from reports.series import SeriesKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Select

KEY = ("benchmark", "metric", "environment", "run")
RUN_FIRST = ("run", "benchmark", "metric", "environment")
BENCHMARKS, RUNS = 100, 60
ASKED = SeriesKey(benchmark="b7", metric="m1", environment="e1")
# A page holds over 50 measures and 300 entries of the key; the three names take three pages each.
FEW_PAGES = RUNS + 20


def fill(connection: Connection, order: tuple[str, ...]) -> None:
    """Make the tables with this order of the key, and 6 000 measures in them."""
    for table in TABLES.sorted_tables:
        if table.name != MEASURE.name:
            table.create(connection)
    columns = [Column(one.name, one.type, nullable=one.nullable) for one in MEASURE.columns]
    key = PrimaryKeyConstraint(*order)
    made = Table(MEASURE.name, MetaData(), *columns, key, sqlite_with_rowid=False)
    made.create(connection)
    for table, letter, count in ((BENCHMARK, "b", BENCHMARKS), (METRIC, "m", 1)):
        rows = [{"id": at, "name": f"{letter}{at}"} for at in range(1, count + 1)]
        connection.execute(insert(table), rows)
    connection.execute(insert(ENVIRONMENT).values(id=1, name="e1", body="{}"))
    one = {"metric": 1, "environment": 1, "description": 1, "value": 1.0, "n": 1}
    rows = [
        {**one, "run": run, "benchmark": benchmark}
        for run in range(1, RUNS + 1)
        for benchmark in range(1, BENCHMARKS + 1)
    ]
    connection.execute(insert(made), rows)


def explained(connection: Connection, statement: Select[Any], how: str) -> list[Any]:
    """Return what the database says of the statement that the product runs."""
    plain = statement.compile(connection, compile_kwargs={"literal_binds": True})
    return list(connection.execute(text(f"{how} {plain}")))


def complaint_of_sqlite(connection: Connection) -> str:
    """Return what is wrong with the plan of reading a series, or nothing."""
    rows = explained(connection, measures(*of_series(ASKED)), "EXPLAIN QUERY PLAN")
    steps = [str(row[3]) for row in rows]
    if any(step.startswith(("SCAN", "USE TEMP B-TREE")) for step in steps):
        return f"it scans or sorts: {steps}"
    seeks = "PRIMARY KEY (benchmark=? AND metric=? AND environment=?)"
    return "" if any(seeks in step for step in steps) else f"it does not seek by the key: {steps}"


def complaint_of_postgresql(connection: Connection) -> str:
    """Return what is wrong with the plan of reading a series, or nothing."""
    connection.execute(text("ANALYZE"))
    how = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
    ((plans,),) = explained(connection, measures(*of_series(ASKED)), how)
    steps = list(steps_of(plans[0]["Plan"]))
    if any(
        step["Node Type"] == "Seq Scan" and step["Relation Name"] == MEASURE.name for step in steps
    ):
        return "it scans the measures"
    read = plans[0]["Plan"]["Shared Hit Blocks"] + plans[0]["Plan"]["Shared Read Blocks"]
    return "" if read <= FEW_PAGES else f"it reads {read} pages, more than {FEW_PAGES}"


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from steps_of(inner)


def complaint(fresh: Callable[[], str | None], order: tuple[str, ...]) -> str:
    """Return what the database that is tested has against this order of the key."""
    url = fresh()
    engine = create_engine(ServerAddress.from_text(url).url if url else "sqlite://")
    judge = complaint_of_postgresql if url else complaint_of_sqlite
    try:
        with engine.begin() as connection:
            fill(connection, order)
            return judge(connection)
    finally:
        engine.dispose()


def test_the_key_is_benchmark_metric_environment_run() -> None:
    assert tuple(column.name for column in MEASURE.primary_key) == KEY


def test_reading_a_series_seeks_by_its_key(fresh: Callable[[], str | None]) -> None:
    assert complaint(fresh, KEY) == ""


def test_with_the_run_first_in_the_key_the_same_reading_is_refused(
    fresh: Callable[[], str | None],
) -> None:
    assert complaint(fresh, RUN_FIRST) != ""


@pytest.mark.parametrize("table", [MEASURE], ids=str)
def test_a_file_keeps_the_rows_in_the_order_of_the_key(table: Table) -> None:
    assert table.dialect_options["sqlite"]["with_rowid"] is False
