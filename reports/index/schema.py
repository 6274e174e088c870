"""The tables of an index: the same ones in a file and on a server.

Names, environments and descriptions are written once and referred to by small numbers: a measure is
then some 60 bytes, and a series lies together whatever its benchmark is called. Nothing is kept
here that is not in a document, except where a repository says that commits stand.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
)

VERSION: Final = 2
TABLES: Final = MetaData()

_ESCAPE: Final = "\ue000"  # of the private use area: no name holds it except to be difficult


class _Words(TypeDecorator[str]):
    """Any text, also one with a NUL character, which PostgreSQL does not take."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:
        """Return the text as it is stored."""
        del dialect
        if value is None or ("\0" not in value and _ESCAPE not in value):
            return value
        return value.replace(_ESCAPE, _ESCAPE + "e").replace("\0", _ESCAPE + "0")

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        """Return the text as it was."""
        del dialect
        if value is None or _ESCAPE not in value:
            return value
        return value.replace(_ESCAPE + "0", "\0").replace(_ESCAPE + "e", _ESCAPE)


def _names(table: str) -> Table:
    return Table(
        table,
        TABLES,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("name", _Words, nullable=False, unique=True),
    )


# One row: of which version the tables are, and of which store. Who changes anything locks it first.
MARK: Final = Table(
    "holdfast_index",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("store", Text, nullable=False),
)
BENCHMARK: Final = _names("holdfast_benchmark")
METRIC: Final = _names("holdfast_metric")
ENVIRONMENT: Final = Table(
    "holdfast_environment",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),  # the fingerprint
    Column("body", Text, nullable=False),  # as JSON, ASCII alone
)
# What stands beside a value and seldom changes from run to run. `name` is a digest of the rest:
# parameters may be longer than what a database takes for a key.
DESCRIPTION: Final = Table(
    "holdfast_description",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("unit", _Words, nullable=False),
    Column("direction", Text, nullable=False),
    Column("params", Text, nullable=False),  # as JSON, ASCII alone
)
RUN: Final = Table(
    "holdfast_run",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),  # the document's
    Column("source", _Words, nullable=False),
    Column("session", _Words, nullable=False, index=True),
    Column("written_us", BigInteger, nullable=False),
    Column("environment", Integer, nullable=False),
    Column("commit_id", Text, index=True),
    Column("position", BigInteger),
    Column("dirty", Boolean, nullable=False),
    Column("committed_us", BigInteger),
    Column("changes", _Words, nullable=False),
    Column("kinds", Text, nullable=False),
)
# Where a repository says that a commit stands: see `positions`.
PLACE: Final = Table(
    "holdfast_place",
    TABLES,
    Column("commit_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
# Benchmark and metric stand first in the key, and the rows of a file lie in its order: with the run
# first, reading a series reads everything.
MEASURE: Final = Table(
    "holdfast_measure",
    TABLES,
    Column("benchmark", Integer, nullable=False),
    Column("metric", Integer, nullable=False),
    Column("environment", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("description", Integer, nullable=False),
    Column("value", Double, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("minimum", Double),
    Column("q1", Double),
    Column("median", Double),
    Column("q3", Double),
    Column("maximum", Double),
    PrimaryKeyConstraint("benchmark", "metric", "environment", "run"),
    sqlite_with_rowid=False,
)
NAMED: Final = (BENCHMARK, METRIC, ENVIRONMENT, DESCRIPTION)
