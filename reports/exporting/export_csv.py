"""A store as CSV: one row a measure, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

from reports.exporting.filters import chosen_series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.exporting.filters import Filter
    from reports.series import RunValue, Series
    from reports.store import Store

COLUMNS: Final = (
    "benchmark", "params", "metric", "unit", "direction", "environment", "commit", "dirty",
    "position", "committed_at", "written_at", "run", "value", "n", "min", "q1", "median", "q3",
    "max",
)  # fmt: skip
# With these at the start a spreadsheet takes text for a formula, which may run programs.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(store: Store, wanted: Filter) -> Iterator[str]:
    """Yield the header and one row for each run of each series that fits."""
    yield _line(COLUMNS)
    for series in chosen_series(store, wanted):
        for run in series.runs:
            yield _line(_row(series, run))


def as_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: with an apostrophe where it would."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(series: Series, run: RunValue) -> tuple[str, ...]:
    stamp = run.stamp
    params = json.dumps(dict(series.params), sort_keys=True) if series.params else ""
    texts = (series.key.benchmark, params, series.key.metric, series.unit)
    summary = (run.value, run.n, run.minimum, run.q1, run.median, run.q3, run.maximum)
    return (
        *(as_text(text) for text in texts),
        series.direction.name.lower(),
        series.key.environment,
        stamp.commit_id or "",
        "yes" if stamp.dirty else "no",
        "" if stamp.position is None else str(stamp.position),
        stamp.committed_at.isoformat() if stamp.committed_at else "",
        stamp.written_at.isoformat(),
        stamp.run_id,
        *("" if number is None else repr(number) for number in summary),
    )


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
