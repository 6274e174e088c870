"""Series out of the files people have: CSV, TSV, JSON, or one number a line.

A file is refused whole when a cell is no number where a number must be: a series with a point left
out by guess would show its changes at the wrong rows.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reports.change_points.detection import MOST_POINTS
from reports.change_points.errors import SeriesFileError
from reports.errors import DamagedDocumentError
from reports.strict_json import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Columns that say where a row is from, whatever their cells look like: a commit may be 4711.
_PLACES: Final = frozenset(
    {"branch", "build", "commit", "date", "datetime", "hash", "id", "label", "revision", "run",
     "sha", "tag", "time", "timestamp", "version"}
)  # fmt: skip
_DELIMITERS: Final = ("\t", ";", ",")
_MOST_CELL: Final = 40  # characters of a wrong cell that are shown
_WHOLE: Final = "Nothing was judged. Correct the line, or take it out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One series of a file.

    Attributes:
        name: The header's, or `column 3` without one.
        values: Oldest first, rows without a value left out.
        labels: What the file says of each value's row: commit, time, or the line.
        empty: Rows without a value.
    """

    name: str
    values: tuple[float, ...]
    labels: tuple[str, ...]
    empty: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFile:
    """What one file holds.

    Attributes:
        notes: What the reader should know, such as two branches in one series.
    """

    path: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which columns and rows of a file are wanted.

    Attributes:
        columns: Names, or numbers from 1; none for every column of numbers.
        time: The column that labels rows, by name or number.
        where: Only rows with these cells, as column and text.
        newest_first: The file's last row is the oldest.
    """

    columns: tuple[str, ...] = ()
    time: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    newest_first: bool = False


def read_series(path: Path, choice: Choice | None = None) -> SeriesFile:
    """Return the series of a file.

    Raises:
        SeriesFileError: A cell is no finite number, a row is cut short, a column is not there, or
            there is no number at all. The file is refused whole, with the line.
    """
    choice = choice or Choice()
    try:
        data = read_bytes(path)
    except DamagedDocumentError as error:
        raise SeriesFileError(
            str(path), None, error.reason, "Name a file that can be read."
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SeriesFileError(str(path), line, "it is no UTF-8 text", _WHOLE) from error
    stripped = text.lstrip()
    is_json = path.suffix == ".json" or stripped[:1] in {"{", "["}
    header, rows = _json_rows(text, str(path)) if is_json else _text_rows(text, str(path))
    return _Table(str(path), header, rows).chosen(choice)


class _Table:
    """Rows of cells under a header; picks columns out of them."""

    __slots__ = ("_header", "_path", "_rows")

    def __init__(self, path: str, header: tuple[str, ...], rows: list[_Row]) -> None:
        self._path = path
        self._header = header
        self._rows = rows

    def chosen(self, choice: Choice) -> SeriesFile:
        for column, wanted in choice.where:
            at = self._column(column)
            self._rows = [row for row in self._rows if row.cells[at] == wanted]
        if choice.newest_first:
            self._rows.reverse()
        if not self._rows:
            raise self._wrong(None, "it has no row of values", "Name a file with numbers.")
        if len(self._rows) > MOST_POINTS:
            raise self._wrong(
                None, f"it has {len(self._rows)} rows", f"Take {MOST_POINTS} or fewer."
            )
        label = None if choice.time is None else self._column(choice.time)
        wanted_columns = [self._column(each) for each in choice.columns]
        found = wanted_columns or [
            at for at in range(len(self._header)) if self._is_series(at, label)
        ]
        if not found:
            raise self._wrong(None, "no column holds numbers", "Name one with --column.")
        return SeriesFile(
            path=self._path,
            columns=tuple(self._series(at, label) for at in found),
            notes=tuple(self._notes()),
        )

    def _is_series(self, at: int, label: int | None) -> bool:
        if at == label or self._header[at].strip().lower() in _PLACES:
            return False
        first = next((row.cells[at] for row in self._rows if row.cells[at]), "")
        return _number(first) is not None

    def _series(self, at: int, label: int | None) -> Column:
        values = []
        labels = []
        for row in self._rows:
            cell = row.cells[at]
            if not cell:
                continue
            number = _number(cell)
            if number is None or not math.isfinite(number):
                shown = cell if len(cell) <= _MOST_CELL else f"{cell[:_MOST_CELL]}..."
                reason = f"{shown!r} in column {self._header[at]} is no finite number"
                raise self._wrong(row.line, reason, _WHOLE)
            values.append(number)
            labels.append(self._label(row, label))
        if not values:
            raise self._wrong(None, f"column {self._header[at]} is empty", "Name another.")
        return Column(
            name=self._header[at],
            values=tuple(values),
            labels=tuple(labels),
            empty=len(self._rows) - len(values),
        )

    def _label(self, row: _Row, label: int | None) -> str:
        if label is not None:
            return row.cells[label]
        places = [
            cell
            for name, cell in zip(self._header, row.cells, strict=True)
            if name.strip().lower() in _PLACES - {"branch"} and cell
        ]
        return " ".join(places) or f"line {row.line}"

    def _notes(self) -> Iterator[str]:
        for at, name in enumerate(self._header):
            if name.strip().lower() != "branch":
                continue
            branches = sorted({row.cells[at] for row in self._rows})
            if len(branches) > 1:
                yield (
                    f"rows of {len(branches)} branches are one series here "
                    f"({', '.join(branches[:4])}); take one with --where {name}={branches[0]}"
                )

    def _column(self, wanted: str) -> int:
        if wanted in self._header:
            return self._header.index(wanted)
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self._header):
            return int(wanted) - 1
        known = ", ".join(self._header[:12])
        raise self._wrong(None, f"there is no column {wanted!r}", f"It has: {known}.")

    def _wrong(self, line: int | None, reason: str, advice: str) -> SeriesFileError:
        return SeriesFileError(self._path, line, reason, advice)


def _number(cell: str) -> float | None:
    # Python's own extras, 1_000 and NaN, are no numbers of a results file.
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _text_rows(text: str, path: str) -> tuple[tuple[str, ...], list[_Row]]:
    lines = text.splitlines()
    content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not content:
        raise SeriesFileError(path, None, "it is empty", "Name a file with numbers.")
    delimiter = max(_DELIMITERS, key=content[0].count)
    rows = list(_cells(lines, delimiter, path))
    header = _header(rows[0])
    body = rows if header is None else rows[1:]
    names = header or tuple(f"column {at + 1}" for at in range(len(rows[0].cells)))
    for row in body:
        if len(row.cells) != len(names):
            reason = f"it has {len(row.cells)} cells, and the first row has {len(names)}"
            raise SeriesFileError(path, row.line, reason, _WHOLE)
    return names, body


def _cells(lines: Sequence[str], delimiter: str, path: str) -> Iterator[_Row]:
    # Comments become empty lines, so that the reader's line numbers stay the file's.
    plain = ("" if line.lstrip().startswith("#") else line for line in lines)
    reader = csv.reader((f"{line}\n" for line in plain), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _Row(line=reader.line_num, cells=tuple(cell.strip() for cell in cells))
    except csv.Error as error:
        raise SeriesFileError(path, reader.line_num, f"it is no CSV ({error})", _WHOLE) from error


def _header(row: _Row) -> tuple[str, ...] | None:
    if any(_number(cell) is not None for cell in row.cells):
        return None
    return row.cells


def _json_rows(text: str, path: str) -> tuple[tuple[str, ...], list[_Row]]:
    advice = 'Give [1, 2], {"name": [1, 2]} or [{"time": "...", "name": 1}].'
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise SeriesFileError(path, error.lineno, f"it is no JSON ({error.msg})", _WHOLE) from error
    except (RecursionError, ValueError) as error:
        raise SeriesFileError(path, None, f"it is no JSON of series ({error})", advice) from error
    columns = _json_columns(found)
    if not columns:
        raise SeriesFileError(path, None, "it holds no list of numbers", advice)
    names = tuple(columns)
    length = max(map(len, columns.values()))
    rows = [
        _Row(line=at + 1, cells=tuple(_cell(column, at) for column in columns.values()))
        for at in range(length)
    ]
    return names, rows


def _json_columns(found: Any) -> dict[str, list[Any]]:  # noqa: ANN401  # JSON of anybody's
    if isinstance(found, dict):
        return {name: each for name, each in found.items() if isinstance(each, list)}
    if not isinstance(found, list) or not found:
        return {}
    if all(isinstance(each, dict) for each in found):
        names = dict.fromkeys(name for each in found for name in each)
        return {name: [each.get(name) for each in found] for name in names}
    return {"column 1": found}


def _cell(column: Sequence[Any], at: int) -> str:
    if at >= len(column) or column[at] is None:
        return ""
    # json writes a text's own quotes; a bool, a list or an object is shown as it stands.
    return column[at] if isinstance(column[at], str) else json.dumps(column[at])
