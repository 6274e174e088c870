"""JUnit XML: tests with their outcomes and times; bombs and entities do not get in."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reports import (
    DamagedDocumentError,
    Outcome,
    Record,
    RecordKind,
    RunDocument,
    UnknownDocumentError,
)
from reports.importers.choices import Choices, Format
from reports.importers.ingest import read_runs

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """<?xml version="1.0" encoding="utf-8"?>
<testsuites>
 <testsuite name="pytest" errors="1" timestamp="2026-05-01T12:00:00+02:00" hostname="secret-host">
  <testcase classname="tests.test_a" name="test_one" time="0.25"/>
  <testcase classname="tests.test_a" name="test_two" time="0.5" file="tests/test_a.py" line="7">
   <failure message="assert 1 == 2">tests/test_a.py:8: AssertionError</failure>
  </testcase>
  <testcase name="test_three"><skipped message="not here">why</skipped></testcase>
  <testcase name="test_four" time="1">
   <error message="teardown"/><system-out>noise</system-out>
  </testcase>
 </testsuite>
</testsuites>
"""


def a_file(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "junit.xml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def the_run(file: Path, choices: Choices | None = None) -> RunDocument:
    (document,) = read_runs(file, choices=choices)
    return document


def test_every_test_is_a_record_with_its_outcome_and_time(tmp_path: Path) -> None:
    document = the_run(a_file(tmp_path, SUITE))
    one, two, three, four = document.records
    assert all(record.kind is RecordKind.TEST for record in document.records)
    assert (one.name, one.outcome) == ("tests.test_a::test_one", Outcome.PASSED)
    assert (one.measures[0].value, one.measures[0].unit) == (0.25, "s")
    assert (two.outcome, two.message) == (
        Outcome.FAILED, "assert 1 == 2\ntests/test_a.py:8: AssertionError",
    )  # fmt: skip
    assert dict(two.params) == {"file": "tests/test_a.py", "line": "7"}
    assert (three.name, three.outcome, three.measures) == ("test_three", Outcome.SKIPPED, ())
    assert (four.outcome, four.message) == (Outcome.FAILED, "teardown")
    assert document.written_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert "secret-host" not in document.to_bytes().decode()


def test_what_pytest_itself_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2\n"
        "@pytest.mark.skip(reason='later')\n"
        "def test_later(): pass\n"
    )
    file = tmp_path / "junit.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=",
         "--rootdir", tmp_path, "--junitxml", file, tmp_path / "test_own.py"],
        capture_output=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    outcomes = {record.name.rpartition("::")[2]: record.outcome for record in the_run(file).records}
    assert outcomes == {
        "test_good": Outcome.PASSED, "test_bad": Outcome.FAILED, "test_later": Outcome.SKIPPED,
    }  # fmt: skip


def test_the_commit_is_the_one_that_was_chosen(tmp_path: Path) -> None:
    document = the_run(a_file(tmp_path, SUITE), Choices(commit="c" * 40))
    assert document.commit is not None
    assert document.commit.commit_id == "c" * 40


BOMB = """<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<testsuite name="&c;"/>"""
EXTERNAL = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY secret SYSTEM "{file}">]>
<testsuite><testcase name="x"><failure>&secret;</failure></testcase></testsuite>"""


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (BOMB, 1, "declares a document type (lolz)"),
        (EXTERNAL, 2, "declares a document type (a)"),
        ('<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><testsuite/>', 1, "document type"),
        ("<testsuite>\n<testcase name='x'>&undefined;</testcase></testsuite>", 2, "undefined"),
        ("<testsuite>\n<testcase name='x'>", 2, "no element found"),
        ("<testsuite>\n</testsuites>", 2, "mismatched tag"),
        ("<testsuite>\n<testcase/></testsuite>", 2, "a test has no name"),
        ("<testsuite>\n\n<testcase name='x' time='soon'/></testsuite>", 3, "'soon' where seconds"),
        ("<testsuite>\n<testcase name='x' time='nan'/></testsuite>", 2, "'nan' where seconds"),
        ("<testsuite timestamp='then'/>", 1, "no ISO 8601 time"),
        ("<testsuite>" + "\n<a>" * 70 + "</a>" * 70 + "</testsuite>", 61, "deeper than 60"),
        ("<testsuite>\n<testcase name='a'><testcase name='b'/>", 2, "inside"),
        ("<testsuite>\n<testcase name='" + "x" * 501 + "'/></testsuite>", 2, "501 characters"),
        ('<?xml version="1.0" encoding="klingon"?><testsuite/>', 1, "no XML"),
        ("<testsuite>\n\x00</testsuite>", 2, "no XML"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_hostile_or_damaged_xml_is_refused_by_its_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the key")
    with pytest.raises(DamagedDocumentError) as caught:
        read_runs(a_file(tmp_path, text.replace("{file}", str(secret))))
    assert reason in caught.value.reason
    assert caught.value.line == line
    assert "the key" not in str(caught.value)


def test_xml_of_another_kind_is_no_result_unless_it_is_said_to_be_one(tmp_path: Path) -> None:
    coverage = a_file(
        tmp_path, '<?xml version="1.0"?>\n<!DOCTYPE coverage SYSTEM "x">\n<coverage/>'
    )
    with pytest.raises(UnknownDocumentError, match="XML of an unknown kind"):
        read_runs(coverage)
    with pytest.raises(DamagedDocumentError, match="declares a document type"):
        read_runs(coverage, choices=Choices(format=Format.JUNIT))
    with pytest.raises(DamagedDocumentError, match="its root is <html>"):
        read_runs(a_file(tmp_path, "<html/>"), choices=Choices(format=Format.JUNIT))


def test_xml_in_utf_16_is_read(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="\u00e9"/></testsuite>'
    (record,) = the_run(a_file(tmp_path, text.encode("utf-16"))).records
    assert record == Record(kind=RecordKind.TEST, name="\u00e9", outcome=Outcome.PASSED)


def test_a_suite_without_a_test_is_a_run_without_a_record(tmp_path: Path) -> None:
    assert the_run(a_file(tmp_path, "<testsuites/>")).records == ()
