"""What the page is made of: thin curves, news by the dates of runs, data that is no markup."""

from __future__ import annotations

import html
import json
import random
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reports.judging.accepted import Acceptances, Reset
from reports.page import first_screen, regressions, trends
from reports.page.assets import script, script_hash
from reports.page.changes import change_view, p_words
from reports.page.curve import MOST_POINTS, RAW_POINTS, curve_of, sparkline, thinned
from reports.page.data import read_page_data
from reports.page.embedded import embedded_json, rounded
from reports.page.finding import finding_view
from reports.page.lineage import series_before
from reports.page.news import Age, age_of_change, age_of_check, news_of
from reports.page.page import build_page
from reports.page.places import environment_labels
from reports.page.tally import tallies
from reports.record import Outcome, Record, RecordKind
from reports.selection import RAN_AT
from reports.series import Point
from reports.store import Store
from tests.reports.page import demo_store
from tests.reports.page.demo_pages import accepted_slowdown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.page.data import PageData
    from tests.reports.page.demo_pages import DemoPages

numpy = pytest.importorskip("numpy", reason="the extra holdfast[reports] is not installed")


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageData]:
    with Store(demo_store.a_morning(tmp_path_factory.mktemp("morning") / "s")) as store:
        yield read_page_data(store, accepted=accepted_slowdown(store))


def a_check(name: str, outcome: Outcome, kind: RecordKind = RecordKind.STRESS) -> Record:
    return Record(kind=kind, name=name, outcome=outcome)


def data_of(folder: Path) -> PageData:
    with Store(folder) as store:
        return read_page_data(store)


def points(values: list[float]) -> list[Point]:
    return [Point(code=str(at), label=f"c{at}", values=(value,)) for at, value in enumerate(values)]


@pytest.mark.parametrize("count", [1, 2, 299, 300, 301, 500, 5000])
def test_a_curve_keeps_its_newest_points_and_never_has_too_many(count: int) -> None:
    values = [float(at) for at in range(count)]
    thin = thinned(points(values))
    assert len(thin) <= MOST_POINTS
    assert [one.value for one in thin[-RAW_POINTS:]] == values[-RAW_POINTS:]
    assert sum(one.runs for one in thin) == count, "no run is left out"
    places = [one.at for one in thin]
    assert places == sorted(places)
    assert places[-1] == count - 1


def test_points_drawn_as_one_show_their_median_and_their_ends() -> None:
    values = [1.0] * 1000
    values[3] = 9.0
    first = thinned(points(values))[0]
    assert (first.value, first.low, first.high) == (1.0, 1.0, 9.0)


def test_a_sparkline_stays_in_its_box_and_a_level_one_is_in_the_middle() -> None:
    assert sparkline(thinned(points([1.0]))) == ""
    assert sparkline(thinned(points([2.0, 2.0]))) == "0,12 100,12"
    rng = random.Random(5)
    corners = sparkline(thinned(points([rng.gauss(0, 1) for _ in range(99)]))).split()
    assert len(corners) == 60
    for corner in corners:
        x, y = map(float, corner.split(","))
        assert 0 <= x <= 100
        assert 2 <= y <= 22


def test_levels_meet_where_the_changes_are(morning: PageData) -> None:
    judged = next(one for one in morning.verdicts.values() if one.changes)
    curve = curve_of(morning.series[judged.key], judged)
    assert curve.levels[0].start == 0
    assert curve.levels[-1].end == curve.total - 1
    for one, other in zip(curve.levels, curve.levels[1:], strict=False):
        assert other.start == one.end + 1
    assert [one.start for one in curve.levels[1:]] == [
        change.first_after.index for change in curve.changes
    ]
    assert curve.band == pytest.approx(2 * judged.noise)


def test_after_a_reset_everything_is_drawn_where_it_was_measured(tmp_path: Path) -> None:
    folder = demo_store.a_morning(tmp_path / "s")
    reset = Reset(
        benchmark="*",
        commit=demo_store.commit(40).commit_id,
        author="Ada",
        day=demo_store.START.date(),
        reason="a new machine room",
    )
    with Store(folder) as store:
        data = read_page_data(store, accepted=Acceptances(resets=(reset,)))
    change = next(one for one in data.judgement.regressions if "closing" in one.key.benchmark)
    judged, series = data.judged(change.key), data.series[change.key]
    curve = curve_of(series, judged)
    begin = 40 - 25  # the series begins on the new machine, in night 25
    assert (curve.began, curve.levels[0].start) == (begin, begin)
    drawn = curve.changes[-1].first_after.index
    assert series.points()[drawn].label == change.first_after.label
    assert age_of_change(data, change) is Age.NEW


def test_the_machine_before_is_found_and_machines_in_turns_are_none(tmp_path: Path) -> None:
    for at in range(6):
        old = at < 3
        machine = demo_store.OLD_MACHINE if old else demo_store.NEW_MACHINE
        demo_store.write_night(
            tmp_path / "moved", [demo_store.bench("b", 1.0)], at=at, environment=machine
        )
        machine = demo_store.OLD_MACHINE if at % 2 else demo_store.NEW_MACHINE
        demo_store.write_night(
            tmp_path / "turns", [demo_store.bench("b", 1.0)], at=at, environment=machine
        )
    moved, turns = data_of(tmp_path / "moved"), data_of(tmp_path / "turns")
    befores = [series_before(moved, one) for one in moved.series.values()]
    assert sorted(one is None for one in befores) == [False, True]
    assert all(series_before(turns, one) is None for one in turns.series.values())


def test_checks_are_new_fixed_or_as_before_by_the_dates_of_their_runs(tmp_path: Path) -> None:
    old, new = tmp_path / "s", tmp_path / "s"
    before = {"breaks": True, "still": False, "mended": False, "gone": False, "fine": True}
    after = {"breaks": False, "still": False, "mended": True, "fine": True, "first": False}
    outcomes = {True: Outcome.PASSED, False: Outcome.FAILED}
    demo_store.write_night(old, [a_check(one, outcomes[ok]) for one, ok in before.items()], at=0)
    demo_store.write_night(new, [a_check(one, outcomes[ok]) for one, ok in after.items()], at=2)
    data = data_of(tmp_path / "s")
    ages = {one.name: age_of_check(data, one) for one in data.records}
    assert ages["breaks"] is Age.NEW
    assert ages["still"] is Age.OLDER
    assert ages["first"] is Age.FIRST
    news = news_of(data)
    assert [one.name for one in news.fixed] == ["mended"]
    assert news.not_run_again == ()
    (gone,) = [one for one in data.records if one.name == "gone"]
    assert finding_view(gone).kind.endswith(f"ran at {gone.params[RAN_AT]}, not since")
    assert first_screen.view(data).since.startswith(
        "Since yesterday: 2 checks began to fail and 1 check was fixed. 1 run since"
    )


def test_a_failure_that_nobody_ran_again_for_a_week_is_named_and_told_no_more(
    tmp_path: Path,
) -> None:
    for at, name in enumerate(("gone", "here")):
        demo_store.write_night(tmp_path / "s", [a_check(name, Outcome.FAILED)], at=at * 9)
    data = data_of(tmp_path / "s")
    assert [one.name for one in data.records] == ["here"]
    assert [one.name for one in news_of(data).not_run_again] == ["gone"]


def test_a_failure_of_this_morning_is_not_compared_with_a_run_an_hour_earlier(
    tmp_path: Path,
) -> None:
    demo_store.write_night(tmp_path / "s", [a_check("one", Outcome.PASSED)], at=1)
    demo_store.write_night(tmp_path / "s", [a_check("one", Outcome.FAILED)], at=1, hours=1)
    data = data_of(tmp_path / "s")
    assert age_of_check(data, data.records[0]) is Age.FIRST
    assert "nothing older to compare with" in first_screen.view(data).since


def test_a_step_is_news_on_the_day_of_its_third_point_and_not_the_day_after(
    tmp_path: Path,
) -> None:
    rng = random.Random(3)

    def night(at: int, value: float) -> None:
        demo_store.write_night(
            tmp_path / "s", [demo_store.bench("b", value * rng.gauss(1, 0.01))], at=at
        )

    for at in range(25):
        night(at, 1.0 if at < 22 else 1.5)
    data = data_of(tmp_path / "s")
    assert [age_of_change(data, one) for one in data.judgement.regressions] == [Age.NEW]
    night(26, 1.5)
    data = data_of(tmp_path / "s")
    assert [age_of_change(data, one) for one in data.judgement.regressions] == [Age.OLDER]
    assert "nothing new went wrong" in first_screen.view(data).since


def test_the_summary_counts_each_thing_once(morning: PageData) -> None:
    for row in tallies(morning, news_of(morning)):
        assert row.wrong + row.fixed + row.untold + row.fine == row.total, row.title
        assert 0 <= row.new <= row.wrong


def test_an_accepted_change_is_told_with_its_author_and_not_counted(morning: PageData) -> None:
    section = regressions.view(morning)
    assert section is not None
    assert [one.name for one in section.acknowledged] == ["test_accepted_slowdown"]
    assert section.acknowledged[0].acknowledged == (
        f"Ada <ada@example.org> on {section.acknowledged[0].day}: checks signatures now"
    )
    standing = [one.change.name for _, group in section.groups for one in group]
    assert "test_accepted_slowdown" not in standing
    assert "test_read_while_closing" in standing


def test_a_regression_says_what_to_do_in_commands_that_can_be_copied(morning: PageData) -> None:
    change = next(one for one in morning.judgement.regressions if "closing" in one.key.benchmark)
    commands = [step.command for step in change_view(morning, change).steps]
    old, new = change.last_before.commit_id[:12], change.first_after.commit_id[:12]
    assert commands == [
        f"git log --oneline {old}..{new}",
        f"holdfast report measure {old} {new}",
        f'holdfast report ack {change.alert_id} --reason "why it is worth it"',
    ]


def test_regressions_beyond_what_is_drawn_are_told_without_a_figure(tmp_path: Path) -> None:
    rng = random.Random(8)
    for at in range(14):
        records = [
            demo_store.bench(f"b::t{one}", (2.0 if at > 8 else 1.0) * rng.gauss(1, 0.01))
            for one in range(regressions.FIGURES + 6)
        ]
        demo_store.write_night(tmp_path / "s", records, at=at)
    data = data_of(tmp_path / "s")
    section = regressions.view(data)
    assert section is not None
    drawn = [one.drawing is not None for _, group in section.groups for one in group]
    assert sum(drawn) == regressions.FIGURES
    assert section.undrawn == len(drawn) - sum(drawn) >= 6
    assert len(drawn) == len(data.judgement.regressions)


@pytest.mark.parametrize(
    "text",
    ["</script>", "<!--", "<script", "]]>", "\u2028", "\u2029", "&lt;", "'\"\\", "\ud7ff\x7f"],
)
def test_no_text_ends_or_begins_a_script_and_each_comes_back(text: str) -> None:
    written = embedded_json({"name": text, "list": [text]})
    assert not re.search(r"[<>&\u2028\u2029]", written)
    assert json.loads(written) == {"name": text, "list": [text]}


def test_numbers_are_as_short_as_can_be_seen_and_none_where_there_is_none() -> None:
    assert rounded(0.123456789) == 0.12346
    assert rounded(2.0) == 2
    assert rounded(float("nan")) is None
    assert rounded(float("inf")) is None
    assert embedded_json([rounded(1e300), rounded(1e-300)]) == "[1e+300,1e-300]"


def test_the_pages_data_holds_hostile_names_as_they_are(pages: DemoPages) -> None:
    text = pages.text("hostile")
    table = re.search(r'id="series-table">(.*?)</script>', text, re.DOTALL)
    assert table is not None
    assert demo_store.EVIL in json.loads(table.group(1))["name"]
    assert "<script>alert" not in text
    assert html.escape(demo_store.EVIL, quote=False).partition("'")[0] in text


def test_the_policy_allows_the_pages_own_script_alone(pages: DemoPages) -> None:
    text = pages.text("morning")
    inside = text.partition("<script>")[2].partition("</script>")[0]
    assert inside == script()
    assert f"script-src '{script_hash(inside)}'" in text
    assert script_hash(inside + " ") not in text, "a changed script would not run"
    assert "unsafe-eval" not in text


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = demo_store.a_morning(tmp_path / "s")
    for name in ("one", "two"):
        with Store(folder) as store:
            build_page(store, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_page_of_many_points_stays_small(tmp_path: Path) -> None:
    folder = demo_store.many_series(tmp_path / "s", series=3, runs=700)
    with Store(folder) as store:
        build_page(store, tmp_path / "page.html")
        data = read_page_data(store)
    section = trends.view(data)
    assert section is not None
    (chunk,) = section.chunks
    assert all(len(curve["p"]) <= MOST_POINTS for curve in json.loads(chunk))
    assert (tmp_path / "page.html").stat().st_size < 300_000


def test_names_of_environments_differ_as_soon_as_the_environments_do() -> None:
    one = demo_store.NEW_MACHINE
    kin = [one, replace(one, cpu="Other"), replace(one, kernel="6.2"), demo_store.OLD_MACHINE]
    labels = environment_labels({each.fingerprint: each for each in kin})
    assert len(set(labels.values())) == 4
    assert labels[demo_store.OLD_MACHINE.fingerprint] == "CPython 3.11.9, Linux, 4 cores"


@pytest.mark.parametrize(
    ("p", "words"),
    [(0.04, "p = 0.04"), (0.00012, "p = 0.00012"), (1e-9, "p < 0.0001")],
)
def test_a_p_value_claims_no_more_than_the_model_gives(p: float, words: str) -> None:
    assert p_words(p) == words


def test_a_store_of_one_run_says_that_nothing_can_be_told(tmp_path: Path) -> None:
    data = data_of(demo_store.one_run(tmp_path / "s"))
    screen = first_screen.view(data)
    assert screen.verdict == "Nothing failed; no benchmark has history enough to judge."
    assert screen.seal == "?"
    assert "measure the next commit as well" in " ".join(screen.reasons)


def test_a_store_without_a_benchmark_has_no_trends(tmp_path: Path) -> None:
    data = data_of(demo_store.only_explorations(tmp_path / "s"))
    assert (trends.view(data), regressions.view(data), data.judgement) == (None, None, None)
    assert first_screen.view(data).seal == "\u2713"


def test_the_day_begins_24_hours_before_the_newest_run(morning: PageData) -> None:
    assert morning.now - morning.since == timedelta(hours=24)
    assert [stamp.written_at > morning.since for stamp in morning.today] == [True, True]
