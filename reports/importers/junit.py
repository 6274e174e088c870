"""JUnit XML, as pytest and many others write it: one record a test.

Read with the standard library's expat. A document type declaration is refused before anything in
it takes effect, and with it every entity: neither a bomb nor a file of this machine gets in.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NoReturn
from xml.parsers import expat

from reports import limits
from reports.document import RunDocument
from reports.errors import BadValueError, DamagedDocumentError
from reports.importers.here import modified_at
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from pathlib import Path

    from reports.importers.here import Here

SOURCE: Final = "junit"
_ROOTS: Final = frozenset({"testsuites", "testsuite"})
_FIRST_ELEMENT: Final = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.:-]{0,99})")
_HEAD_BYTES: Final = 4_096
_ENDINGS: Final = {
    "failure": Outcome.FAILED,
    "error": Outcome.FAILED,
    "skipped": Outcome.SKIPPED,
}


def foreign_root(data: bytes) -> str | None:
    """Return the name of the root of XML that is no JUnit's, or None where it is or may be."""
    if not data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    match = _FIRST_ELEMENT.search(data[:_HEAD_BYTES])
    name = match[1].decode("ascii") if match else ""
    return name if name and name not in _ROOTS else None


def runs_from_junit(
    data: bytes, *, document: str, file: Path, here: Here
) -> tuple[RunDocument, ...]:
    """Return the run that the file describes.

    Its date is the suite's time stamp, or else the file's own; its commit the one chosen or
    checked out, unless that is younger.

    Raises:
        DamagedDocumentError: It is no JUnit XML, or beyond a limit, or it declares a type.
    """
    reader = _Reader(document)
    reader.read(data)
    written_at = reader.written_at or modified_at(file)
    run = RunDocument(
        source=SOURCE,
        written_at=written_at,
        environment=here.unnamed_environment(reader.suite or SOURCE),
        commit=here.commit_at(written_at),
        records=tuple(reader.records),
    )
    return (run,)


class _Reader:
    """Collects records while expat reads.

    Attributes:
        suite: The first suite's name.
        written_at: The earliest time stamp of a suite.
    """

    def __init__(self, document: str) -> None:
        self.records: list[Record] = []
        self.suite = ""
        self.written_at: datetime | None = None
        self._document = document
        self._open: list[str] = []
        self._case: dict[str, str] | None = None
        self._outcome = Outcome.PASSED
        self._story: list[str] = []
        self._listening = False
        self._parser = expat.ParserCreate()

    def read(self, data: bytes) -> None:
        """Read the whole file."""
        parser = self._parser
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)  # noqa: FBT003  # expat takes it by place alone
        except expat.ExpatError as error:
            reason = f"no XML: {expat.ErrorString(error.code)}"
            raise DamagedDocumentError(
                self._document, reason, error.lineno, error.offset + 1
            ) from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not know
            raise DamagedDocumentError(self._document, f"no XML: {error}", 1) from error

    def _refuse(self, reason: str) -> NoReturn:
        parser = self._parser
        raise DamagedDocumentError(
            self._document, reason, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        )

    def _doctype(self, name: str, *_rest: object) -> None:
        self._refuse(f"it declares a document type ({name[:40]}); results need none")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name not in _ROOTS:
            self._refuse(f"its root is <{name[:40]}> where <testsuites> belongs")
        self._open.append(name)
        if len(self._open) > limits.DEPTH:
            self._refuse(f"it nests deeper than {limits.DEPTH} levels")
        if name == "testsuite":
            self._begin_suite(attributes)
        elif name == "testcase":
            self._begin_case(attributes)
        elif name in _ENDINGS and self._case is not None:
            self._begin_ending(name, attributes)

    def _begin_suite(self, attributes: dict[str, str]) -> None:
        self.suite = self.suite or attributes.get("name", "")
        if stamp := attributes.get("timestamp"):
            when = self._time(stamp)
            self.written_at = min(when, self.written_at or when)

    def _begin_case(self, attributes: dict[str, str]) -> None:
        if self._case is not None:
            self._refuse("a test stands inside a test")
        if not attributes.get("name"):
            self._refuse("a test has no name")
        self._case, self._outcome, self._story = attributes, Outcome.PASSED, []

    def _begin_ending(self, name: str, attributes: dict[str, str]) -> None:
        # A test that failed and then broke in its teardown has both: failed stands.
        if self._outcome is not Outcome.FAILED:
            self._outcome = _ENDINGS[name]
        if attributes.get("message"):
            self._story.append(attributes["message"] + "\n")
        self._listening = True

    def _characters(self, text: str) -> None:
        if self._listening:
            self._story.append(text)

    def _end(self, name: str) -> None:
        self._open.pop()
        if name in _ENDINGS:
            self._listening = False
        elif name == "testcase" and self._case is not None:
            self._keep(self._case)
            self._case = None

    def _keep(self, case: dict[str, str]) -> None:
        if len(self.records) == limits.RECORDS:
            self._refuse(f"it has more than {limits.RECORDS:,} tests")
        group, name = case.get("classname", ""), case["name"]
        try:
            record = Record(
                kind=RecordKind.TEST,
                name=f"{group}::{name}" if group else name,
                outcome=self._outcome,
                measures=self._measures(case),
                params={key: case[key] for key in ("file", "line") if case.get(key)},
                message="".join(self._story).strip()[: limits.TEXT_CHARS],
            )
        except BadValueError as error:
            self._refuse(f"a test is no valid record: {error}")
        self.records.append(record)

    def _measures(self, case: dict[str, str]) -> tuple[Measure, ...]:
        text = case.get("time")
        if not text:
            return ()
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds):
            self._refuse(f"the time of a test is {text[:40]!r} where seconds belong")
        return (Measure(metric="time", value=seconds, unit="s", direction=Direction.LOWER),)

    def _time(self, text: str) -> datetime:
        try:
            when = datetime.fromisoformat(text)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self._refuse(f"the time stamp {text[:40]!r} is no ISO 8601 time")
