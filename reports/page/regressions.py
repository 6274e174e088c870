"""What got worse and stands: each with its commit range, its figure and what to do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.changes import ChangeView, change_view
from reports.page.curve import curve_of
from reports.page.lineage import series_before
from reports.page.profile_hint import ProfileHint, profile_hint
from reports.page.profiles import profile_links
from reports.page.trend_figure import Drawing, draw_trend
from reports.page.trend_words import trend_words
from reports.quantities import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.judging.verdict import SeriesChange
    from reports.page.data import PageData

FIGURES: Final = 24  # matplotlib takes about 100 ms and 30 KiB for each; the others are in Trends


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """One change for the worse, with a figure unless there are too many.

    Attributes:
        profile: Where its time goes, or how to find out.
    """

    change: ChangeView
    environment: str
    words: str
    drawing: Drawing | None
    profile: ProfileHint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regressions:
    """All that stands, by the range of commits it came in, and all that was accepted."""

    groups: tuple[tuple[str, tuple[Regression, ...]], ...]
    acknowledged: tuple[ChangeView, ...]
    undrawn: int

    @property
    def badge(self) -> str:
        """Return how many stand, for the navigation."""
        standing = sum(len(group) for _, group in self.groups)
        return count(standing, "open", "open") if standing else ""


def view(data: PageData) -> Regressions | None:
    """Return the regressions, or None where there are none and none were accepted."""
    if data.judgement is None:
        return None
    standing = data.judgement.regressions
    known = [
        change
        for one in data.judgement.series
        for change in one.changes
        if change.acknowledged is not None and change.standing
    ]
    if not standing and not known:
        return None
    groups: dict[str, list[Regression]] = defaultdict(list)
    links = profile_links(data)
    for at, change in enumerate(standing):
        one = _regression(data, change, links, drawn=at < FIGURES)
        groups[one.change.where].append(one)
    return Regressions(
        groups=tuple((where, tuple(group)) for where, group in groups.items()),
        acknowledged=tuple(change_view(data, change) for change in known),
        undrawn=max(len(standing) - FIGURES, 0),
    )


def _regression(
    data: PageData, change: SeriesChange, links: Mapping[str, str], *, drawn: bool
) -> Regression:
    series, judged = data.series[change.key], data.judged(change.key)
    words = trend_words(series, judged)
    seen = change_view(data, change)
    curve = curve_of(series, judged, before=series_before(data, series))
    title = f"{change.key.benchmark}, {change.key.metric}, {change.alert_id}"
    return Regression(
        change=seen,
        environment=data.places[change.key.environment],
        words=words,
        drawing=draw_trend(curve, title=title, description=words) if drawn else None,
        profile=profile_hint(data, change, links=links),
    )
