"""A document is named after its bytes: its spelling is the standard library's, to the last byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit
from reports.record import SUMMARY

AT = datetime(2026, 1, 2, tzinfo=UTC)
HERE = Environment.capture()

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60)
names = st.text(min_size=1, max_size=8)


@st.composite
def measures(draw: st.DrawFn) -> Measure:
    summary = sorted(draw(st.lists(numbers, max_size=5)))
    times = sorted(draw(st.lists(st.floats(0, 1e6), max_size=3)))
    return Measure(
        metric=draw(names),
        value=draw(numbers),
        unit=draw(st.text(max_size=4)),
        direction=draw(st.sampled_from(Direction)),
        n=draw(st.integers(1, 2**40)),
        curve=tuple((at, draw(numbers)) for at in times),
        **dict(zip(SUMMARY, summary, strict=False)),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    found = draw(st.lists(measures(), max_size=3, unique_by=lambda one: one.metric))
    return Record(
        kind=draw(st.sampled_from(RecordKind)),
        name=draw(names),
        outcome=draw(st.sampled_from(Outcome)),
        measures=tuple(found),
        params=draw(st.dictionaries(names, st.text(max_size=6), max_size=3)),
        message=draw(st.text(max_size=9)),
        replay=draw(st.sampled_from(["", "holdfast replay 'x'", '\n "records": [],\n'])),
    )


documents = st.builds(
    RunDocument,
    source=st.sampled_from(["a run", '\n "records": [],\n', "\u00e9\U0001f600"]),
    written_at=st.just(AT),
    environment=st.just(HERE),
    commit=st.none() | st.just(Commit(commit_id="a" * 40, parents=("b" * 40,), position=3)),
    records=st.lists(records(), max_size=3).map(tuple),
    load_1m=st.none() | st.floats(0, 99),
    session=st.sampled_from(["", "8c1f"]),
)


def spelled_by_the_standard_library(data: bytes) -> bytes:
    text = json.dumps(json.loads(data), sort_keys=True, indent=1)
    return text.encode("ascii") + b"\n"


def as_plain_values(document: RunDocument) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind.value,
            "name": one.name,
            "outcome": one.outcome.value,
            "params": dict(one.params),
            "message": one.message,
            "replay": one.replay,
            "metrics": [measure.metric for measure in one.measures],
            "values": [float(measure.value) for measure in one.measures],
            "curves": [[list(map(float, pair)) for pair in one.curve] for one in one.measures],
        }
        for one in document.records
    ]


@settings(max_examples=200, deadline=None)
@given(documents)
@example(RunDocument(source="a", written_at=AT, environment=HERE, commit=None, records=()))
def test_every_document_is_spelled_as_the_standard_library_spells_it(document: RunDocument) -> None:
    data = document.to_bytes()
    assert data == spelled_by_the_standard_library(data)
    again = RunDocument.from_bytes(data, document="d")
    assert again.to_bytes() == data
    # What is written is what was given: the spelling alone could be of something else.
    assert as_plain_values(again) == as_plain_values(document)
    assert (again.source, again.session, again.load_1m) == (
        document.source, document.session, document.load_1m,
    )  # fmt: skip


def test_names_that_change_when_they_are_cleaned_are_still_in_order() -> None:
    params = {"\ud800": "half", "\\": "a backslash", "z": "\ud800"}
    record = Record(
        kind=RecordKind.FUZZ, name="n", outcome=Outcome.PASSED, params=params, message="\udfff"
    )
    document = RunDocument(
        source="a", written_at=AT, environment=HERE, commit=None, records=(record,)
    )
    data = document.to_bytes()
    assert data == spelled_by_the_standard_library(data)
