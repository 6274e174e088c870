"""The tables of an index on a server: made where none are, refused where they are another's.

A server outlives stores and versions, and others keep things in it. So nothing that is there is
ever dropped: tables of another version, of another store or of unknown make are an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, inspect, select
from sqlalchemy.exc import IntegrityError, ProgrammingError

from reports.index.errors import IndexNotOursError, IndexOfAnotherStoreError, IndexVersionError
from reports.index.schema import MARK, TABLES, VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_TRIES: Final = 3


def claim_tables(engine: Engine, *, store: str, shown: str) -> None:
    """Leave tables in the database that are ours, of this version and of this store.

    Raises:
        IndexOfAnotherStoreError: They belong to another store.
        IndexVersionError: Another version of holdfast made them.
        IndexNotOursError: A table with one of our names is not ours.
    """
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            with engine.begin() as connection:
                _claim(connection, store=store, shown=shown)
        except (IntegrityError, ProgrammingError):
            # Another process makes them at this moment, and its tables are as good.
            if last:
                raise
        else:
            return


def _claim(connection: Connection, *, store: str, shown: str) -> None:
    ours = {table.name for table in TABLES.sorted_tables}
    present = ours & set(inspect(connection).get_table_names())
    if not present:
        TABLES.create_all(connection)
        connection.execute(insert(MARK).values(id=1, version=VERSION, store=store))
        return
    version, owner = _mark(connection, present, shown)
    if version != VERSION:
        raise IndexVersionError(shown, version, VERSION)
    if owner != store:
        raise IndexOfAnotherStoreError(shown, owner, store)
    missing = ours - present
    if missing:
        raise IndexNotOursError(shown, f"{MARK.name} without {min(missing)}")


def _mark(connection: Connection, present: set[str], shown: str) -> tuple[int, str]:
    if MARK.name not in present:
        raise IndexNotOursError(shown, min(present))
    columns = {column["name"] for column in inspect(connection).get_columns(MARK.name)}
    if not columns >= {"version", "store"}:
        raise IndexNotOursError(shown, MARK.name)
    rows = connection.execute(select(MARK.c.version, MARK.c.store)).all()
    if len(rows) != 1 or not isinstance(rows[0].version, int):
        raise IndexNotOursError(shown, MARK.name)
    return rows[0].version, str(rows[0].store)
