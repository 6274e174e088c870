"""What each section says of what was stored, and what it does not say."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from reports import Direction, Measure, Outcome, Record, RecordKind, Store
from reports.page import (
    campaigns,
    characteristics,
    distributions,
    evidence,
    pairs,
    planted,
    profiles,
    scaling,
    stress,
)
from reports.page import tests as tests_section
from reports.page.data import read_page_data
from reports.page.page import build_page
from tests.reports.page.section_store import (
    STACKS,
    bench,
    full_store,
    keep,
    measure,
)
from tests.reports.page.section_store import planted as planted_records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.page.data import PageData

SECTIONS = (
    campaigns, characteristics, distributions, evidence, pairs, planted, profiles, scaling,
    stress, tests_section,
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PageData:
    with Store(full_store(tmp_path_factory.mktemp("full"))) as store:
        return read_page_data(store)


def data_of(folder: Path, *records: Record) -> PageData:
    with Store(keep(folder / "s", records).parents[1]) as store:
        return read_page_data(store)


def check(kind: RecordKind, name: str = "one", **fields: Any) -> Record:
    return Record(kind=kind, name=name, **({"outcome": Outcome.PASSED} | fields))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.__name__)
def test_a_section_without_data_is_none(section: Any, tmp_path: Path) -> None:
    kind = RecordKind.TEST if section is not tests_section else RecordKind.FUZZ
    assert section.view(data_of(tmp_path, check(kind))) is None


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.__name__)
def test_a_section_takes_records_without_any_of_the_conventions(
    section: Any, tmp_path: Path
) -> None:
    kinds = [check(kind, f"bare {kind} {outcome}", outcome=outcome)
             for kind in RecordKind for outcome in Outcome]  # fmt: skip
    section.view(data_of(tmp_path, *kinds))


def test_what_failed_stands_first_in_every_list(data: PageData) -> None:
    for section in (evidence, campaigns, stress):
        view = section.view(data)
        assert view is not None
        ended = [row.outcome for row in view.rows.first]
        assert ended == sorted(ended, key=["failed", "undecided", "skipped", "passed"].index)
    tests = tests_section.view(data)
    assert tests is not None
    assert [row.outcome for row in tests.open.first] == ["failed", "skipped"]


def test_an_exploration_claims_all_only_of_what_was_exhausted(data: PageData) -> None:
    view = evidence.view(data)
    assert view is not None
    words = {row.name: row.covered.words if row.covered else "" for row in view.rows.first}
    assert words == {
        "app.pool:take_and_give": "",
        "app.pool:drain": "about 18 % of the schedules within 2 preemptions",
        "app.queue:hand_over": "all within its bound",
        "app.cache:fill": "at most 4 % of the tree",
    }
    assert view.badge == "1 failed"


def test_an_estimate_of_nearly_all_is_never_called_all(tmp_path: Path) -> None:
    estimate = measure("estimate", 0.9999, "1", minimum=0.999, maximum=1.0)
    one = check(RecordKind.EXPLORATION, measures=(estimate,), params={"exhausted": "no"})
    view = evidence.view(data_of(tmp_path, one))
    assert view is not None
    covered = view.rows.first[0].covered
    assert covered is not None
    assert covered.words == "about >99 %"


def test_a_finding_comes_with_its_story_and_the_line_that_replays_it(data: PageData) -> None:
    view = evidence.view(data)
    assert view is not None
    story = view.rows.first[0].story
    assert story is not None
    assert "adder-0 reads it in step 5" in story.rest
    assert story.replay.startswith("holdfast replay app.pool:take_and_give")


def test_the_matrix_sets_bugs_against_the_methods_that_seek_them(data: PageData) -> None:
    view = planted.view(data)
    assert view is not None
    assert view.matrix_methods == ("exploration", "stress")
    assert {row.bug: row.cells for row in view.matrix} == {
        "the gate is closed after the count is read": (("20/20", "all"), ("3/20", "some")),
        "a signal wakes one of many waiters": (("20/20", "all"), ("20/20", "all")),
    }


def test_a_method_is_told_with_its_chance_its_time_and_its_false_alarms(data: PageData) -> None:
    view = planted.view(data)
    assert view is not None
    by_name = {row.method: row for row in view.methods}
    assert by_name["exploration"].found.text == "40 of 40"
    assert by_name["exploration"].found.interval == "91 to 100 %"
    assert by_name["stress"].bugs == "1 of 2"
    assert by_name["fuzzing"].alarms.text == "1 of 20"
    assert [row.number for row in view.rows.first[:2]] == ["B-01-stress", "B-03"]
    assert view.rows.first[1].alarmed


def test_a_bug_never_found_is_framed_and_a_count_that_cannot_be_is_left_out(tmp_path: Path) -> None:
    records = [
        *planted_records("B-1", "one bug", "exploration", 0),
        *planted_records("B-1b", "one bug", "stress", 20),
        *planted_records("B-2", "another", "exploration", 20),
        *planted_records("B-2b", "another", "stress", 20),
        check(RecordKind.PLANTED, "B-3", measures=(measure("found", 7, "runs", n=5),)),
    ]
    view = planted.view(data_of(tmp_path, *records))
    assert view is not None
    assert ("0/20", "none") in {cell for row in view.matrix for cell in row.cells}
    (impossible,) = [row for row in view.rows.first if row.number == "B-3"]
    assert impossible.found.text == "\u2013"


def test_a_bug_that_one_run_missed_is_not_found_every_time(tmp_path: Path) -> None:
    missed = check(
        RecordKind.PLANTED, "B-1", params={"method": "stress"},
        measures=(measure("found", 19, "runs", n=20),),
    )  # fmt: skip
    always = check(
        RecordKind.PLANTED, "B-2", params={"method": "stress"},
        measures=(measure("found", 20, "runs", n=20),),
    )  # fmt: skip
    view = planted.view(data_of(tmp_path, missed, always))
    assert view is not None
    assert missed.outcome is Outcome.PASSED  # it may have asked for less
    assert [row.bugs for row in view.methods] == ["1 of 2"]


def test_good_twins_of_one_name_hide_no_alarm(tmp_path: Path) -> None:
    first = planted_records("B-1", "one bug", "stress", 20)
    second = planted_records("B-1", "one bug", "stress", 20, alarms=2)
    view = planted.view(data_of(tmp_path, *first, *second))
    assert view is not None
    assert sum(row.alarmed for row in view.rows.first) == 1
    assert view.methods[0].alarms.text == "2 of 40"


def test_a_campaign_says_whether_it_still_grows(data: PageData) -> None:
    view = campaigns.view(data)
    assert view is not None
    words = {one.name: one.curve_words for one in view.rows.first}
    assert words["parse_frame"].endswith("came after 33\u202fs, so it has levelled off.")
    assert words["route_table"].endswith("so it still grows.")
    assert words["no_curve"] == ""
    assert view.summary.endswith("571\u202f000 inputs run, 1 crash.")


def test_a_resource_grows_only_where_its_whole_interval_does(data: PageData) -> None:
    view = stress.view(data)
    assert view is not None
    grows = {card.name: [leak.resource for leak in card.leaks if leak.grows]
             for card in view.rows.first}  # fmt: skip
    assert grows == {
        "drain_while_taking": [],
        "sessions_come_and_go": ["descriptors", "memory"],
        "store_under_chaos": [],
    }
    assert "1 with something that grows, 1 stuck" in view.summary
    (chaotic,) = [card for card in view.rows.first if card.name == "store_under_chaos"]
    assert chaotic.chaos == ("disk: a disk of 1 MiB, nearly full",)


def test_a_stuck_run_shows_the_stacks_of_its_threads(data: PageData) -> None:
    view = stress.view(data)
    assert view is not None
    story = view.rows.first[0].story
    assert story is not None
    assert f"{story.lead}\n{story.rest}" == STACKS


def test_the_slowest_tests_come_with_their_share(data: PageData) -> None:
    view = tests_section.view(data)
    assert view is not None
    shares = [row.share for row in view.slowest]
    assert shares[0] == 100
    assert shares == sorted(shares, reverse=True)
    assert view.summary.startswith("60 tests in ")
    assert view.open.first[0].story is not None


def test_tests_without_times_are_said_to_take_none(tmp_path: Path) -> None:
    view = tests_section.view(
        data_of(tmp_path, check(RecordKind.TEST), check(RecordKind.TEST, "b"))
    )
    assert view is not None
    assert view.summary == "2 tests: 2 passed."


def test_runs_before_a_step_stand_over_the_newest_even_when_it_is_some_commits_old(
    data: PageData, tmp_path: Path
) -> None:
    with Store(full_store(tmp_path)) as store:
        view = distributions.view(read_page_data(store))
    assert view is not None
    first = view.rows.first[0]
    assert first.name == "test_send_round_trip"
    assert "before (0000008)" in first.words
    assert "now (000000c)" in first.words
    assert "no run of one side lies among the other's" in first.words
    assert first.svg.count("<circle") == 6  # three runs of each


def test_lost_documents_cost_no_distribution_anything(tmp_path: Path) -> None:
    path = full_store(tmp_path)
    with Store(path) as store:
        data = read_page_data(store)
        whole = distributions.view(data)
        for file in (path / "runs").iterdir():
            file.unlink()
        assert distributions.view(data) == whole
    assert whole is not None
    assert "whisker" in whole.rows.first[0].svg


def test_growth_is_told_apart_contended_superlinear_linear(data: PageData) -> None:
    view = scaling.view(data)
    assert view is not None
    told = {one.name: (one.words, one.warns) for one in view.rows.first}
    assert "superlinear" in told["test_merge[*]"][0]
    assert told["test_merge[*]"][1]
    assert "the more there are" in told["test_take[threads=*]"][0]
    assert told["test_take[threads=*]"][1]
    assert "linear, as far as these points tell" in told["test_scan[*-items]"][0]
    assert not told["test_scan[*-items]"][1]


@pytest.mark.parametrize(
    ("costs", "direction", "label", "words", "warns"),
    [
        ([1, 1.01, 0.99, 1], Direction.LOWER, "size", "level", False),
        ([8, 4.1, 2, 1], Direction.LOWER, "threads", "cheaper the more there are", False),
        ([1, 4, 16, 64], Direction.LOWER, "threads", "contended", True),
        ([1, 1.95, 4.05, 8], Direction.HIGHER, "threads", "in step", False),
        ([8, 4, 2.1, 1], Direction.HIGHER, "threads", "falls the more there are: contended", True),
        ([1, 1.4, 2, 2.8], Direction.LOWER, "size", "sublinear", False),
        ([1, 30, 1, 30], Direction.LOWER, "size", "too few or too uneven", False),
    ],
)
def test_an_exponent_is_read_by_what_is_counted_and_which_way_is_better(  # noqa: PLR0913, PLR0917
    costs: Sequence[float],
    direction: Direction,
    label: str,
    words: str,
    warns: bool,  # noqa: FBT001  # a case's field
    tmp_path: Path,
) -> None:
    records = [
        check(
            RecordKind.BENCHMARK,
            f"test_a[{label}={2**at}]",
            measures=(measure("m", cost, "s", better=direction),),
        )
        for at, cost in enumerate(costs)
    ]
    view = scaling.view(data_of(tmp_path, *records))
    assert view is not None
    (one,) = view.rows.first
    assert words in one.words
    assert one.warns is warns


def test_sizes_of_different_code_make_no_curve(tmp_path: Path) -> None:
    rng = random.Random(1)
    for commit, size in ((1, 1), (2, 2), (3, 4)):
        keep(tmp_path / "s", [bench(f"test_a[{size}]", size * 1e-6, rng)], commit=commit)
    with Store(tmp_path / "s") as store:
        assert scaling.view(read_page_data(store)) is None


def test_a_number_without_a_word_takes_the_name_of_its_parameter(tmp_path: Path) -> None:
    records = [
        check(RecordKind.BENCHMARK, f"test_a[{size}]", params={"clients": str(size)},
              measures=(measure("time", size * 1e-3, "s"),))
        for size in (1, 2, 4)
    ]  # fmt: skip
    view = scaling.view(data_of(tmp_path, *records))
    assert view is not None
    assert view.rows.first[0].words.startswith("Grows as clients to the power 1.00")


def test_profiles_of_one_subject_stand_together_the_hottest_first(data: PageData) -> None:
    view = profiles.view(data)
    assert view is not None
    (one,) = view.rows.first
    assert profiles.profile_links(data) == {one.name: f"#{one.anchor}"}
    assert [profile.title for profile in one.profiles] == [
        "CPU time", "Waiting for locks", "Memory allocated",
    ]  # fmt: skip
    hottest = one.profiles[0].functions[0]
    assert (hottest.name, hottest.place, hottest.width) == ("Frame.encode", "app/frame.py:12", 100)


def test_a_claim_stands_beside_the_ratio_and_is_never_taken_for_one(
    data: PageData, tmp_path: Path
) -> None:
    view = pairs.view(data)
    assert view is not None
    (row,) = view.rows.first
    assert (row.gain, row.interval) == ("3.68\u00d7", "3.41 to 3.90")
    assert (row.claim, row.source) == ("about four times as fast", "notes, part 2")
    unmeasured = check(RecordKind.BENCHMARK, params={"pair": "p99", "claim": "9x"})
    view = pairs.view(data_of(tmp_path, unmeasured))
    assert view is not None
    assert view.rows.first[0].gain == "\u2013"


def test_figures_come_with_the_machine_and_what_limits_them(data: PageData) -> None:
    view = characteristics.view(data)
    assert view is not None
    assert ("Processor", "A processor of the tests") in view.machines[0].facts
    (limit,) = view.limits
    assert (limit.value, limit.limit, limit.share < limit.limit_share) == (
        "2.10\u202f\u00b5s", "at most 5\u202f\u00b5s", True,
    )  # fmt: skip
    names = [subject.name for subject in view.subjects]
    assert names == [
        "benchmarks/test_pool.py",
        "benchmarks/test_send.py",
        "benchmarks/test_sort.py",
    ]


def test_a_figure_that_could_not_be_measured_still_shows_its_limit(tmp_path: Path) -> None:
    broken = check(RecordKind.BENCHMARK, outcome=Outcome.FAILED, params={"limit": "5"},
                   message="could not be measured: ImportError")  # fmt: skip
    view = characteristics.view(data_of(tmp_path, broken))
    assert view is not None
    (row,) = view.limits
    assert (row.outcome, row.value, row.limit) == ("failed", "\u2013", "5")
    assert view.badge == "1 failed"


@pytest.mark.slow
def test_thousands_of_records_stay_bounded_and_none_that_failed_is_left_out(tmp_path: Path) -> None:
    kinds = (RecordKind.TEST, RecordKind.EXPLORATION, RecordKind.PLANTED, RecordKind.STRESS,
             RecordKind.FUZZ)  # fmt: skip
    records = [check(kind, f"{kind} {at}") for kind in kinds for at in range(3_000)]
    records += [check(kind, f"{kind} bad", outcome=Outcome.FAILED) for kind in kinds]
    data = data_of(tmp_path, *records)
    for section in (evidence, stress, campaigns, planted):
        view: Any = section.view(data)
        assert view.rows.first[0].outcome == "failed"
        shown = len(view.rows.first) + len(view.rows.folded)
        assert shown <= 600
        assert shown + view.rows.left_out == 3_001
    tests = tests_section.view(data)
    assert tests is not None
    assert len(tests.open.first) == 1
    assert len(tests.passed.folded) + tests.passed.left_out == 3_000


EXTREMES = [0.0, 1e-320, 1e300, -1e300, 8e307]


@pytest.mark.parametrize("value", EXTREMES)
def test_figures_of_extreme_values_are_sound_or_absent(value: float, tmp_path: Path) -> None:
    low, high = sorted((value, value / 2))
    wild = Measure(
        metric="time", value=value, unit="s", direction=Direction.LOWER, minimum=low, q1=low,
        q3=high, maximum=high, curve=((0.0, 0.0), (1.0, value), (1.5e308, value)),
    )  # fmt: skip
    slope = Measure(metric="x slope", value=value, unit="bytes/round", direction=Direction.LOWER)
    records = [
        check(RecordKind.STRESS, measures=(wild, slope, measure("x growth", value, "bytes"))),
        check(RecordKind.FUZZ, measures=(wild,)),
        check(RecordKind.EXPLORATION, measures=(measure("executions", value), wild)),
        check(RecordKind.PROFILE, params={"profile": "cpu"}, measures=(measure("f", value, "s"),)),
        check(RecordKind.TEST, measures=(measure("time", value, "s"),)),
        *(check(RecordKind.BENCHMARK, f"a[{at}]", measures=(wild,)) for at in (1, 2, 3)),
        check(RecordKind.BENCHMARK, "l", measures=(wild,), params={"limit": "1e308"}),
        check(RecordKind.PLANTED, measures=(measure("found", value, n=3),)),
    ]
    keep(tmp_path / "s", records, commit=1)
    data = data_of(tmp_path, *records)
    for section in SECTIONS:
        for svg in drawings(section.view(data)):
            ET.fromstring(svg)  # noqa: S314  # our own drawing
            assert "nan" not in svg
            assert "inf" not in svg


def drawings(view: Any) -> list[str]:
    """Return every drawing of a section."""
    if view is None or not hasattr(view, "rows"):
        return []
    rows = (*view.rows.first, *view.rows.folded)
    single = [row.svg for row in rows if getattr(row, "svg", "")]
    return single + [curve.svg for row in rows for curve in getattr(row, "curves", ())]


def test_every_drawing_says_in_words_what_it_shows(data: PageData) -> None:
    for section in (scaling, campaigns, stress):
        found = drawings(section.view(data))
        assert found
        for svg in found:
            root = ET.fromstring(svg)  # noqa: S314  # our own drawing
            assert root.get("role") == "img"
            assert len(root.get("aria-label") or "") > 20


@pytest.mark.slow
def test_ten_sections_of_thousands_stay_small(tmp_path: Path) -> None:
    kinds = (RecordKind.TEST, RecordKind.STRESS, RecordKind.FUZZ, RecordKind.EXPLORATION)
    curve = tuple((float(at), float(at)) for at in range(300))
    records = [
        Record(
            kind=kind,
            name=f"{kind} {at}",
            outcome=Outcome.FAILED if at % 2 else Outcome.PASSED,
            measures=(measure("time", at, "s"), measure("memory", at, "bytes", curve=curve)),
            message="what happened\n" + "a line of the story\n" * 400,
        )
        for kind in kinds
        for at in range(1_000)
    ]
    store = keep(tmp_path / "store", records).parents[1]
    file = tmp_path / "page.html"
    with Store(store) as opened:
        build_page(opened, file)
    assert file.stat().st_size < 20_000_000
