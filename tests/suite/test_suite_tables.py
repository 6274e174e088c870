"""What the tables say of searches that found nothing: never less, and never more."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from tests.suite.catalogue import ENTRIES, choose
from tests.suite.medians import summarise
from tests.suite.published import PUBLISHED, Figure
from tests.suite.rendering import markdown_of, show
from tests.suite.searches import Search, SearchEnd
from tests.suite.sheets import all_sheets, cells_of, published_sheet
from tests.suite.suite_records import records_of
from tests.suite.twins import alarms_of, twins_sheet

FOUND, BUDGET, TIME, DRY = SearchEnd.FOUND, SearchEnd.BUDGET, SearchEnd.TIME, SearchEnd.DRY


def search(executions: int, end: SearchEnd = FOUND, **more: Any) -> Search:
    fields: dict[str, Any] = {
        "program": "stack",
        "strategy": "pct",
        "seed": 0,
        "budget": 2_000,
        "cpu_s": 0.5,
        "python": "3.11.7",
    }
    return Search(end=end, executions=executions, **{**fields, **more})


@pytest.mark.parametrize(
    ("searches", "shown"),
    [
        ([search(3), search(5), search(40)], "5"),
        ([search(1), search(2)], "1.5"),
        ([search(3), search(5), search(2_000, BUDGET)], "5 (2/3)"),
        ([search(3), search(2_000, BUDGET), search(2_000, BUDGET)], ">2000 (1/3)"),
        ([search(3), search(2_000, BUDGET)], ">1001.5 (1/2)"),
        ([search(700, TIME)], ">700 (0/1)"),
        ([search(61, DRY)], "none in all 61"),
        ([search(61, SearchEnd.ERROR)], ">61 (0/1)"),
        ([search(0, SearchEnd.REFUSED)], "refused"),
    ],
    ids=["all", "even", "most", "few", "half", "time", "dry", "error", "refused"],
)
def test_a_median_is_a_number_only_where_it_is_known(searches: list[Search], shown: str) -> None:
    assert str(summarise(searches)) == shown


def test_no_searches_are_no_summary() -> None:
    assert summarise([]) is None


def test_a_search_that_missed_is_in_the_rate_and_not_in_the_mean() -> None:
    summary = summarise([search(10, cpu_s=1.0), search(2_000, BUDGET, cpu_s=3.0)])
    assert summary is not None
    assert (summary.mean, summary.rate) == (10.0, 502.5)


def test_published_figures_say_how_many_trials_found_it() -> None:
    assert str(PUBLISHED["reorder_3"]["QL"]) == "45843 (18/20)"
    assert str(PUBLISHED["reorder_10"]["POS"]) == "never"
    assert str(PUBLISHED["twostage_100"]["SURW"]) == "454"
    assert "QL" not in PUBLISHED["reorder_20"]
    assert {"RFF", "SURW"} <= set(PUBLISHED["reorder_100"])


def test_every_published_row_belongs_to_a_program() -> None:
    assert set(PUBLISHED) <= {entry.name for entry in ENTRIES}


def test_where_we_are_behind_comes_first_and_nothing_is_left_out() -> None:
    entries = choose(("stack", "reorder_3"))
    searches = [
        search(9),
        search(2_000, BUDGET, program="reorder_3"),
        search(4, program="reorder_3", strategy="random"),
    ]
    rows = published_sheet(entries, cells_of(searches)).rows
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("reorder_3", "pct", ">11"),  # of 185
        ("stack", "pct", "3"),
        ("reorder_3", "random", "only we"),
    ]


def test_what_always_fails_stays_out_of_the_averages() -> None:
    entries = choose(("phase01", "stack"))
    searches = [search(1, program="phase01"), search(2_000, BUDGET)]
    by_title = {sheet.title: sheet for sheet in all_sheets(entries, searches, ["pct"])}
    (title,) = (title for title in by_title if title.startswith("By class"))
    rows = {row[0]: row[1] for row in by_title[title].rows}
    assert rows["always fails"] == "1/1; 1"
    assert rows["all that need a search"] == "0/1; not found"


def test_both_renderings_show_every_cell() -> None:
    searches = [search(3), search(2_000, BUDGET, seed=1), search(2_000, BUDGET, seed=2)]
    sheets = all_sheets(choose(("stack",)), searches, ["pct", "frontrun dpor"])
    screen = Console(file=io.StringIO(), width=200)
    for sheet in sheets:
        show(screen, sheet)
    assert isinstance(screen.file, io.StringIO)
    for text in (screen.file.getvalue(), markdown_of(sheets)):
        assert ">2000 (1/3)" in text
        assert "[SURW]" in text
        assert "frontrun dpor" in text


def test_a_finding_in_a_correct_twin_is_an_alarm() -> None:
    entries = choose(("stack",))
    good = search(10_000, BUDGET, twin="good")
    bad = search(7, kind="ASSERTION", detail="underflow", strategy="surw", twin="good")
    assert alarms_of([good]) == []
    assert alarms_of([good, bad]) == ["stack, surw, seed 0: found: ASSERTION underflow"]
    sheet = twins_sheet(entries, [good, bad], ["pct", "surw", "pos"])
    assert sheet.rows == (("stack", "10000", "ALARM", "."),)


def test_a_record_is_kept_of_every_program_and_strategy() -> None:
    found, missed = records_of(
        choose(("stack",)),
        [search(3), search(2_000, BUDGET, strategy="dfs"), search(1, strategy="dfs", seed=1)],
    )
    assert [one.metric for one in found.measures] == ["found", "executions", "rate"]
    assert [one.metric for one in missed.measures] == ["found", "rate"]  # a bound is no median
    wrong = records_of(choose(("stack",)), [search(3, SearchEnd.OTHER, detail="a hang")])
    assert (wrong[0].outcome.value, wrong[0].message) == ("failed", "a hang")


def test_a_figure_that_nobody_reached_is_never() -> None:
    assert str(Figure(None, 0)) == "never"
