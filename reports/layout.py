"""What a store looks like on disk, and how to tell one from anything else.

<store>/holdfast-store.json    the mark: this folder is ours
<store>/runs/<sha256>.json     one immutable document per run: the truth
<store>/index.sqlite3          an index of them, which can be thrown away and rebuilt
"""

from __future__ import annotations

import os
import re
import uuid
from typing import TYPE_CHECKING, Final

from reports.errors import DamagedDocumentError, NoStoreError, StoreNotOursError
from reports.file_lock import locked
from reports.strict_json import parse, read_bytes
from reports.whole_file import place_once, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

RUNS: Final = "runs"
INDEX: Final = "index.sqlite3"
MARK_FILE: Final = "holdfast-store.json"
_DOCUMENT: Final = re.compile(r"[0-9a-f]{64}\.json")
_SCHEMA: Final = "holdfast.store/1"
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}")


def claim_store(store: Path) -> None:
    """Make `store` a store: it is one already, or it is absent or empty and becomes one.

    Raises:
        StoreNotOursError: It holds something else; nothing was changed.
    """
    if not is_store(store):
        _check_free(store)
        store.mkdir(parents=True, exist_ok=True)
        _place_mark(store)
    (store / RUNS).mkdir(exist_ok=True)


def require_store(store: Path) -> None:
    """Raise NoStoreError or StoreNotOursError unless `store` is a store; change nothing."""
    if not store.exists():
        raise NoStoreError(store)
    if not is_store(store):
        raise StoreNotOursError(store, f"the mark {MARK_FILE} is not in it")


def is_store(store: Path) -> bool:
    """Return whether the folder bears our mark, of a version that is read here.

    Raises:
        StoreNotOursError: The mark is there but damaged or of another version.
    """
    return (store / MARK_FILE).exists() and bool(_read_mark(store))


def document_names(store: Path) -> frozenset[str]:
    """Return the names of the documents in a store: what stands before `.json`."""
    return frozenset(
        name.removesuffix(".json") for name in entries(store) if _DOCUMENT.fullmatch(name)
    )


def strangers(store: Path) -> tuple[str, ...]:
    """Return the names of what lies among the documents and is none, save for hidden files."""
    return tuple(
        sorted(
            name
            for name in entries(store)
            if not _DOCUMENT.fullmatch(name) and not name.startswith(".")
        )
    )


def entries(store: Path) -> list[str]:
    """Return the names of all that lies among the documents."""
    try:
        return os.listdir(store / RUNS)  # noqa: PTH208  # names alone: there may be many
    except FileNotFoundError:
        return []


def store_identity(store: Path) -> str:
    """Return the 32 hex digits that tell this store from any other, but not from its copies.

    A store that an earlier version made has none yet and gets one.

    Raises:
        StoreNotOursError: The mark is absent, damaged or of another version.
    """
    require_store(store)
    found = _read_mark(store)
    if _IDENTITY.fullmatch(found):
        return found
    with locked(store / MARK_FILE):
        found = _read_mark(store)  # another process may have been first
        if not _IDENTITY.fullmatch(found):
            write_atomically(store / MARK_FILE, _mark_bytes(), prefix=f".{MARK_FILE}.")
    return _read_mark(store)


def _read_mark(store: Path) -> str:
    """Return the identity in the mark, or a word where an old mark has none."""
    mark = store / MARK_FILE
    try:
        values = parse(read_bytes(mark), document=str(mark))
        schema, identity = values.text("schema"), values.text("id", default="none")
    except DamagedDocumentError as error:
        raise StoreNotOursError(store, f"its mark is damaged ({error.reason})") from error
    if schema != _SCHEMA:
        raise StoreNotOursError(store, f"its mark says {schema!r}; {_SCHEMA} is read here")
    return identity


def _mark_bytes() -> bytes:
    return f'{{"schema": "{_SCHEMA}", "id": "{uuid.uuid4().hex}"}}\n'.encode()


def _check_free(store: Path) -> None:
    if not store.exists():
        return
    if not store.is_dir():
        raise StoreNotOursError(store, "it is a file")
    # Another process may be placing the mark at this moment: its partial file is no foreign file.
    foreign = [one.name for one in store.iterdir() if not one.name.startswith(f".{MARK_FILE}")]
    if foreign and not is_store(store):
        raise StoreNotOursError(store, f"it holds {min(foreign)!r} and lacks the mark {MARK_FILE}")


def _place_mark(store: Path) -> None:
    # Whoever comes second keeps the first one's mark, and with it the store's identity.
    place_once(store / MARK_FILE, _mark_bytes(), prefix=f".{MARK_FILE}.")
