"""What a real exploration says of its coverage reaches the page, and a contradiction is refused."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from reports import DamagedDocumentError, Store
from reports.importers.ingest import ingest_file
from reports.page import evidence
from reports.page.data import read_page_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

THREADS = 4
STEPS = 6


def counting() -> None:
    lock = threading.Lock()
    counter = {"n": 0}

    def add() -> None:
        for _ in range(STEPS):
            with lock:
                counter["n"] += 1

    threads = [threading.Thread(target=add) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter["n"] == THREADS * STEPS


def row_of(folder: Path, result: dict[str, Any]) -> evidence.ExplorationRow:
    file = folder / "result.json"
    file.write_text(json.dumps(result), "utf-8")
    ingest_file(file, store=folder / "store")
    with Store(folder / "store") as store:
        view = evidence.view(read_page_data(store))
    assert view is not None
    (row,) = view.rows.first
    return row


def test_a_search_that_was_not_exhausted_shows_how_large_a_part_it_was(tmp_path: Path) -> None:
    result = harness.explore(counting, "random", executions=60, seed=1)
    assert result.estimate is not None
    row = row_of(tmp_path, result.to_json())
    assert row.outcome == "passed"
    assert row.covered is not None
    assert row.covered.high < 100
    assert "all" not in row.covered.words
    assert row.evidence == result.evidence


def test_what_was_exhausted_is_all_within_its_bound(tmp_path: Path) -> None:
    def body() -> None:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()

    result = harness.explore(body, "dfs", executions=1_000)
    assert result.exhausted
    row = row_of(tmp_path, result.to_json())
    assert row.covered is not None
    assert row.covered.words in {"all within its bound", "all there is"}
    assert ("no bound" in result.evidence) == (row.covered.words == "all there is")


def test_an_execution_that_met_its_step_bound_is_told(tmp_path: Path) -> None:
    result = harness.explore(counting, "random", executions=3, seed=1, max_steps=8)
    assert result.overruns
    row = row_of(tmp_path, result.to_json())
    assert row.outcome == "undecided"
    assert "met the step bound and show nothing" in row.evidence


@pytest.mark.parametrize(
    "change",
    [
        lambda estimate: estimate | {"fraction": 1.5},
        lambda estimate: estimate | {"low": 0.9, "high": 0.1},
        lambda estimate: estimate | {"low": -0.1},
        lambda estimate: estimate | {"high": None},
    ],
    ids=["above one", "turned round", "below zero", "absent"],
)
def test_an_estimate_that_cannot_be_is_refused(
    change: Callable[[dict[str, Any]], dict[str, Any]], tmp_path: Path
) -> None:
    result = harness.explore(counting, "random", executions=30).to_json()
    result["estimate"] = change(result["estimate"])
    with pytest.raises(DamagedDocumentError, match="estimate"):
        row_of(tmp_path, result)


def test_races_beside_a_failure_are_named(tmp_path: Path) -> None:
    document = harness.explore(counting, executions=1).to_json()
    document |= {
        "verdict": "FAILED",
        "finding": {
            "kind": "ASSERTION", "message": "lost", "token": "hf2.x", "story": "lost\nhow",
            "data_races": [{"target": f"Counter#{at}.n"} for at in (1, 1, *range(30))],
        },
    }  # fmt: skip
    row = row_of(tmp_path, document)
    assert row.races.startswith("Counter#1.n, Counter#0.n, Counter#2.n")
    assert row.races.endswith(" and 10 more")
