"""The report as Markdown: everything that matters, and no text from outside that acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reports import Outcome, Record, RecordKind, Store
from reports.commands import report_command
from reports.layout import claim_store
from reports.page.summary import summary_markdown
from tests.reports.page.section_store import full_store, keep, measure

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "a|b `code` ``` <img src=x> @team [link](http://evil.example)\n# heading\n| row |\u202e"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_store(tmp_path_factory.mktemp("summary"))


def text_of(store: Path) -> str:
    with Store(store) as opened:
        return summary_markdown(opened)


def test_the_summary_has_the_verdict_first_and_everything_that_ran(store: Path) -> None:
    text = text_of(store)
    heads = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    assert heads[0].startswith("7 of 81 checks failed and 1 benchmark got worse")
    assert heads[1:] == [
        "What failed", "Benchmarks", "Tests", "Planted bugs, by method", "Explorations",
        "Fuzz campaigns", "Stress",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "- **Explorations** `app.pool:take_and_give`: `ASSERTION: an assertion failed`",
        "  - run it again: `holdfast stress run sessions_come_and_go --seed 0`",
        "60 tests in ",
        "| `stress` | 1 of 2 | 23 of 40 (41 to 73 %) |",
        "| `fuzzing` | 1 of 1 | 20 of 20 (83 to 100 %) | 210\u202fms | 1 of 20 |",
        "| \u2717 failed | `parse_frame` | 480\u202f000 | 742 | 1 |",
        "`descriptors 1.02 (0.980 to 1.05) a round`",
        "| \u2717 worse | `benchmarks/test_send.py::test_send_round_trip` | +18\u202f% (",
        "| \u2713 passed | `app.cache:fill` | `portfolio` | 5\u202f000 | `at most 4 % of the",
        "To accept what is meant: `holdfast report ack ",
    ],
)
def test_the_summary_says(line: str, store: Path) -> None:
    assert line in text_of(store)


def test_every_row_of_a_table_has_as_many_cells_as_its_head(store: Path) -> None:
    assert_tables_whole(text_of(store))


def assert_tables_whole(text: str) -> None:
    tables = re.findall(r"(?:^\|.*\|$\n)+", text, flags=re.MULTILINE)
    assert tables
    for table in tables:
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(cells)) == 1, table


def test_text_from_outside_neither_draws_nor_calls_nor_loads(tmp_path: Path) -> None:
    records = [
        Record(
            kind=kind,
            name=HOSTILE,
            outcome=outcome,
            measures=(
                measure("time", 1, HOSTILE),
                measure("found", 1, "runs", n=2),
                measure(f"{HOSTILE} growth", 3, HOSTILE),
                measure(f"{HOSTILE} slope", 3, HOSTILE),
            ),
            params=dict.fromkeys(("method", "strategy", "evidence", "outlook", "ending"), HOSTILE),
            message=HOSTILE,
            replay=HOSTILE,
        )
        for kind in RecordKind
        for outcome in Outcome
    ]
    text = text_of(keep(tmp_path / "s", records).parents[1])
    assert_tables_whole(text)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    for mark in ("<img", "@team", "](http", "\u202e"):
        assert mark not in outside, mark
    assert "\n# heading" not in text
    assert "\u202e" not in text


def test_a_summary_of_thousands_stays_short_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    records = [
        Record(kind=kind, name=f"{kind} {at}", outcome=Outcome.FAILED, message="x" * 9_000)
        for kind in RecordKind
        for at in range(300)
    ]
    text = text_of(keep(tmp_path / "s", records).parents[1])
    assert len(text) < 100_000  # a job's summary holds a megabyte
    assert re.search(r"And [12]\u202f\d{3} more failed checks: see the page", text)


def test_a_store_without_runs_has_a_summary_that_says_so(tmp_path: Path) -> None:
    claim_store(tmp_path / "s")
    assert text_of(tmp_path / "s").startswith("## Nothing has been recorded yet")


def test_the_command_prints_it_or_writes_it(store: Path, tmp_path: Path) -> None:
    words = ["summary", "--store", str(store)]
    printed = CliRunner().invoke(report_command, words)
    assert printed.exit_code == 0
    assert printed.stdout == text_of(store)
    target = tmp_path / "deep" / "summary.md"
    written = CliRunner().invoke(report_command, [*words, "--output", str(target)])
    assert written.exit_code == 0
    assert target.read_text(encoding="utf-8") == printed.stdout


def test_the_command_names_a_store_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(report_command, ["summary", "--store", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "no store" in done.stderr
