"""Everything a page is drawn from, read once: each section takes what it needs and asks no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reports.errors import DamagedDocumentError, TooLittleDataError
from reports.page.bridge import judge_with_gate
from reports.record import Record, RecordKind
from reports.selection import check_of, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.environment import Environment
    from reports.judging.verdict import StoreJudgement
    from reports.selection import Check, Selection
    from reports.series import RunStamp, Series, SeriesKey
    from reports.store import Store

DAY: Final = timedelta(hours=24)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKED_BACK: Final = 150  # documents read to learn how a check ended before; each takes some ms


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """One state of a store. There is no clock in it, so that one store gives one page.

    Attributes:
        store: Open while the page is built.
        selection: The newest code's records and the runs they come from.
        judgement: What became of every series, or None where no benchmark was ever stored.
        series: Every series by its key.
        environments: Every environment that a series or a selected run has, by fingerprint.
        stamps: Every run in the store, the newest first.
        now: When the newest run was written; "today" is the day that ends then.
        since: 24 hours before `now`.
        earlier: How each check ended when it last ran before `since`.
    """

    store: Store
    selection: Selection
    judgement: StoreJudgement | None
    series: Mapping[SeriesKey, Series]
    environments: Mapping[str, Environment]
    stamps: tuple[RunStamp, ...]
    now: datetime
    since: datetime
    earlier: Mapping[Check, Record]

    @property
    def records(self) -> tuple[Record, ...]:
        """Return the newest code's records."""
        return self.selection.records

    @property
    def today(self) -> tuple[RunStamp, ...]:
        """Return the runs of the last 24 hours before the newest, the newest first."""
        return tuple(stamp for stamp in self.stamps if stamp.written_at > self.since)


def read_page_data(store: Store) -> PageData:
    """Return what the page of `store` shows."""
    selection = select(store)
    stamps = store.stamps()
    now = stamps[0].written_at.astimezone(UTC) if stamps else _NEVER
    series = {one.key: one for one in store.all_series()}
    return PageData(
        store=store,
        selection=selection,
        judgement=_judgement(store),
        series=MappingProxyType(series),
        environments=MappingProxyType(_environments(store, selection, series)),
        stamps=stamps,
        now=now,
        since=now - DAY,
        earlier=MappingProxyType(_earlier(store, selection, stamps, since=now - DAY)),
    )


def _judgement(store: Store) -> StoreJudgement | None:
    try:
        return judge_with_gate(store)
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
    wanted = {check_of(one) for one in selection.records if one.kind is not RecordKind.BENCHMARK}
    found: dict[Check, Record] = {}
    before = [stamp for stamp in stamps if stamp.written_at <= since]
    for stamp in before[:_LOOKED_BACK]:
        if wanted and wanted <= found.keys():
            break
        for record in _records(store, stamp):
            if record.kind is not RecordKind.BENCHMARK:
                found.setdefault(check_of(record), record)
    return found


def _records(store: Store, stamp: RunStamp) -> tuple[Record, ...]:
    try:
        return store.document(stamp.run_id).records
    except DamagedDocumentError:
        return ()  # the selection names what was refused
