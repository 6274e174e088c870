"""Profiles in the store, also those of code too old for the page: what stood before a change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.errors import DamagedDocumentError
from reports.record import RecordKind
from reports.selection import RAN_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.judging.verdict import SeriesChange
    from reports.record import Record
    from reports.series import RunStamp, Series
    from reports.store import Store

_MOST_READ: Final = 200  # documents with a profile in them; each is read in milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledRun:
    """One profile, and the run that it comes from."""

    stamp: RunStamp
    record: Record

    @property
    def kind(self) -> str:
        """Return which cost was profiled."""
        return self.record.params.get("profile", "")

    @property
    def dated(self) -> Record:
        """Return the record with the code it ran at, for a page that speaks of other code."""
        kept = dict(list(self.record.params.items())[: limits.PARAMS - 1])
        return replace(self.record, params={**kept, RAN_AT: self.stamp.label})


def profile_history(
    store: Store, stamps: Iterable[RunStamp], names: Iterable[str]
) -> dict[str, tuple[ProfiledRun, ...]]:
    """Return the profiles of the named benchmarks, the newest first.

    Args:
        stamps: Every run in the store, the newest first; of those with a profile the newest
            `_MOST_READ` are read.
        names: Benchmarks by their whole names. Where there are none, nothing is read.
    """
    found: dict[str, list[ProfiledRun]] = {name: [] for name in names}
    profiled = [one for one in stamps if RecordKind.PROFILE in one.kinds] if found else []
    for stamp in profiled[:_MOST_READ]:
        for record in _profiles(store, stamp):
            if record.name in found:
                found[record.name].append(ProfiledRun(stamp=stamp, record=record))
    return {name: tuple(runs) for name, runs in found.items() if runs}


def newest_of_each(runs: Sequence[ProfiledRun]) -> tuple[ProfiledRun, ...]:
    """Return the first run of each kind: of those given the newest first, the newest."""
    first: dict[str, ProfiledRun] = {}
    for run in runs:
        first.setdefault(run.kind, run)
    return tuple(first.values())


def is_after(stamp: RunStamp, change: SeriesChange, series: Series, *, began: int) -> bool | None:
    """Return whether a run is of code after a change, or None where nobody can tell.

    Of a drift, all code counts as after it that comes with or behind the first point that moved.

    Args:
        series: The one that changed.
        began: The point of it at which the judged history begins.
    """
    last, first = change.last_before, change.first_after
    places = {point.code: at - began for at, point in enumerate(series.points())}
    here = places.get(stamp.code)
    if here is not None:
        return here >= first.index if not last.index < here < first.index else None
    if stamp.commit_id is None or first.commit_id is None:
        if stamp.commit_id is not None or first.commit_id is not None:
            return None  # one of them has no place in any history
        return stamp.written_at >= first.at
    if stamp.position is None or first.position is None or last.position is None:
        return None
    if stamp.position >= first.position:
        return True
    # What was changed on top of the last good commit may be the very change.
    before = stamp.position < last.position or (stamp.position == last.position and not stamp.dirty)
    return False if before else None


def _profiles(store: Store, stamp: RunStamp) -> tuple[Record, ...]:
    try:
        records = store.document(stamp.run_id).records
    except DamagedDocumentError:
        return ()  # the selection names what was refused
    return tuple(one for one in records if one.kind is RecordKind.PROFILE)
