"""One run as one JSON document: what was measured, where, when and of which commit."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.commit import Commit
from reports.environment import Environment
from reports.errors import BadValueError, UnknownDocumentError
from reports.record import (
    SUMMARY,
    Direction,
    Measure,
    Outcome,
    Record,
    RecordKind,
    check_text,
)
from reports.spelling import clean, document_text
from reports.strict_json import Fields, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

RUN_SCHEMA: Final = "holdfast.run/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    """Everything one run reported, with its circumstances. It never changes once written.

    `load_1m` is the machine's load average over the last minute when the run ended, where the
    system tells it: a figure taken on a busy machine should say so. Runs of one `session` were
    measured in turn within minutes, so that what the machine did hit all of them.
    """

    source: str
    written_at: datetime
    environment: Environment
    commit: Commit | None
    records: tuple[Record, ...]
    load_1m: float | None = None
    session: str = ""

    def __post_init__(self) -> None:
        check_text("source", self.source, least=1)
        check_text("session", self.session)
        if self.written_at.tzinfo is None:
            raise BadValueError("written_at", repr(self.written_at), "a time with its zone")
        if len(self.records) > limits.RECORDS:
            raise BadValueError("records", f"{len(self.records):,}", f"up to {limits.RECORDS:,}")

    def to_bytes(self) -> bytes:
        """Return the document's one spelling: the same run has the same bytes."""
        head = {
            "schema": RUN_SCHEMA,
            "source": clean(self.source),
            "written_at": self.written_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "environment": self.environment.to_json(),
            "commit": self.commit.to_json() if self.commit else None,
            "load_1m": self.load_1m,
            **({"session": clean(self.session)} if self.session else {}),
        }
        return document_text(head, self.records).encode("ascii") + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes, *, document: str) -> RunDocument:
        """Return the run that `data` describes.

        Raises:
            DamagedDocumentError: It is cut short, malformed or beyond a limit.
            UnknownDocumentError: It is no run document of this version.
        """
        return cls.from_fields(parse(data, document=document), document=document)

    @classmethod
    def from_fields(cls, values: Fields, *, document: str) -> RunDocument:
        """Return the run that a parsed document describes; raises as `from_bytes` does."""
        schema = values.text("schema", default="a document without a schema")
        if schema != RUN_SCHEMA:
            raise UnknownDocumentError(document, schema, (RUN_SCHEMA,))
        records = values.objects("records", most=limits.RECORDS)
        return cls(
            source=values.text("source"),
            written_at=values.time("written_at"),
            environment=Environment.from_json(values.inner("environment")),
            commit=Commit.from_json(values.inner("commit")) if "commit" in values else None,
            load_1m=values.number_or_none("load_1m"),
            session=values.text("session", default=""),
            records=tuple(_record(one) for one in records),
        )


def content_id(data: bytes) -> str:
    """Return the document's name: the SHA-256 of its bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def document_now(
    records: Iterable[Record],
    *,
    source: str,
    commit: Commit | None,
    environment: Environment | None = None,
) -> RunDocument:
    """Return a document of this moment, this machine and this Python."""
    return RunDocument(
        source=source,
        written_at=datetime.now(UTC),
        environment=environment or Environment.capture(),
        commit=commit,
        records=tuple(records),
        load_1m=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    )


def _record(values: Fields) -> Record:
    measures = tuple(_measure(one) for one in values.objects("measures", most=limits.MEASURES))
    try:
        return Record(
            kind=values.member("kind", RecordKind),
            name=values.text("name"),
            outcome=values.member("outcome", Outcome),
            measures=measures,
            params=values.texts("params"),
            message=values.text("message", most=limits.TEXT_CHARS, default=""),
            replay=values.text("replay", most=limits.TEXT_CHARS, default=""),
        )
    except BadValueError as error:
        values.refuse("name", f"does not head a valid record: {error}")


def _measure(values: Fields) -> Measure:
    direction = values.text("direction")
    if direction.upper() not in Direction.__members__:
        values.refuse("direction", f"is {direction[:40]!r}; known are lower, higher, neither")
    try:
        return Measure(
            metric=values.text("metric"),
            value=values.number("value"),
            unit=values.text("unit"),
            direction=Direction[direction.upper()],
            n=values.integer("n", least=1),
            curve=values.pairs("curve", most=limits.CURVE),
            **{name: values.number_or_none(name) for name in SUMMARY},
        )
    except BadValueError as error:
        values.refuse("metric", f"does not head a valid measure: {error}")
