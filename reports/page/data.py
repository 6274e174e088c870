"""Everything a page is drawn from, read once: each section takes what it needs and asks no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reports.errors import DamagedDocumentError, TooLittleDataError
from reports.judging.judged_store import judge_store
from reports.page.places import environment_labels
from reports.page.profile_history import profile_history
from reports.record import Outcome, Record, RecordKind
from reports.selection import check_of, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.environment import Environment
    from reports.judging.accepted import Acceptances
    from reports.judging.policy import Policy
    from reports.judging.verdict import JudgedSeries, StoreJudgement
    from reports.page.profile_history import ProfiledRun
    from reports.selection import Check, Selection
    from reports.series import RunStamp, Series, SeriesKey
    from reports.store import Store

DAY: Final = timedelta(hours=24)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKED_BACK: Final = 150  # documents read to learn how a check ended before; each takes some ms
_LEAST_LOOKED_BACK: Final = 20  # also when every check is found: others may have failed and gone
_MOST_READ: Final = 30_000  # records read for that, at some 20 microseconds each


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """One state of a store. There is no clock in it, so that one store gives one page.

    Attributes:
        store: Open while the page is built.
        selection: The newest code's records and the runs they come from.
        judgement: What became of every series, or None where no benchmark was ever stored.
        series: Every series by its key.
        environments: Every environment that a series or a selected run has, by fingerprint.
        places: A short name for each of them, by fingerprint.
        stamps: Every run in the store, the newest first.
        now: When the newest run was written; "today" is the day that ends then.
        since: 24 hours before `now`.
        earlier: How each check ended when it last ran before `since`.
        kin: Every series of one benchmark and metric, whatever the environment.
        verdicts: What became of each series, by its key.
        profiled: Profiles of the benchmarks that got worse, the newest first, of whatever code.
    """

    store: Store
    selection: Selection
    judgement: StoreJudgement | None
    series: Mapping[SeriesKey, Series]
    environments: Mapping[str, Environment]
    places: Mapping[str, str]
    stamps: tuple[RunStamp, ...]
    now: datetime
    since: datetime
    earlier: Mapping[Check, Record]
    kin: Mapping[tuple[str, str], tuple[Series, ...]]
    verdicts: Mapping[SeriesKey, JudgedSeries]
    profiled: Mapping[str, tuple[ProfiledRun, ...]]

    def began(self, judged: JudgedSeries) -> int:
        """Return at which of a series' points its judged history begins; 0 unless it was reset."""
        series = self.series.get(judged.key)
        return max(len(series.points()) - judged.points, 0) if series else 0

    def judged(self, key: SeriesKey) -> JudgedSeries:
        """Return what became of one series."""
        return self.verdicts[key]

    @property
    def records(self) -> tuple[Record, ...]:
        """Return the newest code's records."""
        return self.selection.records

    @property
    def checks(self) -> tuple[Record, ...]:
        """Return the newest code's records that can fail: all but plain measurements."""
        return tuple(one for one in self.selection.records if is_check(one))

    def siblings(self, key: SeriesKey) -> tuple[Series, ...]:
        """Return the series of one benchmark and metric in every environment."""
        return self.kin.get((key.benchmark, key.metric), ())

    @property
    def today(self) -> tuple[RunStamp, ...]:
        """Return the runs of the last 24 hours before the newest, the newest first."""
        return tuple(stamp for stamp in self.stamps if stamp.written_at > self.since)


def is_check(record: Record) -> bool:
    """Return whether a record says more than a number: it can fail, or has to reach a limit."""
    if record.kind in {RecordKind.BENCHMARK, RecordKind.PROFILE}:
        return record.outcome is not Outcome.PASSED or "limit" in record.params
    return True


def read_page_data(
    store: Store, *, policy: Policy | None = None, accepted: Acceptances | None = None
) -> PageData:
    """Return what the page of `store` shows.

    Args:
        policy: How strict judging is; the defaults when None.
        accepted: The project's acknowledgements and resets; none when None.
    """
    selection = select(store)
    stamps = store.stamps()
    now = stamps[0].written_at.astimezone(UTC) if stamps else _NEVER
    every = store.all_series()
    series = {one.key: one for one in every}
    environments = _environments(store, selection, series)
    judgement = _judgement(store, every, policy, accepted)
    judged = judgement.series if judgement else ()
    worse = {one.key.benchmark for one in judgement.regressions} if judgement else set()
    return PageData(
        store=store,
        selection=selection,
        judgement=judgement,
        series=MappingProxyType(series),
        environments=MappingProxyType(environments),
        places=MappingProxyType(environment_labels(environments)),
        stamps=stamps,
        now=now,
        since=now - DAY,
        earlier=MappingProxyType(_earlier(store, selection, stamps, since=now - DAY)),
        kin=MappingProxyType(_kin(series)),
        verdicts=MappingProxyType({one.key: one for one in judged}),
        profiled=MappingProxyType(profile_history(store, stamps, sorted(worse))),
    )


def _kin(series: Mapping[SeriesKey, Series]) -> dict[tuple[str, str], tuple[Series, ...]]:
    found: dict[tuple[str, str], list[Series]] = {}
    for key, one in series.items():
        found.setdefault((key.benchmark, key.metric), []).append(one)
    return {names: tuple(kin) for names, kin in found.items()}


def _judgement(
    store: Store, every: Sequence[Series], policy: Policy | None, accepted: Acceptances | None
) -> StoreJudgement | None:
    try:
        return judge_store(store, policy=policy, accepted=accepted, series=every)
    except TooLittleDataError:
        return None


def _environments(
    store: Store, selection: Selection, series: Mapping[SeriesKey, Series]
) -> dict[str, Environment]:
    found = {one.environment.fingerprint: one.environment for one in selection.documents}
    for key in series:
        if key.environment not in found:
            found[key.environment] = store.environment(key.environment)
    return found


def _earlier(
    store: Store, selection: Selection, stamps: Sequence[RunStamp], *, since: datetime
) -> dict[Check, Record]:
    """Return each check's newest record from before `since`, as far back as is worth reading."""
    wanted = {check_of(one) for one in selection.records if is_check(one)}
    found: dict[Check, Record] = {}
    before = [stamp for stamp in stamps if stamp.written_at <= since]
    read = 0
    for at, stamp in enumerate(before[:_LOOKED_BACK]):
        if read >= _MOST_READ or (at >= _LEAST_LOOKED_BACK and wanted <= found.keys()):
            break
        records = _records(store, stamp)
        read += len(records)
        for record in records:
            if is_check(record) or check_of(record) in wanted:
                found.setdefault(check_of(record), record)
    return found


def _records(store: Store, stamp: RunStamp) -> tuple[Record, ...]:
    try:
        return store.document(stamp.run_id).records
    except DamagedDocumentError:
        return ()  # the selection names what was refused
