"""An index on a server: it belongs to one store, nothing there is dropped, no password is shown."""

from __future__ import annotations

import pickle
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, inspect, text

from reports import BadValueError, MissingExtraError, ReportsError, Store
from reports.index import engines
from reports.index.address import ServerAddress
from reports.index.errors import (
    IndexBusyError,
    IndexNotOursError,
    IndexOfAnotherStoreError,
    IndexUnreachableError,
    IndexVersionError,
)
from reports.layout import store_identity
from tests.reports.index.written_runs import add, benchmark

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reports.postgres_server import Server

SECRET = "hunter2swordfish"  # noqa: S105  # of nobody
SIGNS = "correct horse/battery@staple"


def say(url: str, *statements: str) -> None:
    engine = create_engine(ServerAddress.from_text(url).url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def tables(url: str) -> list[str]:
    engine = create_engine(ServerAddress.from_text(url).url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
    engine.dispose()
    return sorted(names)


def store_of(folder: Path, name: str = "b") -> Path:
    add(folder, benchmark(name, 1.0))
    return folder


def test_a_second_store_is_refused_and_the_first_one_keeps_its_runs(
    tmp_path: Path, server: Server
) -> None:
    url = server.room()
    mine, yours = store_of(tmp_path / "mine"), store_of(tmp_path / "yours", "other")
    Store(mine, url).close()
    with pytest.raises(IndexOfAnotherStoreError) as caught:
        Store(yours, url)
    assert caught.value.owner == store_identity(mine)
    assert caught.value.ours == store_identity(yours)
    with Store(mine, url) as store:
        assert [one.key.benchmark for one in store.all_series()] == ["b"]


def test_stores_in_schemas_of_one_database_do_not_meet(tmp_path: Path, server: Server) -> None:
    urls = {name: server.room() for name in ("one", "two")}
    for name, url in urls.items():
        Store(store_of(tmp_path / name, name), url).close()
    for name, url in urls.items():
        with Store(tmp_path / name, url) as store:
            assert [one.key.benchmark for one in store.all_series()] == [name]


@pytest.mark.parametrize("version", [1, 99])
def test_tables_of_another_version_are_refused_and_stay(
    tmp_path: Path, server: Server, version: int
) -> None:
    url = server.room()
    store = store_of(tmp_path / "s")
    Store(store, url).close()
    say(url, f"UPDATE holdfast_index SET version = {version}")  # noqa: S608  # of this test
    before = tables(url)
    with pytest.raises(IndexVersionError, match=f"are of version {version}"):
        Store(store, url)
    assert tables(url) == before


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE holdfast_run (mine text)",
        "CREATE TABLE holdfast_index (mine text)",
        "CREATE TABLE holdfast_index (version integer, store text)",
        "CREATE TABLE holdfast_index AS SELECT 'one' AS version, 'two' AS store",
    ],
)
def test_a_table_that_only_bears_our_name_is_refused_and_stays(
    tmp_path: Path, server: Server, statement: str
) -> None:
    url = server.room()
    say(url, statement)
    before = tables(url)
    with pytest.raises(IndexNotOursError, match="that is not an index that holdfast made"):
        Store(store_of(tmp_path / "s"), url)
    assert tables(url) == before


def test_tables_of_others_beside_ours_are_left_alone(tmp_path: Path, server: Server) -> None:
    url = server.room()
    say(url, "CREATE TABLE run (mine text)", "INSERT INTO run VALUES ('precious')")
    with Store(store_of(tmp_path / "s"), url) as store:
        store.rebuild()
    assert "run" in tables(url)
    say(url, "INSERT INTO run SELECT * FROM run")


def test_tables_that_were_dropped_are_made_anew_under_an_open_store(
    tmp_path: Path, server: Server
) -> None:
    url = server.room()
    with Store(store_of(tmp_path / "s"), url) as store:
        for table in tables(url):
            say(url, f"DROP TABLE {table}")
        assert len(store.all_series()) == 1


def test_a_lock_that_another_keeps_is_waited_for_and_then_named(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.05)
    url = server.room()
    path = store_of(tmp_path / "s")
    with Store(path, url) as one, Store(path, url) as other:
        add(path, benchmark("b", 2.0), at=1)
        with one._index._changes(), pytest.raises(IndexBusyError):
            other.refresh()
        other.refresh()
        assert len(other.stamps()) == 2


def test_processes_that_make_the_tables_at_once_agree(tmp_path: Path, server: Server) -> None:
    url = server.room()
    path = store_of(tmp_path / "s")
    code = (
        f"from pathlib import Path; from reports import Store; Store(Path({str(path)!r}), {url!r})"
    )
    running = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [one.communicate(timeout=60)[1] for one in running]
    assert [one.returncode for one in running] == [0] * 4, said


# ---- what is shown


WRONG = {
    "no server": "postgresql+psycopg://me:{0}@127.0.0.1:1/db",
    "no host": "postgresql://me:{0}@host.invalid/db",
    "password as an option": "postgresql://me@127.0.0.1:1/db?password={0}",
    "option that does not exist": "postgresql://me:{0}@127.0.0.1:1/db?pasword={0}",
    "another database": "mysql://me:{0}@127.0.0.1/db",
    "a port that is none": "postgresql://me:{0}@127.0.0.1:port/db",
    "no URL": "me:{0}@somewhere",
}


@pytest.mark.parametrize("case", WRONG)
def test_no_password_is_in_any_error(tmp_path: Path, case: str) -> None:
    with pytest.raises(ReportsError) as caught:
        Store(store_of(tmp_path / "s"), WRONG[case].format(SECRET))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    shown += str(caught.value) + repr(caught.value.args) + repr(pickle.dumps(caught.value))
    assert SECRET not in shown


def test_a_password_with_signs_in_it_is_hidden_as_well(tmp_path: Path, server: Server) -> None:
    url = server.room(password=SIGNS)
    with Store(store_of(tmp_path / "s"), url) as store:
        shown = repr(store) + repr(store._index) + repr(ServerAddress.from_text(url))
        say(url, "DROP TABLE holdfast_measure")
        with pytest.raises(IndexNotOursError) as caught:
            store.all_series()
    shown += str(caught.value)
    assert "holdfast:***@" in shown
    for part in (SIGNS, "correct", "staple", "correct%20horse"):
        assert part not in shown


def test_an_error_of_the_driver_loses_every_secret() -> None:
    address = ServerAddress.from_text("postgresql://me:first@h/db?sslpassword=second&user=you")
    assert address.without_secrets("first and second of you") == "*** and *** of you"
    assert address.shown == "postgresql+psycopg://me:***@h/db"


def test_a_server_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IndexUnreachableError, match="the documents hold everything") as caught:
        Store(store_of(tmp_path / "s"), "postgresql+psycopg://me@127.0.0.1:1/db")
    assert "postgresql+psycopg://me@127.0.0.1:1/db" in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "sqlite:///x", "https://example.org", 5, "db"])
def test_an_index_that_is_no_postgresql_url_is_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(BadValueError, match=r"it takes an URL such as postgresql\+psycopg://"):
        Store(store_of(tmp_path / "s"), wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("library", "extra"), [("sqlalchemy", "reports"), ("psycopg", "postgres")])
def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, extra: str
) -> None:
    path = store_of(tmp_path / "s")
    monkeypatch.setitem(sys.modules, library, None)
    if library == "sqlalchemy":
        for name in [name for name in sys.modules if name.startswith("reports.index")]:
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=rf"holdfast\[{extra}\]"):
        Store(path, "postgresql://me@127.0.0.1:1/db")


def test_writing_a_run_needs_no_library_of_the_index(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None; sys.modules['sqlite3'] = None\n"
        "from pathlib import Path\n"
        "from reports import *\n"
        "record = Record(kind=RecordKind.STRESS, name='x', outcome=Outcome.PASSED)\n"
        f"write_run([record], store=Path({str(tmp_path / 's')!r}), source='x')\n"
        "print(sorted(name for name in sys.modules if name.startswith('reports.index')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 1
