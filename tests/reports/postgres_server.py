"""A real PostgreSQL server for the tests: of their own, in a temporary folder, gone afterwards.

It listens on a Unix socket in its folder and nowhere else. Its data survive nothing, which is what
makes it quick.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tests.absent import absent

try:
    import psycopg
except ModuleNotFoundError:
    psycopg = None

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS: Final = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt/postgresql")
SETTINGS: Final = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "autovacuum=off")
OWNER: Final = "holdfast"  # the name of the role and of its password's place in URLs
START_S: Final = 60.0


class Server:
    """A running server. Each `database` is an empty room in it that nothing else uses."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._ready = threading.Event()
        self._log: list[str] = []

    def url(self, *, user: str = OWNER, password: str = "", options: str = "") -> str:
        """Return the URL of the server's own database."""
        secret = f":{quote(password)}" if password else ""
        query = f"host={quote(str(self._folder))}" + (
            f"&options={quote(options)}" if options else ""
        )
        return f"postgresql+psycopg://{user}{secret}@/postgres?{query}"

    def room(self, **how: str) -> str:
        """Return the URL of an empty schema."""
        name = f"room_{next(self._numbers)}"
        self.say(f"CREATE SCHEMA {name}")
        return self.url(options=f"-csearch_path={name}", **how)

    def say(self, statement: str) -> None:
        """Run one statement as the owner of everything."""
        how = f"host={self._folder} user={OWNER} dbname=postgres"
        with psycopg.connect(how, autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Make the data folder and begin to serve."""
        data = self._folder / "data"
        making = [*map(str, ("-D", data, "-U", OWNER, "-A", "trust", "--no-sync", "-E", "UTF8"))]
        with self._begin("initdb", *making) as made:
            said, _ = made.communicate(timeout=START_S)
        assert made.returncode == 0, said
        where = ("-c", "listen_addresses=", "-k", str(self._folder))
        self._process = self._begin("postgres", "-D", str(data), *SETTINGS, *where)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        assert self._ready.wait(START_S), "".join(self._log)
        assert self._process.poll() is None, "".join(self._log)

    def stop(self) -> None:
        """End the process that was started here, with all of its own."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)  # at once; nothing in it is worth saving
        self._process.wait(START_S)
        assert self._reader is not None
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _begin(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._programs / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            **_as_owner(),
        )

    def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._log.append(line)
            if "ready to accept connections" in line:
                self._ready.set()
        self._ready.set()  # it has ended: whoever waits shall see why


@contextmanager
def running_server() -> Iterator[Server]:
    """Serve for as long as the block takes; the test is skipped where no server is installed."""
    if psycopg is None:
        absent("psycopg", how="pip install 'holdfast[postgres]'")
    programs = server_programs()
    if programs is None:
        absent("PostgreSQL", how="apt install postgresql, or put its initdb into PATH")
    # Not below pytest's folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="holdfast-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, user="postgres")
        server = Server(folder, programs)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def server_programs() -> Path | None:
    """Return the folder of the newest server's programs, or None where there is none."""
    found = [path for top in FOLDERS for path in Path(top).glob("**/bin/initdb")]
    newest = sorted(found, key=lambda path: [int(n) for n in path.parts if n.isdigit()])
    in_path = shutil.which("initdb")
    initdb = in_path or (newest[-1] if newest else None)
    if initdb is None or (os.geteuid() == 0 and not _has_user("postgres")):
        return None
    return Path(initdb).resolve().parent


def _as_owner() -> dict[str, Any]:
    # The server refuses to run as root; Debian's package brings a user for it.
    return (
        {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    )


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
