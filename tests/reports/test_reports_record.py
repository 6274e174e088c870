"""Records, documents and the writer: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from reports import (
    BadValueError,
    DamagedDocumentError,
    Direction,
    Measure,
    Outcome,
    Record,
    RecordKind,
    RunDocument,
    StoreNotOursError,
    UnknownDocumentError,
    write_run,
)
from reports.document import document_now
from reports.write import write_document


def a_measure(**changes: object) -> Measure:
    fields: dict[str, object] = {
        "metric": "time",
        "value": 1.5,
        "unit": "s",
        "direction": Direction.LOWER,
    }
    return Measure(**(fields | changes))  # type: ignore[arg-type]  # bad types are the point


def a_record(**changes: object) -> Record:
    fields: dict[str, object] = {
        "kind": RecordKind.STRESS,
        "name": "close_while_reading",
        "outcome": Outcome.PASSED,
        "measures": (a_measure(),),
    }
    return Record(**(fields | changes))  # type: ignore[arg-type]  # bad types are the point


def test_a_written_run_reads_back_as_the_same_values(tmp_path: Path) -> None:
    record = a_record(
        params={"seed": "7"}, message="all 20 \u00d7 100 reads", replay="holdfast stress"
    )
    path = write_run([record], store=tmp_path / "store", source="a test")
    document = RunDocument.from_bytes(path.read_bytes(), document=path.name)
    assert document.records == (record,)
    assert dict(document.records[0].params) == {"seed": "7"}
    assert document.to_bytes() == path.read_bytes()


def test_a_document_names_no_host_no_user_and_no_folder(tmp_path: Path) -> None:
    path = write_run([a_record()], store=tmp_path / "store", source="a test")
    text = path.read_text(encoding="utf-8")
    node = os.uname().nodename if hasattr(os, "uname") else os.environ["COMPUTERNAME"]
    assert f'"{node}"' not in text
    assert str(Path.home()) not in text
    assert str(tmp_path) not in text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no read-only mode that allows removal")
def test_a_written_document_is_read_only_and_leaves_no_partial_file(tmp_path: Path) -> None:
    path = write_run([a_record()], store=tmp_path / "store", source="a test")
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert list(path.parent.iterdir()) == [path]


def test_the_same_document_written_twice_is_one_file(tmp_path: Path) -> None:
    path = write_run([a_record()], store=tmp_path / "a", source="a test")
    document = RunDocument.from_bytes(path.read_bytes(), document="a")
    copies = {write_document(document, store=tmp_path / "b") for _ in range(2)}
    assert [copy.name for copy in copies] == [path.name]


def test_many_threads_writing_a_new_store_lose_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            write_run([a_record(name=name)], store=store, source="a test")
        except BaseException as error:  # noqa: BLE001  # a thread's error must reach the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"n{at}",)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list((store / "runs").iterdir())) == 8


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(StoreNotOursError, match=r"holds 'thesis\.tex'"):
        write_run([a_record()], store=tmp_path, source="a test")
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_where_the_store_should_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_bytes(b"mine")
    with pytest.raises(StoreNotOursError, match="it is a file"):
        write_run([a_record()], store=file, source="a test")
    assert file.read_bytes() == b"mine"


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holdfast-store.json").write_text('{"schema": "holdfast.store/2"}')
    with pytest.raises(StoreNotOursError, match=r"says 'holdfast\.store/2'"):
        write_run([a_record()], store=tmp_path, source="a test")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"value": float("nan")}, "a finite number"),
        ({"value": 10**400}, "a finite number"),
        ({"value": True}, "a number"),
        ({"value": "1"}, "a number"),
        ({"n": 0}, "at least 1"),
        ({"metric": ""}, "text of 1 to"),
        ({"direction": "lower"}, "a Direction"),
        ({"minimum": 2.0, "median": 1.0}, "minimum <= q1"),
    ],
    ids=str,
)
def test_a_measure_refuses(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadValueError, match=complaint):
        a_measure(**changes)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": "stress"}, "a RecordKind"),
        ({"outcome": True}, "an Outcome"),
        ({"name": ""}, "text of 1 to"),
        ({"name": "x" * 501}, "text of 1 to 500"),
        ({"measures": [a_measure()]}, "a tuple"),
        ({"measures": ("x",)}, "Measure values"),
        ({"measures": (a_measure(), a_measure())}, "each metric once"),
        ({"params": {"seed": 7}}, "text"),
        ({"message": b"bytes"}, "text"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_record_refuses(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadValueError, match=complaint):
        a_record(**changes)


def test_params_are_a_copy_that_nobody_can_change() -> None:
    mine = {"seed": "7"}
    record = a_record(params=mine)
    mine["seed"] = "8"
    assert record.params["seed"] == "7"
    with pytest.raises(TypeError):
        record.params["seed"] = "9"  # type: ignore[index]  # that it refuses is the point


def test_a_story_too_long_for_a_document_is_cut_and_says_so(tmp_path: Path) -> None:
    path = write_run([a_record(message="x" * 300_000)], store=tmp_path / "s", source="a test")
    message = RunDocument.from_bytes(path.read_bytes(), document="d").records[0].message
    assert len(message) == 200_000
    assert message.endswith("cut here: the whole text has 300,000 characters")


def test_half_a_character_in_a_message_does_not_stop_the_record(tmp_path: Path) -> None:
    path = write_run([a_record(message="\ud800")], store=tmp_path / "s", source="a test")
    assert RunDocument.from_bytes(path.read_bytes(), document="d").records[0].message == "\\ud800"


def good_document(tmp_path: Path) -> dict[str, object]:
    path = write_run([a_record()], store=tmp_path / "good", source="a test")
    document: dict[str, object] = json.loads(path.read_bytes())
    return document


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"\xff\xfe", "UTF-16 or UTF-32, not UTF-8"),
        (b'{"schema": "holdfast.run/1", "source', "no JSON"),
        (b"[1]", "a list where an object belongs"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"a": NaN}', "holds NaN"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "deeper than 60"),
        (b"[" * 1_000_000, "deeper than 60"),
    ],
    ids=[
        "empty",
        "no text",
        "cut short",
        "a list",
        "duplicate key",
        "NaN",
        "infinite",
        "endless integer",
        "deep",
        "a million brackets",
    ],
)
def test_hostile_bytes_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DamagedDocumentError, match=reason):
        RunDocument.from_bytes(data, document="gift.json")


def test_brackets_inside_a_text_are_no_nesting() -> None:
    data = json.dumps({"schema": "[" * 400}).encode()
    with pytest.raises(UnknownDocumentError):
        RunDocument.from_bytes(data, document="gift.json")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("source",), 7, "source is an integer where text belongs"),
        (("records",), {}, "records is an object where a list belongs"),
        (("records", 0), [], r"records\[0\] is a list where an object"),
        (("records", 0, "kind"), "rumour", r"records\[0\].kind is 'rumour'; known are"),
        (("records", 0, "name"), "x" * 501, "501 characters"),
        (("records", 0, "measures", 0, "value"), "1", "where a number belongs"),
        (("records", 0, "measures", 0, "n"), 0, "not between 1 and"),
        (("records", 0, "measures", 0, "direction"), "up", "known are lower"),
        (("records", 0, "params"), {"seed": 7}, "params.seed is an integer"),
        (("environment",), None, "environment is absent"),
        (("environment", "cores"), -1, "not between 0 and"),
        (("written_at",), "yesterday", "ISO 8601"),
        (("commit",), {"commit_id": "--exec", "parents": [], "dirty": False}, "hex digits"),
        (("commit",), {"commit_id": "a" * 40, "parents": [1], "dirty": False}, "text belongs"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_field_of_the_wrong_kind_is_refused_by_its_place(
    tmp_path: Path, path: tuple[str | int, ...], value: object, reason: str
) -> None:
    document = good_document(tmp_path)
    place: object = document
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]  # a walk through plain JSON
    place[path[-1]] = value  # type: ignore[index]  # the same
    with pytest.raises(DamagedDocumentError, match=reason):
        RunDocument.from_bytes(json.dumps(document).encode(), document="gift.json")


def test_every_cut_of_a_document_is_refused(tmp_path: Path) -> None:
    data = write_run([a_record()], store=tmp_path / "s", source="a test").read_bytes().rstrip()
    for length in range(0, len(data), 7):
        with pytest.raises(DamagedDocumentError):
            RunDocument.from_bytes(data[:length], document="cut.json")


def test_a_document_of_a_later_schema_is_refused_by_name(tmp_path: Path) -> None:
    document = good_document(tmp_path) | {"schema": "holdfast.run/2"}
    with pytest.raises(UnknownDocumentError, match=r"gift is holdfast.run/2, which is not read"):
        RunDocument.from_bytes(json.dumps(document).encode(), document="gift")


def test_a_session_and_a_curve_read_back_as_written(tmp_path: Path) -> None:
    curve = ((0.0, 1.0), (0.5, 3.0), (0.5, 4.0))
    document = dataclasses.replace(
        document_now([a_record(measures=(a_measure(curve=curve),))], source="a", commit=None),
        session="8c1f",
    )
    path = write_document(document, store=tmp_path / "store")
    again = RunDocument.from_bytes(path.read_bytes(), document=path.name)
    assert again.session == "8c1f"
    assert again.records[0].measures[0].curve == curve


@pytest.mark.parametrize(
    ("curve", "says"),
    [
        ([(0.0, 1.0)], "a tuple of at most"),
        (((0.0, 1.0),) * 301, "a tuple of at most"),
        (((0.0,),), "pairs of seconds"),
        (((0.0, float("nan")),), "finite"),
        (((2.0, 1.0), (1.0, 1.0)), "rising times"),
    ],
)
def test_a_curve_that_is_none_is_refused(curve: object, says: str) -> None:
    with pytest.raises(BadValueError, match=says):
        a_measure(curve=curve)


@pytest.mark.parametrize("curve", ['"x"', "[1]", "[[1, 2, 3]]", '[[0, "x"]]', "[[2, 1], [1, 1]]"])
def test_a_document_with_a_damaged_curve_is_refused(tmp_path: Path, curve: str) -> None:
    path = write_run([a_record()], store=tmp_path / "store", source="a test")
    text = path.read_text("ascii").replace(
        '"metric": "time"', f'"curve": {curve}, "metric": "time"'
    )
    with pytest.raises(DamagedDocumentError, match=r"curve|measure"):
        RunDocument.from_bytes(text.encode(), document="d.json")
