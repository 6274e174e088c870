"""What a store looks like on disk, and how to tell one from anything else.

<store>/holdfast-store.json    the mark: this folder is ours
<store>/runs/<sha256>.json     one immutable document per run: the truth
<store>/index.sqlite3          an index of them, which can be thrown away and rebuilt
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.errors import DamagedDocumentError, NoStoreError, StoreNotOursError
from reports.strict_json import parse, read_bytes
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

RUNS: Final = "runs"
INDEX: Final = "index.sqlite3"
_MARK: Final = "holdfast-store.json"
_MARK_BYTES: Final = b'{"schema": "holdfast.store/1"}\n'


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
        raise StoreNotOursError(store, f"the mark {_MARK} is not in it")


def is_store(store: Path) -> bool:
    """Return whether the folder bears our mark, of a version that is read here.

    Raises:
        StoreNotOursError: The mark is there but damaged or of another version.
    """
    mark = store / _MARK
    if not mark.exists():
        return False
    try:
        schema = parse(read_bytes(mark), document=str(mark)).text("schema")
    except DamagedDocumentError as error:
        raise StoreNotOursError(store, f"its mark is damaged ({error.reason})") from error
    if schema != "holdfast.store/1":
        raise StoreNotOursError(store, f"its mark says {schema!r}; holdfast.store/1 is read here")
    return True


def _check_free(store: Path) -> None:
    if not store.exists():
        return
    if not store.is_dir():
        raise StoreNotOursError(store, "it is a file")
    # Another process may be placing the mark at this moment: its partial file is no foreign file.
    foreign = [one.name for one in store.iterdir() if not one.name.startswith(f".{_MARK}")]
    if foreign and not is_store(store):
        raise StoreNotOursError(store, f"it holds {min(foreign)!r} and lacks the mark {_MARK}")


def _place_mark(store: Path) -> None:
    # A partial file of its own for each caller: threads of one process make a store together too.
    write_atomically(store / _MARK, _MARK_BYTES, prefix=f".{_MARK}.")
