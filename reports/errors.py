"""What can go wrong with a store, a document or a comparison, in words that say what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ReportsError(Exception):
    """Base of every error this package raises on purpose."""


class BadValueError(ReportsError, ValueError):
    """A value given to a record, a measure or a call is not one it takes."""

    def __init__(self, what: str, got: str, takes: str) -> None:
        super().__init__(what, got, takes)
        self.what = what
        self.got = got
        self.takes = takes

    def __str__(self) -> str:
        return f"{self.what} got {self.got}; it takes {self.takes}."


class DamagedDocumentError(ReportsError):
    """Bytes that should be a document are cut short, malformed or out of their limits.

    `line` and `column` count from 1; they are None where the reason has no place in the text.
    """

    def __init__(
        self, document: str, reason: str, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(document, reason, line, column)
        self.document = document
        self.reason = reason
        self.line = line
        self.column = column

    def __str__(self) -> str:
        next_step = "Fetch or write it again, or leave it out."
        if self.line is None:
            return f"{self.document} was refused: {self.reason}. It was not changed. {next_step}"
        column = "" if self.column is None else f", column {self.column}"
        return (
            f"{self.document}, line {self.line}{column}: {self.reason}. "
            f"The whole file was refused and not changed. {next_step}"
        )


class UnknownDocumentError(ReportsError):
    """A well-formed document is of a kind or version that this release does not read."""

    def __init__(self, document: str, schema: str, known: tuple[str, ...]) -> None:
        super().__init__(document, schema, known)
        self.document = document
        self.schema = schema
        self.known = known

    def __str__(self) -> str:
        return (
            f"{self.document} is {self.schema}, which is not read here; known are "
            f"{', '.join(self.known)}. It was not changed. "
            "A newer schema needs a newer holdfast; anything else belongs elsewhere."
        )


class StoreNotOursError(ReportsError):
    """A folder or file stands where a store should be, and holdfast did not write it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} is not a holdfast store: {self.reason}. Nothing in it was changed. "
            "Name an empty or new folder, or move what is there out of the way."
        )


class NoStoreError(ReportsError):
    """There is no store at the path."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"there is no store at {self.path}. `holdfast report ingest` makes one, and so does "
            "every stress, fuzz or planted run; or name another with --store."
        )


class UnlikeEnvironmentsError(ReportsError):
    """Two results were measured under conditions that make their ratio meaningless."""

    def __init__(self, differences: tuple[str, ...]) -> None:
        super().__init__(differences)
        self.differences = differences

    def __str__(self) -> str:
        return (
            f"not compared, because the environments differ: {'; '.join(self.differences)}. "
            "Measure both on one machine with one Python."
        )


class TooLittleDataError(ReportsError):
    """There is not enough history to judge anything."""

    def __init__(self, reason: str, needed: str) -> None:
        super().__init__(reason, needed)
        self.reason = reason
        self.needed = needed

    def __str__(self) -> str:
        return f"nothing could be judged: {self.reason}. {self.needed}"


class MissingExtraError(ReportsError):
    """Something needs a library that is not installed."""

    def __init__(
        self,
        library: str,
        needed_by: str = "the page and its figures",
        extra: str = "reports",
    ) -> None:
        super().__init__(library, needed_by, extra)
        self.library = library
        self.needed_by = needed_by
        self.extra = extra

    def __str__(self) -> str:
        verb = "need" if self.needed_by.endswith("s") else "needs"
        return (
            f"{self.needed_by} {verb} {self.library}, which is not installed. "
            f"Run: pip install 'holdfast[{self.extra}]'"
        )
