"""Runs before and now: chosen, told and kept small, for every series of the page."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from reports import Store
from reports.judging.accepted import Acceptances, Reset
from reports.page import trends
from reports.page.data import read_page_data
from reports.page.run_sides import RUNS, embedded_sides, run_sides
from tests.reports.page import demo_store
from tests.reports.page.section_store import bench, full_store, keep

if TYPE_CHECKING:
    from pathlib import Path

    from reports.page.data import PageData
    from reports.page.run_sides import RunSides


def sides_of(data: PageData, name: str) -> RunSides:
    found = next(one for one in data.verdicts.values() if one.key.benchmark.endswith(name))
    sides = run_sides(data.series[found.key], found)
    assert sides is not None
    return sides


def data_of(store: Path, **settings: Any) -> PageData:
    with Store(store) as opened:
        return read_page_data(opened, **settings)


def test_every_series_of_the_newest_code_has_its_runs_in_the_page(tmp_path: Path) -> None:
    data = data_of(full_store(tmp_path))
    view = trends.view(data)
    assert view is not None
    curves = [curve for chunk in view.chunks for curve in json.loads(chunk)]
    assert len(curves) == len(data.series)
    several = [curve for curve in curves if len(curve["p"]) > 1]
    assert len(several) == 16, "a single point has nothing before it"
    for curve in several:
        _, before, now = curve["d"]
        assert [len(before), len(now)] == [3, 3]
        assert all(low <= value <= high for low, value, high in (*before, *now))


def test_a_table_without_a_script_holds_both_sides_as_numbers(tmp_path: Path) -> None:
    view = trends.view(data_of(full_store(tmp_path)))
    assert view is not None
    row = next(one for one in view.rows if one.name == "test_send_round_trip")
    assert row.before_and_now == "2.92 (2.90 to 2.92) \u2192 3.44 (3.38 to 3.45) ms"


def test_of_one_run_each_the_words_claim_nothing_and_numbers_are_its_rounds(tmp_path: Path) -> None:
    for at in range(6):
        demo_store.write_night(tmp_path, [demo_store.bench("b.py::t", 2.0 + at / 100)], at=at)
    sides = sides_of(data_of(tmp_path), "t")
    assert sides.words.count("one run") == 2
    assert "lies among" not in sides.words
    assert "overlap" not in sides.words
    assert sides.numbers == "2.04 (2.02 to 2.06) \u2192 2.05 (2.03 to 2.07) s"


def test_lone_values_add_nothing_to_the_curve_and_are_left_out(tmp_path: Path) -> None:
    rng = random.Random(1)
    for commit in range(1, 5):
        record = bench("b.py::t", 1.0, rng)
        (one,) = record.measures
        plain = type(one)(metric="time", value=one.value, unit="s", direction=one.direction)
        keep(tmp_path, [type(record)(**{**fields_of(record), "measures": (plain,)})], commit=commit)
    sides = sides_of(data_of(tmp_path), "t")
    assert embedded_sides(sides, factor=1.0, codes={}) is None


def fields_of(record: Any) -> dict[str, Any]:
    return {"kind": record.kind, "name": record.name, "outcome": record.outcome}


def test_of_many_runs_the_newest_stand_in_the_page(tmp_path: Path) -> None:
    rng = random.Random(2)
    for commit in (1, 2):
        for run in range(RUNS + 4):
            keep(tmp_path, [bench("b.py::t", 1.0, rng)], commit=commit, minute=run)
    data = data_of(tmp_path)
    sides = sides_of(data, "t")
    told = embedded_sides(sides, factor=1.0, codes={})
    assert told is not None
    assert [len(side) for side in told[1:]] == [RUNS, RUNS]
    newest = next(iter(data.series.values())).runs[-1]
    assert sides.new_runs[-1] == newest
    assert f"median of {RUNS + 4} runs" in sides.words


def test_after_a_reset_the_side_before_is_the_one_before_the_change(tmp_path: Path) -> None:
    reset = Reset(
        benchmark="*",
        commit=demo_store.commit(40).commit_id,
        author="Ada",
        day=demo_store.START.date(),
        reason="a new machine room",
    )
    store = demo_store.a_morning(tmp_path / "s")
    data = data_of(store, accepted=Acceptances(resets=(reset,)))
    assert data.judgement is not None
    change = next(one for one in data.judgement.regressions if "closing" in one.key.benchmark)
    sides = run_sides(data.series[change.key], data.judged(change.key))
    assert sides is not None
    assert sides.old.label == change.last_before.label
