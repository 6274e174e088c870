"""The folder of one target: what lies where, and whose turn it is to write there.

TARGET/corpus/        inputs that are kept; see `fuzz.campaign.corpus`
TARGET/crashes/       inputs of findings; see `fuzz.triaging.crash_store`
TARGET/suspects/      inputs that ran when their process was killed: run again first
TARGET/workers/       journals and black boxes of workers, until the database has taken them in
TARGET/campaigns.sqlite3
TARGET/lock           held by the campaign that runs; says whose it is
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from fuzz.campaign.errors import FolderError, FolderInUseError

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "win32":
    import fcntl
else:
    import msvcrt

DEFAULT_FOLDER: Final = Path("build/fuzz")
DATABASE: Final = "campaigns.sqlite3"
_UNSAFE: Final = re.compile(r"[^\w.-]+")
PATIENCE_S: Final = 1.0  # `status` holds the lock for a moment, to see whether somebody does


def folder_name(target: str) -> str:
    """Return the name of a target's folder."""
    return _UNSAFE.sub("_", target)


class CampaignFolder:
    """The paths of one target's folder."""

    def __init__(self, folder: Path, target: str) -> None:
        self.path = folder / folder_name(target)
        self.corpus = self.path / "corpus"
        self.crashes = self.path / "crashes"
        self.suspects = self.path / "suspects"
        self.workers = self.path / "workers"
        self.database = self.path / DATABASE
        self.lock = self.path / "lock"

    def make(self) -> None:
        """Make what is not there yet, and see that all of it can be written.

        Raises:
            FolderError: A part cannot be made or written.
        """
        for one in (self.path, self.corpus, self.crashes, self.suspects, self.workers):
            try:
                one.mkdir(parents=True, exist_ok=True)
                # The question is asked of the system itself: permissions alone do not tell of a
                # read-only file system.
                probe = one / f".writable-{os.getpid()}"
                probe.touch()
                probe.unlink()
            except OSError as error:
                raise FolderError(one, error.strerror or str(error)) from error


class Lock:
    """The right to run a campaign in a folder. The system takes it back from a dead process.

    Raises:
        FolderInUseError: Another campaign has it.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        until_s = time.monotonic() + PATIENCE_S
        while not _try_lock(self._file):
            if time.monotonic() > until_s:
                pid = _owner(self._file)
                self._file.close()
                raise FolderInUseError(path.parent, pid)
            time.sleep(PATIENCE_S / 20)
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "began_at": time.time()}, self._file)
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()


def running_in(path: Path) -> bool:
    """Return whether a campaign holds the lock at `path`."""
    with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="utf-8") as file:
        return not _try_lock(file)
    return False


def target_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders below `folder` that hold a database, by name."""
    if folder.is_dir():
        yield from sorted(one.parent for one in folder.glob(f"*/{DATABASE}"))


def _owner(file: IO[str]) -> int | None:
    file.seek(0)
    try:
        return int(json.load(file)["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def _try_lock(file: IO[str]) -> bool:
    try:
        if sys.platform != "win32":
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            # Far behind the text, which others may read while it is locked.
            file.seek(1 << 20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
