"""The gate's judgement in the values of `reports.judging.verdict`."""

from __future__ import annotations

import hashlib
import statistics
from typing import TYPE_CHECKING

from reports.change_points.analysis import ChangeKind
from reports.judging.gate import look
from reports.judging.judge import Judged, Judgement
from reports.judging.verdict import (
    JudgedSeries,
    Place,
    SeriesChange,
    SeriesState,
    StoreJudgement,
)
from reports.series import SeriesKey

if TYPE_CHECKING:
    from reports.series import Series
    from reports.store import Store

_STATES = {
    Judgement.REGRESSION: SeriesState.REGRESSION,
    Judgement.IMPROVEMENT: SeriesState.IMPROVEMENT,
    Judgement.UNCHANGED: SeriesState.UNCHANGED,
    Judgement.TOO_LITTLE: SeriesState.CANNOT_TELL,
    Judgement.NO_DIRECTION: SeriesState.NO_DIRECTION,
}


def judge_with_gate(store: Store) -> StoreJudgement:
    """Return what the gate says of every series of the newest run.

    Raises:
        TooLittleDataError: No benchmark has ever been stored.
    """
    report = look(store)
    every = {one.key: one for one in store.all_series()}
    judged = [_series(one, every[one.key]) for one in report.judged]
    order = list(SeriesState)
    judged.sort(key=lambda one: (order.index(one.state), one.key.benchmark, one.key.metric))
    return StoreJudgement(label=report.label, environment=report.environment, series=tuple(judged))


def _series(judged: Judged, series: Series) -> JudgedSeries:
    moved = judged.judgement in {Judgement.REGRESSION, Judgement.IMPROVEMENT}
    few = f"{judged.history_runs} earlier runs are too few"
    return JudgedSeries(
        key=judged.key,
        unit=judged.unit,
        direction=judged.direction,
        state=_STATES[judged.judgement],
        points=len(series.points()),
        runs=len(series.runs),
        current=judged.current,
        level=judged.baseline,
        noise=judged.noise,
        smallest_visible=judged.smallest_visible,
        changes=(_change(judged, series),) if moved else (),
        reason=few if judged.judgement is Judgement.TOO_LITTLE else "",
    )


def _change(judged: Judged, series: Series) -> SeriesChange:
    points = series.points()
    before = judged.baseline or statistics.median(series.values)
    half = abs((judged.limit or 0.0) / before) if before else 0.0
    change = judged.change or 0.0
    return SeriesChange(
        alert_id=_alert_id(judged.key, points[-1].code),
        key=judged.key,
        unit=judged.unit,
        direction=judged.direction,
        kind=ChangeKind.STEP,
        last_before=_place(series, len(points) - 2),
        first_after=_place(series, len(points) - 1),
        before=before,
        after=judged.current,
        change=change,
        interval=(change - half, change + half),
        p=0.001,
        p_adjusted=0.01,
        worse=judged.judgement is Judgement.REGRESSION,
        standing=True,
    )


def _place(series: Series, index: int) -> Place:
    point = series.points()[index]
    stamp = next(run.stamp for run in series.runs if run.stamp.code == point.code)
    return Place(index=index, label=point.label, commit_id=stamp.commit_id, at=stamp.written_at)


def _alert_id(key: SeriesKey, code: str) -> str:
    text = "\n".join((key.benchmark, key.metric, key.environment, code))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
