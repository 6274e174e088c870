"""Judge every series of a store together: what changed, since which commit, and does it stand?

Each series gives candidates; the correction over all of them says which are told (Benjamini and
Hochberg, J. R. Stat. Soc. B 57, 1995). Series that the newest code was measured on are one family,
those that are history another: a benchmark that is gone must not cost the others their power.
Environments are never mixed, since a series has one environment; judging changes nothing in the
store, so that a red gate keeps no result out.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from reports.change_points.multiple import adjusted
from reports.errors import TooLittleDataError
from reports.judging.acceptance import Bookkeeping
from reports.judging.accepted import Acceptances
from reports.judging.policy import Policy
from reports.judging.series_judging import Studied, analysed, candidates
from reports.judging.series_verdict import Company, judged_series
from reports.judging.session_noise import session_noise
from reports.judging.suspicion import spike_chance
from reports.judging.timeline import timeline
from reports.judging.verdict import SeriesState, StoreJudgement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reports.judging.newest_runs import Found
    from reports.judging.session_noise import SessionNoise
    from reports.judging.timeline import Spot
    from reports.judging.verdict import Acknowledgement, JudgedSeries
    from reports.series import RunStamp, Series, SeriesKey
    from reports.store import Store

_URGENCY: Final = {state: at for at, state in enumerate(SeriesState)}


def judge_store(
    store: Store,
    *,
    policy: Policy | None = None,
    accepted: Acceptances | None = None,
    series: Sequence[Series] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StoreJudgement:
    """Return what became of every series of benchmarks in the store.

    Args:
        policy: How strict to be; the defaults when None.
        accepted: The project's acknowledgements and resets; none when None.
        series: `store.all_series()`, from who has read it already: for a large store that takes
            as long as some judging. Read from the store when None.
        progress: Called with how many series were studied, and of how many.

    Raises:
        TooLittleDataError: No benchmark has ever been stored.
        MissingExtraError: NumPy is not installed.
    """
    every = store.all_series() if series is None else series
    if not every:
        needed = "Store one with `holdfast report ingest`."
        raise TooLittleDataError("the store holds no benchmark", needed)
    newest = newest_stamp(every)
    rules = policy or Policy()
    books = Bookkeeping(accepted or Acceptances())
    studied = []
    for one in _study_all(every, newest, rules, books):
        studied.append(one)
        if progress is not None:
            progress(len(studied), len(every))
    judged = _judge_all(studied, rules, books)
    return StoreJudgement(
        label=newest.label,
        environment=store.environment(_environment_of(newest, every)),
        series=tuple(sorted(judged, key=_by_urgency)),
        notes=books.notes(),
        behind=_behind(store, every, newest),
        false_discovery_rate=rules.false_discovery_rate,
    )


def newest_stamp(every: Iterable[Series]) -> RunStamp:
    """Return the run that was written last."""
    stamps = {run.stamp.run_id: run.stamp for one in every for run in one.runs}
    return max(stamps.values(), key=lambda stamp: (stamp.written_at, stamp.run_id))


def _study_all(
    every: Sequence[Series], newest: RunStamp, policy: Policy, books: Bookkeeping
) -> Iterator[Studied]:
    lines: list[tuple[Series, tuple[Spot, ...], Acknowledgement | None]] = []
    groups: dict[tuple[str, str], list[tuple[Spot, ...]]] = defaultdict(list)
    for series in every:
        spots, reset = books.begun_anew(series.key, timeline(series))
        lines.append((series, spots, reset))
        groups[series.key.environment, series.key.metric].append(spots)
    noises = {group: session_noise(spots) for group, spots in groups.items()}
    yield from (
        _study(
            series,
            spots,
            reset=reset,
            policy=policy,
            noise=noises[series.key.environment, series.key.metric],
            newest=newest,
        )
        for series, spots, reset in lines
    )


def _study(  # noqa: PLR0913  # the parts of one value
    series: Series,
    spots: tuple[Spot, ...],
    *,
    reset: Acknowledgement | None,
    policy: Policy,
    noise: SessionNoise,
    newest: RunStamp,
) -> Studied:
    key = series.key
    strictness = policy.strictness(key.benchmark, key.metric, unit=series.unit)
    analysis = analysed(spots, strictness)
    found = candidates(spots, analysis, noise=noise, strictness=strictness)
    return Studied(
        series=series,
        spots=spots,
        strictness=strictness,
        noise=noise,
        analysis=analysis,
        candidates=found if strictness.judged else (),
        is_current=_is_current(series, newest),
        reset=reset,
    )


def _judge_all(
    studied: Sequence[Studied], policy: Policy, books: Bookkeeping
) -> list[JudgedSeries]:
    judged = []
    for current in (True, False):
        family = [one for one in studied if one.is_current is current]
        told = _told(family, policy.false_discovery_rate)
        company = Company(
            policy=policy,
            risk=policy.false_discovery_rate / max(len(family), 1),
            spikes_are_rare=spike_chance(family) <= policy.false_discovery_rate,
        )
        judged += [
            judged_series(one, told[one.key], company=company, books=books) for one in family
        ]
    return judged


def _told(family: Sequence[Studied], rate: float) -> dict[SeriesKey, list[tuple[Found, float]]]:
    """Return each series' changes that stay after the correction, with their adjusted p-values."""
    # A series without a candidate was asked as well, and counts as one test that showed nothing.
    pairs = [(one.key, found) for one in family for found in (one.candidates or (None,))]
    corrected = adjusted([1.0 if found is None else found.p for _, found in pairs])
    told: dict[SeriesKey, list[tuple[Found, float]]] = {one.key: [] for one in family}
    for (key, found), p in zip(pairs, corrected, strict=True):
        if found is not None and p <= rate:
            told[key].append((found, p))
    return told


def _is_current(series: Series, newest: RunStamp) -> bool:
    # By the commit alone: whoever edits between two runs still means the same code. A benchmark
    # that the newest code no longer has is history, and nothing to be red about.
    if newest.commit_id is None:
        return series.runs[-1].stamp.commit_id is None
    return any(run.stamp.commit_id == newest.commit_id for run in series.runs)


def _behind(store: Store, every: Sequence[Series], newest: RunStamp) -> str:
    """Return a sentence where the run that was written last is not of the last code in order.

    A branch that was cut from an older commit would otherwise pass unseen: its point lies in the
    middle of the history, and the verdict is about the end of it.
    """
    later = {
        one.runs[-1].stamp.commit_id: one.runs[-1].stamp
        for one in every
        if one.runs[-1].stamp.commit_id != newest.commit_id
        and any(run.stamp.run_id == newest.run_id for run in one.runs)
    }
    if not later or newest.commit_id is None:
        return ""
    last = max(later.values(), key=lambda stamp: stamp.position or 0)
    session = store.document(newest.run_id).session
    if session and store.document(last.run_id).session == session:
        return ""  # both were measured in turns, and one of them had to be the last
    return (
        f"the run written last is of {newest.label}, which lies before {last.label} in history: "
        "only that history was judged. To judge a branch, measure its merge with the newest "
        "commit, or use `holdfast report measure`"
    )


def _environment_of(stamp: RunStamp, every: Iterable[Series]) -> str:
    return next(
        one.key.environment
        for one in every
        if any(run.stamp.run_id == stamp.run_id for run in one.runs)
    )


def _by_urgency(judged: JudgedSeries) -> tuple[bool, int, float, str, str, str]:
    largest = max((abs(change.change) for change in judged.changes), default=0.0)
    return (
        not judged.is_current,
        _URGENCY[judged.state],
        -largest,
        judged.key.benchmark,
        judged.key.metric,
        judged.key.environment,
    )
