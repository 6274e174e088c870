"""What a report is about: of all runs in the store, those of the newest code.

A store outlives many commits and many tries. The page speaks of one commit: the newest run's, with
whatever uncommitted changes its runs had, or, where there is no git, of everything without a
commit. Of a check that ran twice the newer run stands. Runs with other uncommitted changes stay in:
a failure that was fixed but not run again is shown too long, which is better than one that vanishes
because somebody edited a comment.

What runs by night does not run at every commit: a campaign of the last week that the newest code
has not seen stays in, too, and its record says at which code it ran (`params[RAN_AT]`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.errors import DamagedDocumentError
from reports.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.document import RunDocument
    from reports.errors import ReportsError
    from reports.record import Record
    from reports.series import RunStamp
    from reports.store import Store

# What tells two checks of one name apart; a seed does not, a run with another seed is a re-run.
_TELLING_PARAMS = ("method", "strategy", "model", "twin", "variant", "generator", "profile")
Check = tuple[str, str, tuple[str, ...]]
# A matrix of jobs runs every test on several machines and Pythons: a failure on one is not undone
# by a pass on another, and each has its own hottest functions.
_ONE_FOR_EACH_ENVIRONMENT = frozenset({RecordKind.TEST, RecordKind.PROFILE})
_BY_NIGHT: Final = frozenset(
    {
        RecordKind.EXPLORATION,
        RecordKind.PLANTED,
        RecordKind.STRESS,
        RecordKind.FUZZ,
        RecordKind.PROFILE,
    }
)
RAN_AT: Final = "ran at, by this report"  # a name that no record has by chance
_STANDS_FOR: Final = timedelta(days=7)
_MOST_LOOKED_AT: Final = 200  # documents of other code; each is read and checked in milliseconds
_Place = tuple[Check, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a report shows.

    Attributes:
        records: Those of the newest code, and before them what stands from other code.
        documents: The newest code's runs, newest first.
        refused: Documents that could not be read.
    """

    records: tuple[Record, ...]
    documents: tuple[RunDocument, ...]
    refused: tuple[ReportsError, ...]
    runs_in_store: int

    def of_kind(self, kind: RecordKind) -> tuple[Record, ...]:
        """Return the records of one kind, in the order they were written."""
        return tuple(record for record in self.records if record.kind is kind)


def select(store: Store) -> Selection:
    """Return the newest code's records, and what stands from the code before."""
    stamps = store.stamps()
    refused = list(store.refused)
    current = [stamp for stamp in stamps if stamp.commit_id == stamps[0].commit_id]
    documents = _documents(store, current, refused)
    seen: set[_Place] = set()
    records = _newest_of_each(documents, seen)
    return Selection(
        records=(*_from_other_code(store, stamps, seen, refused), *records),
        documents=tuple(documents),
        refused=tuple(refused),
        runs_in_store=len(stamps),
    )


def _documents(
    store: Store, stamps: Iterable[RunStamp], refused: list[ReportsError]
) -> list[RunDocument]:
    found = []
    for stamp in stamps:
        try:
            found.append(store.document(stamp.run_id))
        except DamagedDocumentError as error:
            refused.append(error)
    return found


def _from_other_code(
    store: Store, stamps: Sequence[RunStamp], seen: set[_Place], refused: list[ReportsError]
) -> tuple[Record, ...]:
    other = [
        stamp
        for stamp in stamps
        if stamp.commit_id != stamps[0].commit_id
        and _BY_NIGHT.intersection(stamp.kinds)
        and stamps[0].written_at - stamp.written_at <= _STANDS_FOR
    ]
    kept: list[Record] = []
    for stamp in other[:_MOST_LOOKED_AT]:
        records = _newest_of_each(_documents(store, [stamp], refused), seen)
        kept += [_at(stamp, record) for record in records if record.kind in _BY_NIGHT]
    return tuple(reversed(kept))


def _at(stamp: RunStamp, record: Record) -> Record:
    kept = dict(list(record.params.items())[: limits.PARAMS - 1])
    return replace(record, params={**kept, RAN_AT: stamp.label})


def _newest_of_each(documents: Iterable[RunDocument], seen: set[_Place]) -> tuple[Record, ...]:
    """Return each check's records from the newest document that has it, and note what was seen.

    Two records of one check in one document both stay: neither may hide the other's failure.
    """
    kept: list[list[Record]] = []
    for document in documents:
        where = document.environment.fingerprint
        fresh = [record for record in document.records if _place(record, where) not in seen]
        seen.update(_place(record, where) for record in fresh)
        kept.append(fresh)
    return tuple(record for fresh in reversed(kept) for record in fresh)


def _place(record: Record, environment: str) -> _Place:
    apart = record.kind in _ONE_FOR_EACH_ENVIRONMENT
    return check_of(record), environment if apart else ""


def check_of(record: Record) -> Check:
    """Return what tells a check from others: a run with another seed is the same check."""
    telling = tuple(record.params.get(name, "") for name in _TELLING_PARAMS)
    return (record.kind.value, record.name, telling)
