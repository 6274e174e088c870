"""A refused file is refused by the line and the column of what is wrong."""

from __future__ import annotations

import gzip
import json
import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import DamagedDocumentError
from reports.json_places import line_and_column, offset_of
from reports.strict_json import parse, parse_list, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.fields import Fields

TEXT = """{
 "name": "\\u00e9 \\" [{",
 "list": [
  {"a": 1},
  {"a": "two", "deep": {"b": null}}
 ], "flag": 1
}"""


def refusal(work: Callable[[], object]) -> DamagedDocumentError:
    with pytest.raises(DamagedDocumentError) as caught:
        work()
    return caught.value


@pytest.mark.parametrize(
    ("ask", "place", "reason"),
    [
        (lambda f: f.number("name"), (2, 10), "name is text where a number belongs"),
        (lambda f: f.text("list"), (3, 10), "list is a list where text belongs"),
        (lambda f: f.objects("list", most=1), (3, 10), "list has 2 entries, more than 1"),
        (
            lambda f: f.objects("list", most=2)[1].number("a"),
            (5, 9),
            "list[1].a is text where a number belongs",
        ),
        (
            lambda f: f.objects("list", most=2)[1].inner("deep").text("b"),
            (5, 30),
            "list[1].deep.b is absent where text belongs",
        ),
        (
            lambda f: f.objects("list", most=2)[0].inner("gone"),
            (4, 3),
            "list[0].gone is absent where an object belongs",
        ),
        (lambda f: f.flag("flag"), (6, 13), "flag is an integer where true or false belongs"),
        (lambda f: f.text("absent"), (1, 1), "absent is absent where text belongs"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_its_line(
    ask: Callable[[Fields], object], place: tuple[int, int], reason: str
) -> None:
    error = refusal(lambda: ask(parse(TEXT.encode(), document="bench.json")))
    assert (error.line, error.column) == place
    assert error.reason == reason
    assert str(error).startswith(f"bench.json, line {place[0]}, column {place[1]}: {reason}. ")


def test_an_entry_of_a_list_at_the_root_is_refused_by_its_line() -> None:
    entries = parse_list(b'[{"v": 1},\n {"v": "x"}]', document="list.json").objects("", most=2)
    error = refusal(lambda: entries[1].number("v"))
    assert (error.line, error.column, error.reason) == (
        2, 8, "[1].v is text where a number belongs",
    )  # fmt: skip
    assert refusal(lambda: parse_list(b"[1,\n2]", document="l").objects("", most=2)).line == 1


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('{\n "a": 1,\n "b": {"a": 2, "c": 1,\n "c": 2}}', (4, 2), "stands twice"),
        ('{\n "NaN": "NaN",\n "b": NaN}', (3, 7), "holds NaN"),
        ('{"a": [1,\n -Infinity]}', (2, 2), "holds -Infinity"),
        ('{"a": [1e9,\n\n 1e999]}', (3, 2), "the number 1e999 is too large"),
        ('{"a":\n' + "7" * 5_000 + "}", (2, 1), "digits"),
        ('{"a":\n' + "[" * 60 + "]" * 60 + "}", (2, 60), "deeper than 60"),
        ('{\n"a": 1,\n"b" 2}', (3, 5), "no JSON"),
        ('{\n"a": 1,\n"b": [1', (3, 8), "as if cut short"),
        ('{\n"a": "tex', (2, 6), "as if cut short"),
        ('{"a": 1}\n{"b": 2}', (2, 1), "Extra data"),
        ("\ufeff{}", (1, 1), "byte order mark"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_hostile_text_is_refused_by_its_line(
    text: str, place: tuple[int, int], reason: str
) -> None:
    error = refusal(lambda: parse(text.encode(), document="gift.json"))
    assert (error.line, error.column) == place
    assert reason in error.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \n\t", "it is empty"),
        ("{}".encode("utf-16"), "UTF-16 or UTF-32"),
        ("{}".encode("utf-16-be"), "UTF-16 or UTF-32"),
        ("{}".encode("utf-32"), "UTF-16 or UTF-32"),
        (b'{"a":\n "\xff"}', "byte 8 is not UTF-8"),
    ],
    ids=str,
)
def test_bytes_that_are_no_utf8_text_are_refused(data: bytes, reason: str) -> None:
    assert reason in str(refusal(lambda: parse(data, document="gift.json")))


def test_half_a_character_in_a_text_or_a_name_is_refused_by_its_line() -> None:
    fields = parse(b'{"a":\n"\\ud800", "p": {\n"\\udfff": "x"}}', document="d")
    assert refusal(lambda: fields.text("a")).line == 2
    assert "half a character" in refusal(lambda: fields.texts("p")).reason
    assert parse('{"a": "\U0001f600\u00e9"}'.encode(), document="d").text("a") == "\U0001f600\u00e9"


def test_nan_is_taken_where_a_format_has_it_and_is_still_no_number() -> None:
    fields = parse(b'{"a":\nNaN}', document="asv.json", nan=True)
    assert fields.source.nan
    assert refusal(lambda: fields.number("a")).reason == "a is NaN where a number belongs"
    assert not parse(b'{"a": 1}', document="asv.json", nan=True).source.nan
    assert "holds Infinity" in str(
        refusal(lambda: parse(b'{"a": Infinity}', document="asv.json", nan=True))
    )


def test_brackets_and_quotes_in_texts_are_no_nesting() -> None:
    text = json.dumps({"a": '"[{' * 500 + "\\", "b": ["\\\\", '\\"[' * 200]})
    assert parse(text.encode(), document="d").text("a", most=10_000).startswith('"[{')


def test_sixty_levels_are_taken_and_one_more_is_not() -> None:
    parse(b'{"a":' + b"[" * 59 + b"]" * 59 + b"}", document="d")
    assert refusal(lambda: parse(b'{"a":' + b"[" * 60 + b"]" * 60 + b"}", document="d"))


def test_packed_results_are_unpacked_and_a_bomb_is_not(tmp_path: Path) -> None:
    file = tmp_path / "packed.json.gz"
    file.write_bytes(gzip.compress(b'{"a": 1}'))
    assert read_bytes(file) == b'{"a": 1}'
    file.write_bytes(gzip.compress(b" " * 100_000_000))
    assert "larger than" in refusal(lambda: read_bytes(file)).reason
    file.write_bytes(gzip.compress(b'{"a": 1}' * 100)[:-9])
    assert "damaged gzip" in refusal(lambda: read_bytes(file)).reason


def test_an_error_survives_the_way_between_processes() -> None:
    error = refusal(lambda: parse(b'{"a": NaN}', document="d"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (str(again), again.line) == (str(error), 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip


def each_path(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    yield path, value
    steps = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for step, inner in steps if isinstance(value, dict | list) else ():
        yield from each_path(inner, (*path, step))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4), st.sampled_from([None, 1]))
def test_every_value_of_any_document_is_found_where_it_stands(
    document: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    for path, value in each_path(document):
        found, _ = json.JSONDecoder().raw_decode(text, offset_of(text, path))
        assert found == value


def test_looking_up_a_line_is_quick_in_a_large_file() -> None:
    rows = ",\n".join(json.dumps({"stats": {"data": [0.1] * 50, "min": 1}}) for _ in range(20_000))
    text = '{"benchmarks": [\n' + rows + ',\n{"stats": {"min": "x"}}]}'
    began = time.process_time()
    at = offset_of(text, ("benchmarks", 20_000, "stats", "min"))
    # 7 MB: walked token by token it takes seconds; with the parser in C 0.1 s were measured.
    assert time.process_time() - began < 2
    assert line_and_column(text, at) == (20_002, 19)


def test_a_file_whose_size_the_system_does_not_tell_is_read_whole() -> None:
    # Files of /proc have size 0.
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("there is no /proc")
    assert b"\nVmRSS:" in read_bytes(status)
