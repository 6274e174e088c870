"""Every series: a row in a table first, its curve when somebody opens it.

Rows and curves stand in the page as data. The script builds as many rows as are looked at, and
reads the curves in chunks when the first of a chunk is needed: 10 000 rows of elements would take
a browser longer to lay out than a reader waits. Without a script the same rows stand in a
`<noscript>` as an ordinary table, which a browser with a script skips unread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.changes import names_of
from reports.page.curve import Curve, curve_of, sparkline
from reports.page.embedded import embedded_json
from reports.page.lineage import series_before
from reports.page.run_sides import RunSides, run_sides
from reports.page.series_table import curve_values, table_values
from reports.page.trend_words import STATE_MARKS, relative_noise, share_words
from reports.quantities import count, percent, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.judging.verdict import JudgedSeries
    from reports.page.data import PageData

_CHUNK: Final = 64  # curves read at a time: a screen of rows needs one or two chunks
_SPARKLINES: Final = 1000  # without a script; beyond, they would outweigh the page
_ABSENT: Final = "\u2013"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRow:
    """One series as a row of text."""

    mark: str
    state: str
    name: str
    place: str
    environment: str
    value: str
    change: str
    noise: str
    visible: str
    runs: str
    line: str
    before_and_now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """All series of the store.

    Attributes:
        rows: For a page without a script.
        table: JSON of all rows.
        chunks: JSON of the curves, in the order of the rows.
    """

    rows: tuple[PlainRow, ...]
    table: str
    chunks: tuple[str, ...]

    @property
    def badge(self) -> str:
        """Return how many series there are."""
        return count(len(self.rows), "series", "series")


def view(data: PageData) -> Trends | None:
    """Return every series, or None where no benchmark was ever stored."""
    judgement = data.judgement
    if judgement is None or not judgement.series:
        return None
    judged = [one for one in judgement.series if one.key in data.series]
    order = {one.key: at for at, one in enumerate(judged)}
    codes: dict[str, int] = {}
    curves = [_curve(data, one) for one in judged]
    sides = [run_sides(data.series[one.key], one) for one in judged]
    drawn = [
        curve_values(curve, codes=codes, sides=its)
        for curve, its in zip(curves, sides, strict=True)
    ]
    for one, values in zip(judged, drawn, strict=True):
        before = series_before(data, data.series[one.key])
        if before is not None and before.key in order:
            values["e"] = order[before.key]
    table = table_values(data, judged) | {"codes": list(codes), "chunk": _CHUNK}
    rows = zip(judged, curves, sides, strict=True)
    return Trends(
        rows=tuple(_plain_row(data, *parts, at=at) for at, parts in enumerate(rows)),
        table=embedded_json(table),
        chunks=tuple(embedded_json(chunk) for chunk in _chunks(drawn)),
    )


def _curve(data: PageData, judged: JudgedSeries) -> Curve:
    return curve_of(data.series[judged.key], judged)


def _chunks(values: Sequence[object]) -> Iterator[Sequence[object]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _plain_row(
    data: PageData, judged: JudgedSeries, curve: Curve, sides: RunSides | None, *, at: int
) -> PlainRow:
    place, name = names_of(judged.key.benchmark, judged.key.metric)
    last = judged.changes[-1].change if judged.changes else None
    return PlainRow(
        mark=STATE_MARKS[judged.state],
        state=state_words(judged),
        name=name,
        place=place,
        environment=data.places[judged.key.environment],
        value=quantity(judged.current, judged.unit),
        change=_ABSENT if last is None else percent(last),
        noise=share_words(relative_noise(judged)),
        visible=share_words(judged.smallest_visible),
        runs=str(judged.runs),
        line=sparkline(curve.points, most=40) if at < _SPARKLINES else "",
        before_and_now=sides.numbers if sides else _ABSENT,
    )


def state_words(judged: JudgedSeries) -> str:
    """Return a series' state as the table says it, lone spikes included."""
    return f"{judged.state.value}, unstable" if judged.spikes else judged.state.value
