"""The gate: did the newest runs make any benchmark worse than its own past?

What is judged: for each series of the newest run's environment, the median of the newest code's
runs against the level of the runs before it. The run is the unit of evidence, never the rounds
within a run: between two runs of the same code values differ several times more than the rounds
suggest. Runs are in the store before they are judged, and judging changes nothing there, so a red
gate never keeps a result out and the next one is judged against complete history.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.errors import TooLittleDataError, UnlikeEnvironmentsError
from reports.judging.judge import LEAST_HISTORY_RUNS, Judged, Judgement, Limits, judge
from reports.judging.noise import multiple_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.environment import Environment
    from reports.series import RunStamp, Series
    from reports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Every series the gate looked at, and the environment they share."""

    environment: Environment
    label: str
    judged: tuple[Judged, ...]

    @property
    def regressions(self) -> tuple[Judged, ...]:
        """Return the series that got worse, the largest change first."""
        worse = self.having(Judgement.REGRESSION)
        return tuple(sorted(worse, key=lambda one: -abs(one.change or 0)))

    def having(self, judgement: Judgement) -> tuple[Judged, ...]:
        """Return the series with one judgement."""
        return tuple(one for one in self.judged if one.judgement is judgement)


def look(store: Store, *, limits: Limits | None = None) -> GateReport:
    """Return what became of every series that the newest code was measured on.

    Raises:
        TooLittleDataError: No benchmark has ever been stored.
    """
    every = store.all_series()
    if not every:
        needed = "Store one with `holdfast report ingest`."
        raise TooLittleDataError("the store holds no benchmark", needed)
    newest = max((run.stamp for one in every for run in one.runs), key=lambda at: at.written_at)
    home = _environment_of(newest, every)
    current = [one for one in every if one.key.environment == home and _is_current(one, newest)]
    return GateReport(
        environment=store.environment(home),
        label=newest.label,
        judged=_judge_all(current, limits or Limits()),
    )


def require_judged(report: GateReport, store: Store) -> None:
    """Raise unless at least one series had enough history in a like environment.

    Raises:
        UnlikeEnvironmentsError: There is history, but all of it from elsewhere.
        TooLittleDataError: There is too little history anywhere.
    """
    undone = {Judgement.TOO_LITTLE, Judgement.NO_DIRECTION}
    if any(one.judgement not in undone for one in report.judged):
        return
    differences = _elsewhere(report, store)
    if differences:
        raise UnlikeEnvironmentsError(differences)
    most = max((one.history_runs for one in report.judged), default=0)
    raise TooLittleDataError(
        f"the longest history before {report.label} has {most} of {LEAST_HISTORY_RUNS} runs",
        "Run the benchmarks again on the same machine and ingest each run.",
    )


def _judge_all(every: Sequence[Series], limits: Limits) -> tuple[Judged, ...]:
    able = [one for one in every if judge(one, limits=limits).limit is not None]
    multiple = multiple_for(len(able), least=limits.noise_multiple)
    fair = replace(limits, noise_multiple=multiple)
    return tuple(judge(one, limits=fair) for one in every)


def _is_current(series: Series, newest: RunStamp) -> bool:
    # A benchmark that the newest code no longer has is history, not something to judge.
    return series.runs[-1].stamp.commit_id == newest.commit_id


def _environment_of(stamp: RunStamp, every: Iterable[Series]) -> str:
    return next(
        one.key.environment
        for one in every
        if any(run.stamp.run_id == stamp.run_id for run in one.runs)
    )


def _elsewhere(report: GateReport, store: Store) -> tuple[str, ...]:
    """Return how the environments with enough history for the same benchmarks differ."""
    names = {(one.key.benchmark, one.key.metric) for one in report.judged}
    runs: dict[str, int] = defaultdict(int)
    for one in store.all_series():
        if (one.key.benchmark, one.key.metric) in names:
            runs[one.key.environment] = max(runs[one.key.environment], len(one.runs))
    home = report.environment.fingerprint
    others = [key for key, count in runs.items() if key != home and count >= LEAST_HISTORY_RUNS]
    if not others:
        return ()
    return min(
        (report.environment.differences(store.environment(other)) for other in others), key=len
    )
