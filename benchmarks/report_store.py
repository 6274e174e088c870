"""What a store of results costs: taking results in, reading series out, on both databases.

    python -m benchmarks.report_store [--files 1000] [--benchmarks 100] [--runs 300] [--cpu-time]

Part one makes files as `pytest --benchmark-json` writes them, ingests each and opens the store, as
a CI job does; from the first file to the open store it may take 60 s for 1000 files of 100,
and as much less for fewer. Part two indexes runs of 1000 benchmarks and reads 200 of the series,
then the same rows from a table whose key begins with the run. PostgreSQL is measured where its
server is installed. Times are wall clock with CPU time of this process beside; the exit code is 1
when a limit is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, insert, select, text

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument, Store
from reports.commit import Commit
from reports.importers.ingest import ingest_file
from reports.index.asking import measures, of_series
from reports.index.index import Index
from reports.index.schema import MEASURE
from reports.layout import INDEX, claim_store, store_identity
from tests.reports.postgres_server import running_server, server_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from reports.series import SeriesKey

INGEST_LIMIT_S: Final = 60.0  # for 1000 files of 100 benchmarks
READ_LIMIT_RATIO: Final = 4.0  # how much slower the wrong key must be, at the full count of runs
FULL_RUNS: Final = 300
SERIES_READ: Final = 200
WIDE: Final = 1000  # benchmarks of part two
RUN_FIRST: Final = ("run", "benchmark", "metric", "environment")
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Stopwatch:
    """Wall clock and CPU seconds of a block."""

    wall_s = 0.0
    cpu_s = 0.0

    def __str__(self) -> str:
        return f"{self.wall_s:8.2f} s  {self.cpu_s:8.2f} s CPU"


@contextmanager
def timed() -> Iterator[Stopwatch]:
    watch = Stopwatch()
    wall, cpu = time.perf_counter(), time.process_time()
    yield watch
    watch.wall_s, watch.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


def tell(what: str, figure: object) -> None:
    sys.stdout.write(f"{what:58} {figure}\n")
    sys.stdout.flush()


# ---- part one: results in


def result_file(folder: Path, number: int, benchmarks: int) -> Path:
    """Write a file such as `pytest --benchmark-json` makes, without the rounds."""
    rng = random.Random(number)
    when = START + timedelta(hours=number)
    values = {
        "machine_info": {
            "node": "runner",
            "processor": "x86_64",
            "machine": "x86_64",
            "system": "Linux",
            "release": "6.1.0",
            "python_implementation": "CPython",
            "python_version": "3.12.1",
            "python_compiler": "GCC 12",
            "cpu": {"brand_raw": "a CPU", "count": 8},
        },
        "commit_info": {
            "id": f"{number + 1:040x}",
            "time": when.isoformat(),
            "dirty": False,
            "branch": "main",
        },
        "benchmarks": [benchmark_entry(rng, at) for at in range(benchmarks)],
        "datetime": when.isoformat(),
        "version": "5.1.0",
    }
    path = folder / f"{number:04}.json"
    path.write_text(json.dumps(values, indent=4))
    return path


def benchmark_entry(rng: random.Random, at: int) -> dict[str, object]:
    middle = 1e-3 * (1 + at / 10) * rng.gauss(1, 0.02)
    stats = {
        "min": middle * 0.95,
        "max": middle * 1.9,
        "mean": middle * 1.02,
        "stddev": middle * 0.05,
        "rounds": 300,
        "median": middle,
        "iqr": middle * 0.04,
        "q1": middle * 0.98,
        "q3": middle * 1.02,
        "iqr_outliers": 3,
        "stddev_outliers": 5,
        "outliers": "5;3",
        "ld15iqr": middle * 0.96,
        "hd15iqr": middle * 1.1,
        "ops": 1 / middle,
        "total": middle * 300,
        "iterations": 1,
    }
    name = f"test_parse[{at}]"
    return {
        "group": None,
        "name": name,
        "fullname": f"tests/bench/test_parse.py::{name}",
        "params": {"size": at},
        "param": str(at),
        "extra_info": {},
        "options": {"disable_gc": False, "timer": "perf_counter", "min_rounds": 5},
        "stats": stats,
    }


def results_in(folder: Path, url: str | None, *, options: argparse.Namespace) -> bool:
    """Ingest and index; tell what it took, and whether that is within the limit."""
    files, benchmarks = options.files, options.benchmarks
    made = folder / "files"
    made.mkdir()
    paths = [result_file(made, number, benchmarks) for number in range(files)]
    store = folder / "store"
    with timed() as ingesting:
        for path in paths:
            ingest_file(path, store=store)
    with timed() as indexing:
        Store(store, url).close()
    with timed() as again, Store(store, url) as opened:
        pass
    with timed() as one_more:
        ingest_file(result_file(made, files, benchmarks), store=store)
        Store(store, url).close()
    with Store(store, url) as opened:
        with timed() as everything:
            every = opened.all_series()
        with timed() as keys:
            opened.series_keys()
    limit_s = INGEST_LIMIT_S * files * benchmarks / 100_000
    total_s = ingesting.wall_s + indexing.wall_s
    if options.cpu_time:
        total_s = ingesting.cpu_s + indexing.cpu_s
    tell(f"ingest of {files} files of {benchmarks} benchmarks", ingesting)
    tell("indexing them", indexing)
    tell(
        f"both{' in CPU time' if options.cpu_time else ''} (limit {limit_s:g} s)",
        f"{total_s:8.2f} s",
    )
    tell("opening the store again, nothing new", again)
    tell("one more file, ingested and indexed", one_more)
    tell(
        f"reading all {len(every)} series of {sum(len(one.runs) for one in every)} runs", everything
    )
    tell("reading their keys alone", keys)
    if url is None:
        tell("the file", f"{(store / INDEX).stat().st_size / 1e6:8.2f} MB")
    return total_s <= limit_s


# ---- part two: series out


def documents(runs: int) -> Iterator[tuple[str, RunDocument]]:
    rng = random.Random(7)
    environment = Environment.capture()
    for number in range(runs):
        measure = Measure(
            metric="time", value=rng.gauss(1, 0.02), unit="s", direction=Direction.LOWER, n=300
        )
        records = tuple(
            Record(
                kind=RecordKind.BENCHMARK,
                name=f"tests/bench/test_wide.py::test_case[{at}]",
                outcome=Outcome.PASSED,
                measures=(measure,),
            )
            for at in range(WIDE)
        )
        yield (
            f"{number:064x}",
            RunDocument(
                source="benchmark",
                written_at=START + timedelta(hours=number),
                environment=environment,
                commit=Commit(commit_id=f"{number + 1:040x}", position=number),
                records=records,
            ),
        )


def series_out(folder: Path, url: str | None, *, runs: int) -> bool:
    """Index runs of many benchmarks, read some series, and the same with the wrong key."""
    store = folder / "wide"
    claim_store(store)
    identity = store_identity(store)
    opened = (
        Index.in_file(store / INDEX, store=identity)
        if url is None
        else Index.on_server(url, store=identity)
    )
    try:
        made = list(documents(runs))
        with timed() as adding:
            for at in range(0, len(made), 20):
                opened.add(dict(made[at : at + 20]))
        tell(f"{runs * WIDE} measures into the index", adding)
        if url is None:
            tell("the file", f"{(store / INDEX).stat().st_size / 1e6:8.2f} MB")
        keys = opened.series_keys()[:: WIDE // SERIES_READ]
        with timed() as reading:
            found = [opened.series(key) for key in keys]
        assert all(one is not None and len(one.runs) == runs for one in found)
        tell(f"{len(keys)} series of {runs} runs out", reading)
        right_s, wrong_s = keys_compared(opened, keys)
    finally:
        opened.close()
    ratio = wrong_s / right_s
    tell("their rows alone, benchmark first in the key", f"{right_s:8.2f} s")
    tell("their rows alone, run first in the key", f"{wrong_s:8.2f} s, {ratio:.1f} times as long")
    # Only told of a server: it keeps rows apart from their keys, and scans with several processes.
    return url is not None or ratio >= READ_LIMIT_RATIO * min(1.0, runs / FULL_RUNS)


def keys_compared(opened: Index, keys: tuple[SeriesKey, ...]) -> tuple[float, float]:
    """Return the seconds to read the rows of the series with the key as it is, and run first."""
    with opened._changes() as connection:  # noqa: SLF001  # a table of its own, taken back at the end
        right_s = rows_read_s(connection, keys)
        columns = [Column(one.name, one.type, nullable=one.nullable) for one in MEASURE.columns]
        key = PrimaryKeyConstraint(*RUN_FIRST)
        wrong = Table("wrong_measure", MetaData(), *columns, key, sqlite_with_rowid=False)
        wrong.create(connection)
        connection.execute(
            insert(wrong).from_select([one.name for one in columns], select(MEASURE))
        )
        MEASURE.drop(connection)
        connection.execute(text(f"ALTER TABLE wrong_measure RENAME TO {MEASURE.name}"))
        wrong_s = rows_read_s(connection, keys)
        connection.rollback()
    return right_s, wrong_s


def rows_read_s(connection: Connection, keys: tuple[SeriesKey, ...]) -> float:
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("ANALYZE")
        )  # as its server does by itself; nobody does it to a file
    with timed() as reading:
        for key in keys:
            connection.execute(measures(*of_series(key))).all()
    return reading.wall_s


@contextmanager
def servers() -> Iterator[list[tuple[str, Callable[[], str | None]]]]:
    """Yield each database with what makes a place in it."""
    places: list[tuple[str, Callable[[], str | None]]] = [("SQLite", lambda: None)]
    if server_programs() is None:
        tell("PostgreSQL", "not compared: its server is not installed")
        yield places
        return
    with running_server() as server:
        yield [*places, ("PostgreSQL", server.room)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--benchmarks", type=int, default=100)
    parser.add_argument("--runs", type=int, default=FULL_RUNS, help="of 1000 benchmarks, in part 2")
    parser.add_argument(
        "--cpu-time", action="store_true", help="judge by CPU time, where others use the machine"
    )
    options = parser.parse_args()
    reached = True
    with servers() as places:
        for name, place in places:
            tell(name, "")
            with tempfile.TemporaryDirectory() as folder:
                reached &= results_in(Path(folder), place(), options=options)
                reached &= series_out(Path(folder), place(), runs=options.runs)
    if not reached:
        sys.stderr.write("a limit was missed; on a busy machine measure again\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
