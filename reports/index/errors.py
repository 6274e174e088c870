"""What can go wrong with an index; the documents are never at risk from any of it."""

from __future__ import annotations

from reports.errors import ReportsError


class IndexLostError(ReportsError):
    """An index of ours is gone, damaged or of another version: it is made anew from the documents.

    Whoever uses a `Store` never meets it.
    """

    def __init__(self, index: str, reason: str) -> None:
        super().__init__(index, reason)
        self.index = index
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the index {self.index} cannot be used any more: {self.reason}. "
            "Run `holdfast report rebuild`; the documents hold all that was in it."
        )


class IndexUnreachableError(ReportsError):
    """The database does not answer, or does not let us in or write."""

    def __init__(self, index: str, reason: str) -> None:
        super().__init__(index, reason)
        self.index = index
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the index {self.index} cannot be used: {self.reason}. Nothing is lost, since the "
            "documents hold everything. Mend that, or name another index with --index or "
            "HOLDFAST_INDEX; without either it is a file in the store."
        )


class IndexBusyError(ReportsError):
    """Another process kept the index to itself for longer than we wait."""

    def __init__(self, index: str, waited_s: float) -> None:
        super().__init__(index, waited_s)
        self.index = index
        self.waited_s = waited_s

    def __str__(self) -> str:
        return (
            f"the index {self.index} was kept by another process for {self.waited_s:g} s. Nothing "
            "is lost, since the documents hold everything. Try again; if it stays so, look for a "
            "process that was stopped in the middle."
        )


class IndexOfAnotherStoreError(ReportsError):
    """A database holds the index of another store, whose runs we would delete from it."""

    def __init__(self, index: str, owner: str, ours: str) -> None:
        super().__init__(index, owner, ours)
        self.index = index
        self.owner = owner
        self.ours = ours

    def __str__(self) -> str:
        return (
            f"the index {self.index} belongs to the store {self.owner[:8]}, and this one is "
            f"{self.ours[:8]}. Nothing in it was changed. Give each store a database of its own "
            "(or a schema, with ?options=-csearch_path=NAME), or bring the documents into that "
            "store with `holdfast report merge`."
        )


class IndexVersionError(ReportsError):
    """The tables on a server were made by another version of holdfast."""

    def __init__(self, index: str, found: int, known: int) -> None:
        super().__init__(index, found, known)
        self.index = index
        self.found = found
        self.known = known

    def __str__(self) -> str:
        newer = self.found > self.known
        advice = (
            "Use the holdfast that made them, or another database."
            if newer
            else "When nobody uses the older holdfast any more, drop them (their names begin with "
            "holdfast_) and run `holdfast report rebuild`; until then use another database."
        )
        return (
            f"the tables in {self.index} are of version {self.found}, and this holdfast knows "
            f"version {self.known}. Nothing in them was changed. {advice}"
        )


class IndexNotOursError(ReportsError):
    """Tables that bear our names are not what we made."""

    def __init__(self, index: str, table: str) -> None:
        super().__init__(index, table)
        self.index = index
        self.table = table

    def __str__(self) -> str:
        return (
            f"the index {self.index} has a table {self.table} that is not an index that holdfast "
            "made. Nothing in it was changed. Name another database or schema with --index."
        )


class RepositoryError(ReportsError):
    """A repository cannot say where commits stand."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.folder} cannot say where commits stand: {self.reason}. Nothing was changed. "
            "Name a clone of the project that has its whole history."
        )
