"""Regressions and profiles: the way to where the time goes, what grew, and how to find out."""

from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest

from reports import Outcome, Record, RecordKind, Store
from reports.page.data import read_page_data
from reports.page.page import build_page
from reports.page.profile_growth import grown
from reports.page.profile_hint import profile_command, profile_hint
from reports.page.profile_history import is_after
from reports.page.profiles import profile_links
from tests.reports.page import demo_store
from tests.reports.page.section_store import RUNS, bench, keep, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.page.profile_hint import ProfileHint

SLOWER = "benchmarks/test_send.py::test_send_round_trip"
COMMITS, STEP_AT = 12, 9
A_MONTH = -60 * 24 * 30  # minutes
SAMPLES = 400


def profile_of(
    shares: Mapping[str, float], *, kind: str = "cpu", name: str = SLOWER, **params: str
) -> Record:
    """Return a profile of 400 samples over 2 ms a call, by "file.py:line function"."""
    unit = "B" if kind == "memory" else "s"
    return Record(
        kind=RecordKind.PROFILE,
        name=name,
        outcome=Outcome.PASSED,
        measures=tuple(
            measure(place, share * 2e-3, unit, n=max(round(share * SAMPLES), 1))
            for place, share in shares.items()
        ),
        params={"profile": kind, "total": "0.002", "unit": unit, "per": "call"} | params,
        replay=f"holdfast report profile {shlex.quote(name)}",
    )


BEFORE = profile_of({"app/frame.py:12 encode": 0.12, "app/pool.py:9 take": 0.5, "io.py:3 go": 0.3})
AFTER = profile_of({"app/frame.py:31 encode": 0.31, "app/pool.py:9 take": 0.4, "io.py:3 go": 0.25})


def history(folder: Path, *, benchmark: str = SLOWER) -> Path:
    """Write twelve commits, from the ninth on one benchmark is slower."""
    rng = random.Random(3)
    for commit in range(1, COMMITS + 1):
        for run in range(RUNS):
            slow = 1.3 if commit >= STEP_AT else 1.0
            keep(folder / "store", [bench(benchmark, 3e-3 * slow, rng)], commit=commit, minute=run)
    return folder / "store"


def hint_of(store: Path) -> ProfileHint | None:
    with Store(store) as opened:
        data = read_page_data(opened)
        assert data.judgement is not None
        (change,) = data.judgement.regressions
        return profile_hint(data, change, links=profile_links(data))


def test_a_profile_of_each_side_tells_whose_share_grew(tmp_path: Path) -> None:
    store = history(tmp_path)
    keep(store, [BEFORE], commit=STEP_AT - 3, minute=7)
    keep(store, [AFTER], commit=COMMITS, minute=7)
    hint = hint_of(store)
    assert hint is not None
    assert hint.about == "of 000000c, after the change"
    assert hint.compared == "0000006 and 000000c"
    assert [(one.name, one.place) for one in hint.grown] == [("encode", "app/frame.py")]
    (encode,) = hint.grown
    assert encode.words.replace("\u202f", " ") == (
        "took 12 % of CPU time before, 31 % after: 240 µs a call, then 620 µs"
    )
    assert hint.command == "", "there is one of the code after the change already"


def test_profiles_of_one_side_are_never_compared(tmp_path: Path) -> None:
    store = history(tmp_path)
    keep(store, [BEFORE], commit=STEP_AT, minute=7)
    keep(store, [AFTER], commit=COMMITS, minute=7)
    hint = hint_of(store)
    assert hint is not None
    assert (hint.compared, hint.grown) == ("", ())


def test_a_profile_from_before_is_linked_and_the_missing_one_asked_for(tmp_path: Path) -> None:
    store = history(tmp_path)
    keep(store, [BEFORE], commit=2, minute=A_MONTH)
    hint = hint_of(store)
    assert hint is not None
    assert hint.about == "of 0000002, before the change"
    assert hint.command == f"holdfast report profile {SLOWER}"
    page = tmp_path / "page.html"
    with Store(store) as opened:
        build_page(opened, page)
    html = page.read_text(encoding="utf-8")
    assert f'href="{hint.anchor}"' in html
    assert f'id="{hint.anchor.removeprefix("#")}"' in html, "however old, it stands on the page"
    assert "ran at 0000002, not since" in html


def test_without_any_profile_a_node_id_gets_the_command_and_other_names_nothing(
    tmp_path: Path,
) -> None:
    named = hint_of(history(tmp_path / "pytest"))
    assert named is not None
    assert (named.anchor, named.command) == ("", f"holdfast report profile {SLOWER}")
    assert hint_of(history(tmp_path / "asv", benchmark="suite.Send.time_round_trip")) is None


def test_the_side_of_a_profile_is_told_by_its_code_or_not_at_all(tmp_path: Path) -> None:
    with Store(history(tmp_path)) as store:
        data = read_page_data(store)
        assert data.judgement is not None
        (change,) = data.judgement.regressions
        series = data.series[change.key]
    measured = series.runs[0].stamp
    other = replace(measured, commit_id="f" * 40)
    cases = [
        (measured, False),
        (series.runs[-1].stamp, True),
        (replace(other, position=STEP_AT - 1), False),
        (replace(other, position=STEP_AT), True),
        (replace(other, position=STEP_AT - 1, dirty=True), None),  # may hold the very change
        (replace(other, position=STEP_AT - 2, dirty=True), False),
        (replace(other, position=None), None),
        (replace(other, position=None, commit_id=None), None),
    ]
    for stamp, side in cases:
        assert is_after(stamp, change, series, began=0) is side, stamp


@pytest.mark.parametrize(
    ("benchmark", "command"),
    [
        ("b/test_a.py::test_b", "holdfast report profile b/test_a.py::test_b"),
        ("b/test_a.py::TestB::test_c", "holdfast report profile b/test_a.py::TestB::test_c"),
        ("test_a.py::test_b[x::y 1]", "holdfast report profile 'test_a.py::test_b[x::y 1]'"),
        ("test_a.py::test_b[it's]", "holdfast report profile 'test_a.py::test_b[it'\"'\"'s]'"),
        ("suite.Send.time_round_trip", ""),
        ("engine-switch", ""),
        ("test_a.py", ""),
        ("test_a.py::", ""),
        ("test_a.py::test b", ""),
        ("test_a.py::test_b[half", ""),
        ("--help.py::test_b", ""),
        ("test_a.py::test_b[\n]", ""),
        ("</script>::</script>", ""),
    ],
)
def test_only_what_can_be_profiled_by_its_name_gets_a_command(benchmark: str, command: str) -> None:
    assert profile_command(benchmark) == command
    if command:
        assert shlex.split(command) == ["holdfast", "report", "profile", benchmark]


def test_beside_a_drift_a_profile_is_said_to_be_of_after_it_began(tmp_path: Path) -> None:
    store = demo_store.a_morning(tmp_path / "s")
    drifting = "benchmarks/test_flow.py::test_backpressure"
    night = demo_store.NIGHTS - 2
    demo_store.write_night(store, [profile_of({"a.py:1 f": 1.0}, name=drifting)], at=night, hours=2)
    with Store(store) as opened:
        data = read_page_data(opened)
    assert data.judgement is not None
    change = next(one for one in data.judgement.regressions if one.key.benchmark == drifting)
    hint = profile_hint(data, change, links=profile_links(data))
    assert hint is not None
    assert hint.about == f"of {demo_store.commit(night).short}, after it began"


@pytest.mark.slow
def test_the_command_of_a_regression_makes_a_profile_that_the_page_then_links(
    tmp_path: Path,
) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "test_send.py").write_text(
        "def test_send_round_trip(benchmark):\n    benchmark(lambda: sum(range(2000)))\n"
    )
    store = history(tmp_path)
    asked = hint_of(store)
    assert asked is not None
    command = [sys.executable, "-m", *shlex.split(asked.command), "--store", str(store)]
    quick = ["--kind", "cpu", "--time", "0.1"]
    subprocess.run([*command, *quick], cwd=tmp_path, env=dict(os.environ), check=True, timeout=60)
    hint = hint_of(store)
    assert hint is not None
    assert hint.anchor


def test_a_share_grows_only_beyond_what_sampling_explains() -> None:
    few = {"a.py:1 f": 0.50, "a.py:9 g": 0.50}
    more = {"a.py:1 f": 0.57, "a.py:9 g": 0.43}
    assert grown(profile_of(few), profile_of(more)) == (), "7 points of 400 samples are two errors"
    far = profile_of({"a.py:1 f": 0.62, "a.py:9 g": 0.38})
    assert [one.name for one in grown(profile_of(few), far)] == ["f"]
    assert grown(far, far) == ()


def test_waits_are_no_samples_and_need_five_points() -> None:
    def waits(share: float) -> Record:
        return profile_of({"a.py:1 f": share, "a.py:9 g": 1 - share}, kind="wait")

    assert grown(waits(0.50), waits(0.54)) == ()
    (one,) = grown(waits(0.50), waits(0.56))
    assert "50\u202f% of the waiting before, 56\u202f% after" in one.words


def test_a_function_that_was_not_among_the_hottest_is_given_its_bound() -> None:
    after = profile_of({"a.py:1 f": 0.6, "a.py:9 g": 0.4})
    whole = profile_of({"a.py:9 g": 1.0}, places="1")
    assert grown(whole, after)[0].words.startswith("was not seen before, took 60")
    cut = profile_of({"a.py:9 g": 0.9, "a.py:5 h": 0.03}, places="70")
    (f,) = grown(cut, after)
    assert f.before == pytest.approx(0.03)
    assert f.words.startswith("took at most 3\u202f% of CPU time before, 60")


def test_totals_that_are_no_numbers_or_too_small_give_no_share_above_all() -> None:
    for total in ("", "nan", "-1", "1e-9", "many"):
        before = profile_of({"a.py:1 f": 0.2, "a.py:9 g": 0.8}, total=total)
        after = profile_of({"a.py:1 f": 0.8, "a.py:9 g": 0.2}, total=total)
        (one,) = grown(before, after)
        assert one.before == pytest.approx(0.2)
        assert one.after == pytest.approx(0.8)


def test_the_page_tells_the_growth_beside_the_regression(tmp_path: Path) -> None:
    store = history(tmp_path)
    evil = "a.py:1 </script><img/src=x>"
    keep(store, [profile_of({evil: 0.1, "a.py:9 g": 0.9})], commit=STEP_AT - 1, minute=7)
    keep(store, [profile_of({evil: 0.9, "a.py:9 g": 0.1})], commit=STEP_AT, minute=7)
    with Store(store) as opened:
        build_page(opened, tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    section = html.partition('<section id="regressions"')[2].partition("</section>")[0]
    text = unescape(re.sub(r"<[^>]+>", "", section))
    assert "Between the profiles of 0000008 and 0000009, one run each" in text
    assert "took 10\u202f% of CPU time before, 90\u202f% after" in text
    assert "<img" not in section
