"""A document as rows of the tables, and rows as the values that readers ask for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from reports.record import Direction, RecordKind
from reports.series import RunStamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.document import RunDocument
    from reports.record import Measure

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
STAMP_COLUMNS: Final = (
    "name",
    "source",
    "session",
    "written_us",
    "commit_id",
    "dirty",
    "committed_us",
    "changes",
    "kinds",
)  # of a run; a position and an environment's fingerprint follow
_SUMMARY: Final = ("n", "minimum", "q1", "median", "q3", "maximum")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What stands beside a value: its unit, the way it gets better, and the parameters."""

    unit: str
    direction: Direction
    params: Mapping[str, str]

    @property
    def params_text(self) -> str:
        """Return the parameters' one spelling."""
        return json.dumps(dict(self.params), sort_keys=True, ensure_ascii=True)

    @property
    def name(self) -> str:
        """Return 32 hex digits that agree exactly when everything agrees."""
        text = json.dumps([self.unit, self.direction.name, self.params_text])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def microseconds(when: datetime) -> int:
    """Return a time as whole microseconds since 1970 in UTC, which every database orders alike."""
    return (when - _EPOCH) // _MICROSECOND


def time_of(microseconds_since: int) -> datetime:
    """Return the time that `microseconds` made a number of, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds_since)


def run_row(name: str, document: RunDocument) -> Row:
    """Return a document's row, save for the numbers that the index gives."""
    commit = document.commit
    committed_at = commit.committed_at if commit else None
    kinds = {record.kind.value for record in document.records}
    return {
        "name": name,
        "source": document.source,
        "session": document.session,
        "written_us": microseconds(document.written_at),
        "commit_id": commit.commit_id if commit else None,
        "position": commit.position if commit else None,
        "dirty": commit.dirty if commit else False,
        "committed_us": microseconds(committed_at) if committed_at else None,
        "changes": commit.changes if commit else "",
        "kinds": " ".join(sorted(kinds)),
    }


@lru_cache(maxsize=65_536)
def stamp_of(  # noqa: PLR0913, PLR0917  # the columns of a row, in their order
    name: str,
    source: str,
    session: str,
    written_us: int,
    commit_id: str | None,
    dirty: bool,  # noqa: FBT001  # a column as well
    committed_us: int | None,
    changes: str,
    kinds: str,
    position: int | None,
    environment: str,
) -> RunStamp:
    """Return which run the columns of `STAMP_COLUMNS` tell of.

    A stamp is told by its row alone, so one made before is as good: who reads many series meets
    each run in every one of them.
    """
    return RunStamp(
        run_id=name,
        written_at=time_of(written_us),
        commit_id=commit_id,
        position=position,
        dirty=dirty,
        committed_at=None if committed_us is None else time_of(committed_us),
        changes=changes,
        environment=environment,
        source=source,
        session=session,
        kinds=tuple(RecordKind(kind) for kind in kinds.split()),
    )


def measures_of(document: RunDocument) -> Iterator[tuple[str, Measure, Mapping[str, str]]]:
    """Yield what is indexed of a document: each benchmark's name, a measure and its parameters.

    Counts of other kinds are k of n, which a trend of medians misreads.
    """
    for record in document.records:
        if record.kind is RecordKind.BENCHMARK:
            for measure in record.measures:
                yield record.name, measure, record.params


def value_row(measure: Measure) -> Row:
    """Return the numbers of a measure."""
    return {
        "value": float(measure.value),
        **{column: getattr(measure, column) for column in _SUMMARY},
    }
