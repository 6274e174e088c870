"""Series with lone spikes: no change, and the first place to look when one is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.changes import names_of
from reports.page.curve import sparkline, thinned
from reports.page.trend_words import relative_noise, share_words
from reports.quantities import count

if TYPE_CHECKING:
    from reports.judging.verdict import JudgedSeries
    from reports.page.data import PageData

_SHOWN: Final = 20
_LABELS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstableRow:
    """A series with lone spikes, and what could be seen in it at all."""

    name: str
    place: str
    environment: str
    spikes: str
    where: str
    noise: str
    visible: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstable:
    """The series with most spikes for their length, and how many more there are."""

    rows: tuple[UnstableRow, ...]
    more: int

    @property
    def badge(self) -> str:
        """Return how many there are."""
        return count(len(self.rows) + self.more, "series", "series")


def view(data: PageData) -> Unstable | None:
    """Return the unstable series, or None where there is none."""
    if data.judgement is None:
        return None
    found = [one for one in data.judgement.series if one.spikes and one.key in data.series]
    if not found:
        return None
    found.sort(key=lambda one: (-len(one.spikes) / one.points, one.key.benchmark, one.key.metric))
    rows = tuple(_row(data, one) for one in found[:_SHOWN])
    return Unstable(rows=rows, more=len(found) - len(rows))


def _row(data: PageData, judged: JudgedSeries) -> UnstableRow:
    points = data.series[judged.key].points()
    place, name = names_of(judged.key.benchmark, judged.key.metric)
    began = data.began(judged)
    labels = [points[began + at].label for at in judged.spikes]
    more = f" and {len(labels) - _LABELS} more" if len(labels) > _LABELS else ""
    return UnstableRow(
        name=name,
        place=place,
        environment=data.places[judged.key.environment],
        spikes=f"{len(judged.spikes)} of {count(judged.points, 'point')}",
        where=", ".join(labels[-_LABELS:]) + more,
        noise=share_words(relative_noise(judged)),
        visible=share_words(judged.smallest_visible),
        line=sparkline(thinned(points)),
    )
