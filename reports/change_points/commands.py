"""`holdfast report changes`: where the series of any file changed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from reports.change_points.analysis import ChangeKind
from reports.change_points.detection import detect
from reports.change_points.multiple import adjusted
from reports.change_points.series_file import Choice, Column, read_series
from reports.command_line import columns as aligned
from reports.command_line import explained, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.change_points.analysis import Analysis, Change

CHANGED_EXIT: Final = 1
NOTHING_EXIT: Final = 2
_SPIKES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    file: str
    column: Column
    analysis: Analysis
    adjusted: tuple[float, ...]

    def told(self, level: float) -> list[tuple[Change, float]]:
        pairs = zip(self.analysis.changes, self.adjusted, strict=True)
        return [(change, p) for change, p in pairs if p <= level]


@click.command(
    name="changes",
    short_help="Tell where any CSV, TSV or JSON series changed.",
    help="""Find where each series of the files changed: steps, drifts, and lone spikes.

    A change is told when it is larger than the floors and than noise explains, the search for its
    place included; p is then adjusted for all series judged together (Benjamini-Hochberg).

    \b
    Files, oldest row first:
      CSV, TSV   a header and columns; every column of numbers is a series
      numbers    one a line
      JSON       [1, 2], {"name": [1, 2]}, or [{"time": "...", "name": 1}]

    \b
    Examples:
      holdfast report changes timings.csv
      holdfast report changes results.csv --column p50 --column 7 --time commit
      holdfast report changes results.csv --where branch=main --json

    \b
    Exit codes:
      0  no series changed
      1  at least one changed
      2  wrong usage, a file that was refused, or nothing could be told of any series

    How it works and what it cannot see: docs/explanation/change-points.md.
    """,
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--column", "names", multiple=True, help="A series, by name or number from 1.")
@click.option("--time", help="The column that labels rows, by name or number.")
@click.option("--where", "rows", multiple=True, metavar="COLUMN=TEXT", help="Only these rows.")
@click.option("--newest-first", is_flag=True, help="The last row is the oldest.")
@click.option(
    "--floor",
    type=click.FloatRange(min=0, max=100_000),
    default=2.0,
    show_default=True,
    help="Percent that a level may always move.",
)
@click.option(
    "--absolute-floor",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How far a level may always move, in its unit.",
)
@click.option(
    "--p",
    "level",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=0.05,
    show_default=True,
    help="Share of false changes among those told that is put up with.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")
@explained
def changes_command(  # noqa: PLR0913  # one argument for each option, as click passes them
    *,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    time: str | None,
    rows: tuple[str, ...],
    newest_first: bool,
    floor: float,
    absolute_floor: float,
    level: float,
    as_json: bool,
) -> None:
    """Judge every series of the files together, and say what was found."""
    choice = Choice(
        columns=names, time=time, where=tuple(map(_condition, rows)), newest_first=newest_first
    )
    judged = _judged(files, choice, floor=floor / 100, absolute_floor=absolute_floor)
    if as_json:
        click.echo(json.dumps(_document(judged, level), indent=2, allow_nan=False))
    else:
        for line in _lines(judged, level):
            say(line)
    if any(each.told(level) for each in judged):
        raise SystemExit(CHANGED_EXIT)
    if all(each.analysis.reason for each in judged):
        raise SystemExit(NOTHING_EXIT)


def _condition(text: str) -> tuple[str, str]:
    column, found, wanted = text.partition("=")
    if not found:
        raise click.UsageError(f"--where got {text!r}; it takes COLUMN=TEXT.")
    return column, wanted


def _judged(
    files: Sequence[Path], choice: Choice, *, floor: float, absolute_floor: float
) -> list[_Judged]:
    found: list[tuple[str, Column, Analysis]] = []
    # All files are read before one is judged: a refusal should not come after a minute's work.
    opened = [read_series(path, choice) for path in files]
    for file in opened:
        for note in file.notes:
            say(f"{file.path}: {note}", to_stderr=True)
        for column in file.columns:
            analysis = detect(column.values, floor=floor, absolute_floor=absolute_floor)
            found.append((file.path, column, analysis))
    # One p for each series: its least says whether it changed, and each change is adjusted with it.
    everything = [change.p for _, _, analysis in found for change in analysis.changes]
    quiet = sum(1 for _, _, analysis in found if not analysis.changes and not analysis.reason)
    corrected = iter(adjusted((*everything, *([1.0] * quiet))))
    return [
        _Judged(
            file=path,
            column=column,
            analysis=analysis,
            adjusted=tuple(next(corrected) for _ in analysis.changes),
        )
        for path, column, analysis in found
    ]


def _lines(judged: Sequence[_Judged], level: float) -> Iterator[str]:
    """Return the report for people, a paragraph a series."""
    for each in judged:
        yield f"{each.file}: {each.column.name}, {_summary(each, level)}"
        rows = [_cells(each, change, p) for change, p in each.told(level)]
        if rows:
            head = (
                "  what",
                "index",
                "within",
                "at",
                "before",
                "after",
                "change",
                "95 %",
                "p",
                "p adjusted",
            )
            yield from aligned([head, *rows])
        yield from _asides(each)
    changed = sum(bool(each.told(level)) for each in judged)
    yield ""
    yield f"{changed} of {len(judged)} series changed."


def _summary(each: _Judged, level: float) -> str:
    analysis = each.analysis
    if analysis.reason:
        return f"nothing can be told: {analysis.reason}"
    told = len(each.told(level))
    found = f"{told} change{'' if told == 1 else 's'}" if told else "no change"
    noise = ""
    if analysis.level:
        noise = f", noise {abs(analysis.noise / analysis.level):.2%} of {analysis.level:.6g}"
    return f"{analysis.points} points: {found}{noise}"


def _cells(each: _Judged, change: Change, p: float) -> tuple[str, ...]:
    place = each.column.labels[change.index]
    if change.kind is ChangeKind.DRIFT:
        place = f"from {place}{_until(each, change)}"
    low, high = change.interval
    return (
        f"  {change.kind.value}",
        str(change.index),
        "-".join(map(str, change.places)) if change.places else "",
        place,
        f"{change.before:.6g}",
        f"{change.after:.6g}",
        _percent(change.relative),
        f"{_percent(low)} to {_percent(high)}" if math.isfinite(low) else "unknown",
        f"{change.p:.2g}",
        f"{p:.2g}",
    )


def _until(each: _Judged, change: Change) -> str:
    """Return where a drift ended, or an empty text where it goes on."""
    ended = change.end is not None and change.end < each.analysis.points
    return f" to {each.column.labels[change.end - 1]}" if ended and change.end else ""


def _percent(share: float) -> str:
    return f"{share:+.1%}" if math.isfinite(share) else "from nought"


def _asides(each: _Judged) -> Iterator[str]:
    analysis = each.analysis
    if analysis.spikes:
        labels = [f"{at} ({each.column.labels[at]})" for at in analysis.spikes[:_SPIKES_SHOWN]]
        more = len(analysis.spikes) - len(labels)
        yield f"  lone spikes, no change: {', '.join(labels)}{f' and {more} more' if more else ''}"
    if each.column.empty:
        yield f"  rows without a value, left out: {each.column.empty}"
    if not analysis.reason:
        visible = analysis.smallest_visible
        seen = (
            "no step shows in three new points yet"
            if visible is None
            else f"smallest step that three new points would show: {visible:.1%}"
        )
        yield f"  {seen}"


def _document(judged: Sequence[_Judged], level: float) -> dict[str, Any]:
    return {
        "schema": "holdfast.changes/1",
        "level": level,
        "series": [
            {
                "file": each.file,
                "column": each.column.name,
                "points": each.analysis.points,
                "reason": each.analysis.reason,
                "level": each.analysis.level,
                "noise": each.analysis.noise,
                "correlation": each.analysis.correlation,
                "smallest_visible": each.analysis.smallest_visible,
                "empty": each.column.empty,
                "spikes": list(each.analysis.spikes),
                "changes": [_change(each, change, p) for change, p in each.told(level)],
            }
            for each in judged
        ],
    }


def _change(each: _Judged, change: Change, p: float) -> dict[str, Any]:
    def finite(number: float) -> float | None:
        return number if math.isfinite(number) else None

    return {
        "kind": change.kind.value,
        "index": change.index,
        "label": each.column.labels[change.index],
        "end": change.end,
        "end_label": None if change.end is None else each.column.labels[change.end - 1],
        "places": list(change.places) if change.places else None,
        "before": change.before,
        "after": change.after,
        "relative": finite(change.relative),
        "interval": [finite(end) for end in change.interval],
        "p": change.p,
        "adjusted_p": p,
    }
