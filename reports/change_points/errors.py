"""What can be wrong with a file of series, with the line."""

from __future__ import annotations

from reports.errors import ReportsError


class SeriesFileError(ReportsError):
    """A file holds something that is no series, or not the column that was asked for."""

    def __init__(self, path: str, line: int | None, reason: str, advice: str) -> None:
        super().__init__(path, line, reason, advice)
        self.path = path
        self.line = line
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        where = f"{self.path}, line {self.line}" if self.line else self.path
        return f"{where}: {self.reason}. {self.advice}"
