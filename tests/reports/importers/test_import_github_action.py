"""github-action-benchmark's data: one run an entry, dated, of its commit; all of them or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reports import DamagedDocumentError, Direction, Store, UnknownDocumentError
from reports.importers.choices import Choices
from reports.importers.ingest import ingest_file, read_runs
from reports.importers.units import unit_of

if TYPE_CHECKING:
    from pathlib import Path


def an_entry(at: int, **changes: Any) -> dict[str, Any]:
    values = {
        "commit": {
            "author": {"email": "somebody@example.org", "name": "Somebody", "username": "some"},
            "id": f"{at + 1:040x}",
            "message": "a change",
            "timestamp": f"2026-01-{at + 1:02d}T10:00:00+02:00",
            "url": "https://example.org",
        },
        "date": 1_700_000_000_000 + at * 86_400_000,
        "tool": "customSmallerIsBetter",
        "benches": [
            {"name": "parse", "unit": "ms", "value": 12.4, "range": "\u00b1 2", "extra": "9 runs"},
            {"name": "memory", "unit": "MiB", "value": 100 + at},
        ],
    }
    return values | changes


def a_script(tmp_path: Path, entries: dict[str, Any]) -> Path:
    file = tmp_path / "data.js"
    data = {"lastUpdate": 1, "repoUrl": "https://example.org/r", "entries": entries}
    file.write_text("window.BENCHMARK_DATA = " + json.dumps(data, indent=2))
    return file


def test_every_entry_is_a_run_of_its_commit_and_date(tmp_path: Path) -> None:
    file = a_script(tmp_path, {"Rust": [an_entry(0), an_entry(1)], "Python": [an_entry(2)]})
    documents = read_runs(file)
    assert [one.commit.commit_id[-1] for one in documents if one.commit] == ["1", "2", "3"]
    first = documents[0]
    assert first.commit is not None
    assert str(first.commit.committed_at) == "2026-01-01 08:00:00+00:00"
    assert first.written_at.timestamp() == 1_700_000_000
    time, memory = first.records
    assert (time.measures[0].value, time.measures[0].unit) == (0.0124, "s")
    assert dict(time.params) == {
        "tool": "customSmallerIsBetter", "range": "\u00b1 2", "extra": "9 runs",
    }  # fmt: skip
    assert (memory.measures[0].metric, memory.measures[0].unit) == ("size", "MiB")
    text = b"".join(one.to_bytes() for one in documents).decode()
    assert "omebody" not in text
    assert "example.org" not in text


def test_suites_are_machines_that_nobody_named_and_never_compared(tmp_path: Path) -> None:
    file = a_script(tmp_path, {"Rust": [an_entry(0), an_entry(1)], "Python": [an_entry(2)]})
    done = ingest_file(file, store=tmp_path / "s")
    assert (done.new, done.records) == (3, 6)
    with Store(tmp_path / "s") as store:
        lengths = {one.key: len(one.runs) for one in store.all_series()}
    assert sorted(lengths.values()) == [1, 1, 2, 2]
    named = read_runs(file, choices=Choices(environment_name="ci"))
    assert {one.environment.machine for one in named} == {"ci"}


def test_a_script_that_grew_brings_only_what_is_new(tmp_path: Path) -> None:
    ingest_file(a_script(tmp_path, {"A": [an_entry(0)]}), store=tmp_path / "s")
    done = ingest_file(a_script(tmp_path, {"A": [an_entry(0), an_entry(1)]}), store=tmp_path / "s")
    assert (done.new, len(done.paths)) == (1, 2)


def test_one_damaged_entry_keeps_all_of_the_file_out(tmp_path: Path) -> None:
    bad = an_entry(1)
    bad["benches"][1]["value"] = "100"
    file = a_script(tmp_path, {"A": [an_entry(0), bad, an_entry(2)]})
    with pytest.raises(DamagedDocumentError) as caught:
        ingest_file(file, store=tmp_path / "s")
    line = file.read_text().splitlines()[(caught.value.line or 0) - 1]
    assert line.strip() == '"value": "100"'
    assert caught.value.reason == "entries.A[1].benches[1].value is text where a number belongs"
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("tool", "unit", "direction"),
    [
        ("customBiggerIsBetter", "points", Direction.HIGHER),
        ("customSmallerIsBetter", "points", Direction.LOWER),
        ("customSmallerIsBetter", "ops/s", Direction.LOWER),
        ("pytest", "iter/sec", Direction.HIGHER),
        ("cargo", "ns/iter", Direction.LOWER),
        ("jmh", "ops/s", Direction.HIGHER),
        ("jmh", "us/op", Direction.LOWER),
        ("a tool of the future", "points", Direction.NEITHER),
    ],
)
def test_the_tool_and_the_unit_say_which_way_is_better(
    tmp_path: Path, tool: str, unit: str, direction: Direction
) -> None:
    entry = an_entry(0, tool=tool, benches=[{"name": "a", "unit": unit, "value": 1}])
    (document,) = read_runs(a_script(tmp_path, {"A": [entry]}))
    assert document.records[0].measures[0].direction is direction


def a_list(tmp_path: Path, entries: list[Any]) -> Path:
    file = tmp_path / "output.json"
    file.write_text(json.dumps(entries, indent=1))
    return file


def test_the_plain_list_is_one_run_of_a_direction_that_is_asked_for(tmp_path: Path) -> None:
    file = a_list(tmp_path, [{"name": "a", "unit": "points", "value": 3},
                             {"name": "b", "unit": "ns/op", "value": 5}])  # fmt: skip
    done = ingest_file(file, store=tmp_path / "s", choices=Choices(commit="f" * 40))
    assert done.undirected == (("value", "a"),)
    (document,) = read_runs(file, choices=Choices(directions=(("a", Direction.HIGHER),)))
    first, second = (record.measures[0] for record in document.records)
    assert first.direction is Direction.HIGHER
    assert (second.direction, second.value, second.unit) == (Direction.LOWER, 5e-9, "s")


@pytest.mark.parametrize("entries", [[], [1], [{"name": "a"}], [{"value": 1}]], ids=str)
def test_a_list_of_something_else_is_no_result(tmp_path: Path, entries: list[Any]) -> None:
    with pytest.raises(UnknownDocumentError, match="a JSON list of an unknown kind"):
        read_runs(a_list(tmp_path, entries))


@pytest.mark.parametrize(
    ("text", "metric", "unit", "divisor", "direction"),
    [
        ("ns", "time", "s", 1e9, Direction.LOWER),
        ("\u00b5s", "time", "s", 1e6, Direction.LOWER),
        ("msec", "time", "s", 1e3, Direction.LOWER),
        ("Seconds", "time", "s", 1.0, Direction.LOWER),
        ("ns/op", "time", "s", 1e9, Direction.LOWER),
        ("ops/sec", "rate", "ops/sec", 1.0, Direction.HIGHER),
        ("MB/s", "rate", "MB/s", 1.0, Direction.HIGHER),
        ("requests per second", "rate", "requests per second", 1.0, Direction.HIGHER),
        ("Hz", "rate", "Hz", 1.0, Direction.HIGHER),
        ("B/op", "size", "B/op", 1.0, Direction.LOWER),
        ("Megabytes", "size", "Megabytes", 1.0, Direction.LOWER),
        ("allocs/op", "size", "allocs/op", 1.0, Direction.LOWER),
        ("%", "value", "%", 1.0, None),
        ("", "value", "", 1.0, None),
        ("miles", "value", "miles", 1.0, None),
    ],
)
def test_units_are_known(
    text: str, metric: str, unit: str, divisor: float, direction: Direction | None
) -> None:
    found = unit_of(text)
    assert (found.metric, found.unit, found.divisor, found.direction) == (
        metric, unit, divisor, direction,
    )  # fmt: skip
