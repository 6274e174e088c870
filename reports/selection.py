"""What a report is about: of all runs in the store, those of the newest code.

A store outlives many commits and many tries. The page speaks of one commit: the newest run's, with
whatever uncommitted changes its runs had, or, where there is no git, of everything without a
commit. Of a check that ran twice the newer run stands. Runs with other uncommitted changes stay in:
a failure that was fixed but not run again is shown too long, which is better than one that vanishes
because somebody edited a comment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.errors import DamagedDocumentError
from reports.record import RecordKind

if TYPE_CHECKING:
    from reports.document import RunDocument
    from reports.errors import ReportsError
    from reports.record import Record
    from reports.store import Store

# What tells two checks of one name apart; a seed does not, a run with another seed is a re-run.
_TELLING_PARAMS = ("method", "strategy", "model", "twin", "variant", "generator", "profile")
Check = tuple[str, str, tuple[str, ...]]
# A matrix of jobs runs every test on several machines and Pythons: a failure on one is not undone
# by a pass on another, and each has its own hottest functions.
_ONE_FOR_EACH_ENVIRONMENT = frozenset({RecordKind.TEST, RecordKind.PROFILE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The records a report shows, the runs they come from (newest first), and what was refused."""

    records: tuple[Record, ...]
    documents: tuple[RunDocument, ...]
    refused: tuple[ReportsError, ...]
    runs_in_store: int

    def of_kind(self, kind: RecordKind) -> tuple[Record, ...]:
        """Return the records of one kind, in the order they were written."""
        return tuple(record for record in self.records if record.kind is kind)


def select(store: Store) -> Selection:
    """Return the newest code's records."""
    stamps = store.stamps()
    refused = list(store.refused)
    documents: list[RunDocument] = []
    for stamp in stamps:
        if stamp.commit_id != stamps[0].commit_id:
            continue
        try:
            documents.append(store.document(stamp.run_id))
        except DamagedDocumentError as error:
            refused.append(error)
    return Selection(
        records=_newest_of_each(documents),
        documents=tuple(documents),
        refused=tuple(refused),
        runs_in_store=len(stamps),
    )


def _newest_of_each(documents: list[RunDocument]) -> tuple[Record, ...]:
    """Return each check's records from the newest document that has it.

    Two records of one check in one document both stay: neither may hide the other's failure.
    """
    seen: set[tuple[Check, str]] = set()
    kept: list[list[Record]] = []
    for document in documents:
        where = document.environment.fingerprint
        fresh = [record for record in document.records if _place(record, where) not in seen]
        seen.update(_place(record, where) for record in fresh)
        kept.append(fresh)
    return tuple(record for fresh in reversed(kept) for record in fresh)


def _place(record: Record, environment: str) -> tuple[Check, str]:
    apart = record.kind in _ONE_FOR_EACH_ENVIRONMENT
    return check_of(record), environment if apart else ""


def check_of(record: Record) -> Check:
    """Return what tells a check from others: a run with another seed is the same check."""
    telling = tuple(record.params.get(name, "") for name in _TELLING_PARAMS)
    return (record.kind.value, record.name, telling)
