"""The journal and the black box, which outlive the processes that use them."""

import os
from pathlib import Path

import pytest

from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.workers.black_box import BlackBox
from fuzz.workers.bounded_output import MOST_BYTES, BoundedOutput
from fuzz.workers.errors import JournalError
from fuzz.workers.journal import Journal, JournalReader
from fuzz.workers.torn_entries import mend_torn


def test_reports_are_read_once_and_a_later_reader_goes_on_where_the_first_was(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal"
    reader = JournalReader(path)
    assert reader.read() == [], "there is no file yet"
    journal = Journal(path)
    journal.send("one", number=1)
    journal.send("two")
    assert reader.read() == [{"report": "one", "number": 1}, {"report": "two"}]
    assert reader.read() == []
    journal.send("three")
    assert JournalReader(path, offset=reader.offset).read() == [{"report": "three"}]


def test_a_line_cut_short_is_waited_for_and_ended_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'{"report": "whole"}\n{"report": "cr')
    reader = JournalReader(path)
    assert [one["report"] for one in reader.read()] == ["whole"]
    Journal(path).send("next")
    assert [one["report"] for one in reader.read()] == ["next"]
    assert reader.damaged == 1


def test_the_rest_of_a_dead_writer_is_read_whole_however_much_it_is(tmp_path: Path) -> None:
    """Its files go once it is dead: what one look does not take would be lost."""
    path, journal = tmp_path / "journal", Journal(tmp_path / "journal")
    for number in range(40):
        journal.send("crash", number=number, data="00" * 65_536)
    with path.open("ab") as file:
        file.write(b'{"report": "cut sh')
    assert len(JournalReader(path).read()) < 40, "one look would do, so this shows nothing"
    assert [one["number"] for one in JournalReader(path).rest()] == list(range(40))


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[1]", b"{}", b"7"])
def test_what_is_no_report_is_passed_over_and_counted(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line + b'\n{"report": "good"}\n')
    reader = JournalReader(path)
    assert [one["report"] for one in reader.read()] == ["good"]
    assert reader.damaged == 1


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written: No such file or directory"):
        Journal(tmp_path / "nowhere" / "journal").send("lost")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_copy_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    child = os.fork()
    if not child:
        journal.send("by the copy")
        os._exit(0)
    os.waitpid(child, 0)
    assert JournalReader(path).read() == []


def test_a_box_left_by_the_dead_tells_what_ran(tmp_path: Path) -> None:
    path = tmp_path / "box"
    with BlackBox(path, create=True) as writer:
        writer.begin(b"the input")
        writer.trouble = "no room"
    with BlackBox(path) as reader:
        flight = reader.read()
        assert (flight.running, flight.data, flight.executions) == (True, b"the input", 1)
        assert flight.busy_s > 0
        assert reader.trouble == "no room"
        reader.end()
        assert not reader.read().running


def test_a_box_whose_maker_was_killed_early_is_an_empty_box(tmp_path: Path) -> None:
    path = tmp_path / "box"
    path.write_bytes(b"")
    with BlackBox(path) as box:
        assert box.read().executions == 0


def test_an_entry_that_was_torn_is_named_by_what_it_holds(tmp_path: Path) -> None:
    corpus = InputFolder(tmp_path)
    whole = corpus.add(b"whole")
    torn, empty, fresh = (tmp_path / content_name(data) for data in (b"torn one", b"x", b"y"))
    torn.write_bytes(b"torn")
    empty.write_bytes(b"")
    for path in (whole, torn, empty):
        os.utime(path, (path.stat().st_atime - 60, path.stat().st_mtime - 60))
    fresh.write_bytes(b"")
    assert mend_torn(corpus) == 2
    assert {path.name for path in corpus.files()} == {
        content_name(b"whole"), content_name(b"torn"), fresh.name,
    }, "one that is written just now is left alone"  # fmt: skip


def test_output_is_cut_and_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "output"
    output = BoundedOutput(path)
    assert output.tail() == ""
    with path.open("ab", buffering=0) as writer:
        writer.write(b"x" * MOST_BYTES + b"the end of the flood")
        output.bound()
        assert output.size == 0
        writer.write(b" and more")
    assert output.tail().endswith("the end of the flood and more")
    assert output.size == len(" and more")
