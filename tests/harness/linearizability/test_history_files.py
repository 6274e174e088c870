"""Files of operations: what is right is read, what is wrong is told with its line, in any case."""

from __future__ import annotations

import io
import json
import math
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ArgumentError
from harness.linearizability import History, Operation, Raised, Recording, Status
from harness.linearizability.errors import HistoryFileError, HistoryValueError
from harness.linearizability.frozen import frozen
from harness.linearizability.history_file import HistoryFile, read_history, write_history
from harness.linearizability.history_lines import FileLimits

if TYPE_CHECKING:
    from pathlib import Path

PUT = {"client": 0, "op": "put", "key": "k", "input": 1, "call": 0, "ret": 1}


def read(text: str | bytes, **limits: int) -> HistoryFile:
    data = text.encode() if isinstance(text, str) else text
    return read_history(io.BytesIO(data), name="F", limits=FileLimits(**limits))


def line(**fields: Any) -> str:
    return json.dumps({**PUT, **fields}) + "\n"


def outcome(text: str | bytes) -> HistoryFile | HistoryFileError:
    try:
        return read(text)
    except HistoryFileError as error:
        return error


def told(text: str | bytes, **limits: int) -> str:
    with pytest.raises(HistoryFileError) as caught:
        read(text, **limits)
    return str(caught.value)


def test_a_record_is_an_operation() -> None:
    (only,) = read(line(output="x", status="ok", client="c1")).history
    assert only == Operation(
        client="c1", name="put", arguments=(1,), output="x", call=0, ret=1, key="k"
    )


def test_a_header_tells_the_model_and_the_verdict() -> None:
    found = read('{"history": "h", "model": "kv", "expected": "illegal", "ops": 1}\n' + line())
    assert (found.history.name, found.model, found.expected) == ("h", "kv", False)
    assert read(line()).expected is None


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        (None, ()),
        (1, (1,)),
        ("a", ("a",)),
        ([2, 3], (2, 3)),
        ([], ()),
        ([None], (None,)),
        ([[1, 2]], ([1, 2],)),
        ({"tuple": [1, [2]]}, ((1, frozen([2])),)),
        ({"bytes": "aGk="}, (b"hi",)),
        ({"a": 1, "b": 2}, ({"a": 1, "b": 2},)),
        ({"dict": [[1, 2]]}, ({1: 2},)),
        ({"raised": "KeyError"}, (Raised("KeyError"),)),
    ],
)
def test_an_input_is_the_arguments(given: Any, arguments: tuple[Any, ...]) -> None:
    (only,) = read(line(input=given)).history
    assert only.arguments == arguments
    hash(only.arguments)


def test_what_is_known_not_to_have_happened_is_left_out() -> None:
    found = read(line() + line(status="fail", call=5, ret=6) + line(call=7, ret=8))
    assert len(found.history) == 2
    assert found.left_out == 1
    assert found.lines == (1, 3)


def test_an_unknown_result_may_have_an_end_or_none() -> None:
    found = read(line(status="unknown", ret=None) + line(status="unknown", call=1, ret=4))
    first, second = found.history
    assert first.pending
    assert (second.ret, second.status) == (4, Status.UNKNOWN)


def test_operations_stand_in_the_order_of_their_calls() -> None:
    found = read(line(call=5, ret=6) + line(call=1, ret=9))
    assert [one.call for one in found.history] == [1, 5]
    assert found.lines == (2, 1)


def test_line_ends_marks_and_blank_lines_of_other_systems_are_no_difference() -> None:
    text = line() + line(call=2, ret=3)
    expected = read(text).history.operations
    assert read(b"\xef\xbb\xbf" + text.encode()).history.operations == expected
    assert read(text.replace("\n", "\r\n")).history.operations == expected
    assert read(text.replace("\n", "\n\n")).history.operations == expected
    assert read(text.rstrip("\n")).history.operations == expected


WRONG = {
    "no json": ("{nope}\n", "F:1:2: no JSON: expecting property name", "'nope}'"),
    "cut": (line() + line()[:30], "F:2:", "the file ends in the middle of a record"),
    "array": ("[]\n", "F:1: an array where a record should be; it takes a JSON object a line"),
    "number": (line() + "17\n", "F:2: a number where a record should be"),
    "double": ('{"op": "a", "op": "b"}', "F:1: the field 'op' comes twice"),
    "nan": (line(output=math.nan), 'NaN is no JSON number; it takes finite numbers, or {"float"'),
    "infinity": (line(ret=math.inf), "Infinity is no JSON number"),
    "float": (line().replace("1}", "1e999}"), "'1e999' is too large"),
    "digits": (line().replace('"ret": 1', '"ret": ' + "9" * 5_000), "a number of 5000 digits"),
    "utf-8": (line().encode() + b'{"op": "\xff"}', "F:2:9: the byte 0xff is no UTF-8"),
    "utf-16": (line().encode("utf-16"), "F:1: the file is UTF-16; it takes UTF-8"),
    "surrogate": (line(input="\ud800"), "the input stands for no value; it takes text without"),
    "field": (line(outptu=1), "unknown field 'outptu'; it takes the fields call, client"),
    "no op": (line() + '{"client": 1}', "F:2: the op is None; it takes the name"),
    "op alone missing": ('{"client": 1, "call": 0}', "F:1: the field op is missing"),
    "op": (line(op=7), "the op is 7"),
    "client": (line(client=None), "the client is None; it takes a whole number or text"),
    "client true": (line(client=True), "the client is True"),
    "no call": ('{"op": "a", "client": 1}', "the field call is missing"),
    "call": (line(call="0"), "the call is '0'; it takes a number"),
    "ret before call": (line(call=5), "the ret is 1; it takes a number from the call on, 5"),
    "no ret": (line(ret=None), "the result is known, and ret is null or missing"),
    "status": (line(status="info"), "the status 'info'; it takes ok, unknown, fail"),
    "status list": (line(status=["ok"]), "the status ['ok']"),
    "unknown output": (line(status="unknown", output=1), "the output of an operation with status"),
    "base64": (line(input={"bytes": "???"}), 'it takes {"bytes": ...} with base64'),
    "bytes": (line(input={"bytes": 1}), 'it takes {"bytes": ...} with a string'),
    "tuple": (line(input={"tuple": 1}), 'it takes {"tuple": ...} with an array'),
    "dict": (line(input={"dict": [1]}), 'it takes {"dict": ...} with an array of [key, value]'),
    "float name": (line(input={"float": "pi"}), "one of nan, inf, -inf"),
    "keywords": (line(keywords=[1]), "the keywords are [1]; it takes an object"),
    "expected": (
        '{"expected": "maybe"}',
        "the header's expected is 'maybe'; it takes ok or illegal",
    ),
    "model": ('{"model": 7}', "the header's model is 7; it takes text"),
    "ops": ('{"ops": 2}\n' + line(), "the file ends after 1 operations, and its header tells of 2"),
    "ops text": ('{"ops": "2"}', "the header's ops is '2'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_line(name: str) -> None:
    text, *parts = WRONG[name]
    message = told(text)
    assert message.startswith("F:")
    for part in parts:
        assert str(part) in message


def test_an_empty_file_is_an_empty_history() -> None:
    assert len(read(b"").history) == 0


def test_every_limit_ends_with_an_error_that_names_it() -> None:
    assert "more than 2 operations" in told(line() * 3, operations=2)
    assert "longer than 50 bytes" in told(line(), line_bytes=50)
    assert "more than 100 bytes" in told(line() * 2, file_bytes=100)
    assert "more than 5 values in arrays" in told(line(input=list(range(6))), values=5)
    assert "more than 3 arrays and objects" in told(line(input=[[[[1]]]]), nesting=3)
    assert len(read(line(input=[[1]]), nesting=3).history) == 1


def test_limits_are_checked() -> None:
    with pytest.raises(ArgumentError, match="operations is 0"):
        FileLimits(operations=0)
    with pytest.raises(ArgumentError, match="limits"):
        read_history(io.BytesIO(), limits=7)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ArgumentError, match="a path, or a file"):
        read_history(7)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    "text",
    [
        b"x" * 10_000_000,
        b"[" * 10_000_000,
        b"[" * 900_000,
        b'{"a":' * 150_000,
        b"[" * 500_000 + b"]" * 500_000,
        b'{"op": "a", "input": [' + b"[]," * 300_000 + b"[]]}",
        b"{" + b",".join(b'"%d": 1' % number for number in range(90_000)) + b"}",
        b'{"' + b"a" * 1_000_000 + b'": 1}',
        b"\x00" * 1_000_000,
        b"\n" * 100_000,
        b"9" * 1_000_000,
        b'{"op": "' + b"\\ud800" * 100_000 + b'"}',
    ],
    ids=range(12),
)
def test_hostile_lines_end_quickly_in_bounded_memory(text: bytes) -> None:
    tracemalloc.start()
    try:
        found = outcome(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000_000  # the line of a megabyte, as objects
    if isinstance(found, HistoryFileError):
        assert len(str(found)) < 400
    else:
        assert len(found.history) == 0


def test_a_file_without_end_is_read_no_further_than_its_limit() -> None:
    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"9" * len(buffer)
            self.given += len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(HistoryFileError, match="longer than"):
        read_history(io.BufferedReader(endless), name="F")
    assert endless.given < 3 << 20


@given(st.binary(max_size=400))
def test_any_bytes_are_a_history_or_an_error_that_names_the_line(data: bytes) -> None:
    found = outcome(data)
    if isinstance(found, HistoryFileError):
        assert found.line >= 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["op", "tuple", "bytes", "dict", "set", "x"]) | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELD = st.sampled_from(
    sorted(PUT | {"status": 1, "output": 1, "keywords": 1, "model": 1, "ops": 1})
)


@given(st.lists(st.dictionaries(FIELD, JSON, max_size=9), max_size=3))
def test_any_records_are_a_history_or_an_error_that_names_the_line(records: list[Any]) -> None:
    text = "".join(json.dumps(PUT | record) + "\n" for record in records)
    found = outcome(text)
    if isinstance(found, HistoryFileError):
        assert 1 <= found.line <= len(records) + 1
    else:
        hash(found.history)


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
VALUES = st.recursive(
    ATOMS | st.just(Raised("queue.Empty")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(ATOMS, max_size=3)
        | st.frozensets(ATOMS, max_size=3)
        | st.dictionaries(ATOMS, inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tuple", "raised"]), inner, max_size=1)
    ),
    max_leaves=6,
).map(frozen)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    call = draw(st.integers(0, 20) | st.floats(0, 20))
    known = draw(st.booleans())
    words = draw(st.dictionaries(st.text(max_size=4), VALUES, max_size=2))
    return Operation(
        client=draw(st.integers() | st.text()),
        name=draw(st.text(min_size=1)),
        arguments=tuple(draw(st.lists(VALUES, max_size=3))),
        keywords=tuple(sorted(words.items())),
        output=draw(VALUES) if known else None,
        status=Status.OK if known else Status.UNKNOWN,
        call=call,
        ret=call + draw(st.integers(0, 9)) if known or draw(st.booleans()) else None,
        key=draw(VALUES),
    )


@given(st.lists(operations(), max_size=5), st.sampled_from([None, True, False]))
def test_what_is_written_is_read_again(given: list[Operation], expected: bool | None) -> None:  # noqa: FBT001
    history, target = History.of(given, name="h"), io.StringIO()
    write_history(history, target, model="kv", expected=expected)
    found = read(target.getvalue())
    # By their words: a NaN does not equal itself, and 1 equals True.
    again = io.StringIO()
    write_history(found.history, again, model="kv", expected=expected)
    assert again.getvalue() == target.getvalue()
    assert [one.arguments for one in found.history if "nan" not in repr(one)] == [
        one.arguments for one in history if "nan" not in repr(one)
    ]
    assert (found.model, found.expected, found.history.name) == ("kv", expected, "h")


def test_a_recording_is_written_to_a_path_and_read_again(tmp_path: Path) -> None:
    recording = Recording(name="table")
    table = recording.watch(dict[str, Any]())
    table["a"] = [1, (2,)]
    assert table.get("a") == [1, (2,)]
    file = tmp_path / "table.jsonl"
    write_history(recording.history(), file)
    assert read_history(file).history == recording.history()


def test_what_files_do_not_hold_is_told_by_its_class() -> None:
    class Handle:
        pass

    history = History.of([Operation(client=1, name="a", arguments=(Handle(),), call=0, ret=1)])
    with pytest.raises(HistoryValueError, match="a Handle cannot be written"):
        write_history(history, io.StringIO())
