"""The page: failures first, in words, from hostile text, in the same bytes every time."""

from __future__ import annotations

import dataclasses
import re
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from reports import (
    Direction,
    Environment,
    Measure,
    MissingExtraError,
    Outcome,
    Record,
    RecordKind,
    RunDocument,
    Store,
)
from reports.commit import Commit
from reports.page.page import build_page
from reports.write import write_document

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("matplotlib", reason="the extra holdfast[reports] is not installed")
pytest.importorskip("jinja2", reason="the extra holdfast[reports] is not installed")

START = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Environment.capture()
VOID = {"meta", "br", "link", "img", "input", "wbr"}


class Outline(HTMLParser):
    """Collects what a reader meets, and complains about elements that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self._goes_on = False  # a word that may break: its parts are one text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)
        self._goes_on = tag == "wbr"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"style", "script"} & set(self.open):
            text = " ".join(data.split())
            self.texts.append(self.texts.pop() + text if self._goes_on else text)
            self._goes_on = False


def a_measure(metric: str, value: float, *, unit: str = "", n: int = 1) -> Measure:
    return Measure(metric=metric, value=value, unit=unit, direction=Direction.LOWER, n=n)


def bench(value: float) -> Record:
    return Record(
        kind=RecordKind.BENCHMARK,
        name="benchmarks/test_b.py::test_access",
        outcome=Outcome.PASSED,
        measures=(a_measure("time", value, unit="s"),),
    )


def store_with(folder: Path, *records: Record, at: int = 0, commit: int = 1) -> Path:
    document = RunDocument(
        source="a test",
        written_at=START + timedelta(hours=at),
        environment=HERE,
        commit=Commit(commit_id=f"{commit:040x}", position=commit),
        records=records,
    )
    write_document(document, store=folder / "s")
    return folder / "s"


def page_of(folder: Path) -> tuple[str, Outline]:
    target = folder / "out" / "index.html"
    with Store(folder / "s") as store:
        build_page(store, target)
    html = target.read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(html)
    assert outline.open == [], "every element closes"
    return html, outline


FAILED = Record(
    kind=RecordKind.STRESS,
    name="close_while_reading",
    outcome=Outcome.FAILED,
    message="SIGSEGV in child 3\nall stacks:\n  reader in access()",
    replay="holdfast stress run close_while_reading --seed 9",
)
PASSED = Record(kind=RecordKind.FUZZ, name="flow_operations", outcome=Outcome.PASSED)


def test_failures_come_first_with_their_story_and_replay_line(tmp_path: Path) -> None:
    store_with(tmp_path, PASSED, FAILED)
    _, outline = page_of(tmp_path)
    texts = outline.texts
    assert "1 of 2 checks failed." in texts
    assert texts.index("What needs a look") < texts.index("Stress", 44)
    failure = texts.index("SIGSEGV in child 3")
    assert failure > texts.index("What needs a look")
    assert "all stacks: reader in access()" in texts
    assert "holdfast stress run close_while_reading --seed 9" in texts


def test_outcomes_are_said_in_words_and_marks_not_in_colour_alone(tmp_path: Path) -> None:
    skipped = Record(kind=RecordKind.STRESS, name="b", outcome=Outcome.SKIPPED)
    undecided = Record(kind=RecordKind.EXPLORATION, name="c", outcome=Outcome.UNDECIDED)
    store_with(tmp_path, PASSED, FAILED, skipped, undecided)
    _, outline = page_of(tmp_path)
    for words in ("\u2713 passed", "\u2717 failed", "\u2013 skipped", "? undecided"):
        assert words in outline.texts


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ((PASSED,), "Nothing failed."),
        ((), "Nothing has been recorded yet."),
        (
            (PASSED, Record(kind=RecordKind.FUZZ, name="x", outcome=Outcome.UNDECIDED)),
            "Nothing failed, but 1 check ended undecided.",
        ),
        (
            (FAILED, Record(kind=RecordKind.FUZZ, name="x", outcome=Outcome.SKIPPED)),
            "1 of 2 checks failed; 1 check was skipped.",
        ),
    ],
    ids=["passed", "empty", "undecided", "failed and skipped"],
)
def test_the_verdict_is_one_sentence(
    tmp_path: Path, records: tuple[Record, ...], verdict: str
) -> None:
    store_with(tmp_path, *records)
    with Store(tmp_path / "s") as store:
        assert build_page(store, tmp_path / "page.html") == verdict


def test_markup_in_any_text_stays_text(tmp_path: Path) -> None:
    evil = "<script src=//x></script><img src=x onerror=y>\"'{{ 7*7 }}"
    hostile = Record(
        kind=RecordKind.EXPLORATION,
        name=evil,
        outcome=Outcome.FAILED,
        measures=(a_measure(evil, 1.0, unit=evil),),
        params={"strategy": evil, "evidence": evil},
        message=f"{evil}\n{evil}",
        replay=evil,
    )
    trend = Record(
        kind=RecordKind.BENCHMARK,
        name=evil,
        outcome=Outcome.PASSED,
        measures=(a_measure("$\\frac", 1.0, unit="$\\frac{"),),
        params={"limit": "2", "about": evil},
    )
    store_with(tmp_path, hostile, trend)
    store_with(tmp_path, trend, at=1, commit=2)
    store_with(tmp_path, hostile, trend, at=2, commit=2)
    html, outline = page_of(tmp_path)
    assert html.count("<script>") == 1, "ours alone"
    assert outline.tags.count("script") == 1 + html.count('<script type="application/json"')
    assert "img" not in outline.tags
    assert "{{ 7*7 }}" in html


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    store_with(tmp_path, bench(1.0))
    store_with(tmp_path, bench(1.1), at=1, commit=2)
    html, _ = page_of(tmp_path)
    assert "default-src 'none'" in html
    without_names = html.replace("http://www.w3.org/", "")  # SVG's namespaces are names
    assert not re.search(r"https?://|@import|url\((?!#)", without_names)


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    for at in range(6):
        store_with(tmp_path, bench(1.0 + at / 100), FAILED, at=at, commit=at + 1)
    first, _ = page_of(tmp_path)
    second, _ = page_of(tmp_path)
    assert first == second


@pytest.mark.parametrize(
    "values",
    [(1e308, -1e308), (0.0, 0.0), (1e-320, 1e-320), (5.0, 5.0), (-1.0, -2.0)],
    ids=["huge", "zero", "tiny", "equal", "negative"],
)
def test_extreme_values_are_drawn_or_left_out_but_never_break_the_page(
    tmp_path: Path, values: tuple[float, float]
) -> None:
    for at, value in enumerate(values):
        store_with(tmp_path, bench(value), at=at, commit=at + 1)
    page_of(tmp_path)


def test_a_figure_with_a_limit_shows_both_and_where_they_stand(tmp_path: Path) -> None:
    ratio = Measure(
        metric="ratio", value=2.9, unit="x", direction=Direction.LOWER, q1=2.8, median=2.9, q3=3.1
    )
    record = Record(
        kind=RecordKind.BENCHMARK,
        name="access",
        outcome=Outcome.PASSED,
        measures=(ratio,),
        params={"limit": "3.5", "about": "times the C floor"},
    )
    store_with(tmp_path, record)
    html, outline = page_of(tmp_path)
    assert "2.90 \u00d7" in outline.texts
    assert "2.80 to 3.10" in outline.texts
    assert "at most 3.5 \u00d7" in outline.texts
    assert "left:80.0%" in html


def test_of_a_check_that_ran_twice_the_newer_run_stands(tmp_path: Path) -> None:
    fixed = Record(kind=RecordKind.STRESS, name=FAILED.name, outcome=Outcome.PASSED)
    store_with(tmp_path, FAILED)
    store_with(tmp_path, fixed, at=1)
    _, outline = page_of(tmp_path)
    assert "Nothing failed." in outline.texts


def test_two_results_of_one_check_in_one_run_both_stand(tmp_path: Path) -> None:
    again = Record(kind=RecordKind.STRESS, name=FAILED.name, outcome=Outcome.PASSED)
    store_with(tmp_path, FAILED, again)
    _, outline = page_of(tmp_path)
    assert "1 of 2 checks failed." in outline.texts


def test_tests_of_an_older_commit_are_not_shown(tmp_path: Path) -> None:
    store_with(tmp_path, dataclasses.replace(FAILED, kind=RecordKind.TEST), commit=1)
    store_with(tmp_path, PASSED, at=1, commit=2)
    _, outline = page_of(tmp_path)
    assert "Nothing failed." in outline.texts
    assert FAILED.name not in outline.texts


def test_a_stress_run_that_the_newest_commit_has_not_seen_says_where_it_ran(tmp_path: Path) -> None:
    store = store_with(tmp_path, FAILED, commit=1)
    store_with(tmp_path, PASSED, at=1, commit=2)
    with Store(store) as opened:
        code = opened.stamps()[-1].label
    _, outline = page_of(tmp_path)
    assert "1 of 2 checks failed." in outline.texts
    assert any(text.endswith(f"ran at {code}, not since") for text in outline.texts)


def test_a_refused_document_is_named_on_the_page(tmp_path: Path) -> None:
    store = store_with(tmp_path, PASSED)
    (store / "runs" / ("0" * 64 + ".json")).write_bytes(b"{}")
    _, outline = page_of(tmp_path)
    assert "Documents left out" in outline.texts
    assert any("its content is not what its name says" in text for text in outline.texts)


def test_without_the_extra_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_with(tmp_path, PASSED)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with (
        Store(tmp_path / "s") as store,
        pytest.raises(MissingExtraError, match=r"holdfast\[reports\]"),
    ):
        build_page(store, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
