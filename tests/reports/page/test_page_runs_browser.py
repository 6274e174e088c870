"""In a browser: an opened row's runs, the zoom of small plots, links into what is folded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reports import Store
from reports.page.data import read_page_data
from reports.page.page import build_page
from reports.page.run_sides import run_sides
from tests.reports.page.chromium import opened_file
from tests.reports.page.section_store import PROFILES, full_store, keep

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def page(store: Path) -> Path:
    with Store(store) as opened:
        build_page(opened, store.parent / "page.html")
    return store.parent / "page.html"


def box_of(svg: Any) -> list[float]:
    return [float(one) for one in svg.get_attribute("viewBox").split()]


def test_every_opened_row_tells_its_runs_as_the_page_itself_would(
    browser: Any, page: Path, store: Path
) -> None:
    with Store(store) as opened:
        data = read_page_data(opened)
    expected = {
        f"Runs of {one.key.benchmark}, {one.key.metric}, before and now": sides.words
        for one in data.verdicts.values()
        if (sides := run_sides(data.series[one.key], one)) is not None
    }
    with opened_file(browser, page) as tab:
        tab.evaluate("document.querySelectorAll('#series .open-row').forEach(one => one.click())")
        told = tab.evaluate(
            "[...document.querySelectorAll('tr.detail svg.plot')].map(one => "
            "[one.querySelector('title').textContent, one.querySelector('desc').textContent])"
        )
        assert dict(told) == expected
        first = tab.locator("tr.detail").first
        assert first.locator("svg.plot circle").count() == 6, "three runs of each side"
        assert first.locator("svg.plot rect").count() == 6
        assert first.locator(".runs-words").inner_text() == told[0][1]


def test_the_runs_of_an_opened_row_can_be_read_as_numbers(browser: Any, page: Path) -> None:
    with opened_file(browser, page) as tab:
        tab.locator("#series .open-row").first.click()
        tab.locator("tr.detail .numbers summary").first.click()
        table = tab.locator("tr.detail .numbers table").nth(1)
        table.wait_for()
        rows = table.locator("tbody tr").all_inner_texts()
    assert len(rows) == 6
    assert rows[0].split("\t") == ["before (0000008)", "2.92", "2.90 to 2.98"]
    assert rows[-1].split("\t")[0] == "now (000000c)"


def test_an_opened_row_fits_a_phone_and_axe_finds_nothing(browser: Any, page: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    with opened_file(browser, page, viewport=PHONE) as tab:
        tab.locator("#series .open-row").first.click()
        tab.locator("tr.detail .numbers summary").first.click()
        tab.locator("tr.detail .zoom.small").first.focus()
        root = "document.documentElement"
        assert tab.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
        found = axe.run(tab).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


@pytest.mark.parametrize("section", ["campaigns", "stress", "scaling", "distributions"])
def test_a_small_plot_zooms_by_keys_drag_and_buttons(
    browser: Any, page: Path, section: str
) -> None:
    with opened_file(browser, page) as tab:
        box = tab.locator(f"#{section} .zoom.small").first
        box.scroll_into_view_if_needed()
        svg, keys = box.locator("svg"), box.locator(".zoom-keys")
        whole = box_of(svg)
        assert not keys.is_visible(), "buttons under dozens of plots would be all one sees"
        box.focus()
        assert keys.is_visible()
        tab.keyboard.press("+")
        tab.keyboard.press("+")
        closer = box_of(svg)
        assert closer[2] == pytest.approx(whole[2] / 1.69, rel=1e-3)
        tab.keyboard.press("ArrowRight")
        assert box_of(svg)[0] > closer[0]
        tab.keyboard.press("0")
        assert box_of(svg) == pytest.approx(whole)
        place = svg.bounding_box()
        middle = place["y"] + place["height"] / 2
        tab.mouse.move(place["x"] + 80, middle)
        tab.mouse.down()
        tab.mouse.move(place["x"] + 180, middle, steps=3)
        tab.mouse.up()
        assert box_of(svg)[2] == pytest.approx(whole[2] * 100 / place["width"], rel=0.05)
        keys.get_by_text("Reset").click()
        assert box_of(svg) == pytest.approx(whole)


def test_keys_zoom_towards_the_line_and_not_into_an_empty_middle(browser: Any, page: Path) -> None:
    with opened_file(browser, page) as tab:
        box = tab.locator("#campaigns figure", has_text="parse_frame").locator(".zoom").first
        box.focus()
        for _ in range(5):
            tab.keyboard.press("+")
        x, y, wide, high = box_of(box.locator("svg"))
        corners = [
            tuple(float(one) for one in pair.split(","))
            for pair in box.locator("polyline").get_attribute("points").split()
        ]
    middle = x + wide / 2
    right = next(at for at, corner in enumerate(corners) if corner[0] >= middle)
    heights = [corners[right - 1][1], corners[right][1]]
    assert y <= max(heights)
    assert min(heights) <= y + high


def test_tab_passes_a_small_plot_in_one_step(browser: Any, page: Path) -> None:
    with opened_file(browser, page) as tab:
        tab.locator("#distributions .zoom.small").first.focus()
        tab.keyboard.press("Tab")
        assert not tab.evaluate("Boolean(document.activeElement.closest('.zoom-keys'))")


def test_a_link_to_a_folded_profile_opens_what_hides_it(browser: Any, tmp_path: Path) -> None:
    store = full_store(tmp_path)
    others = [f"benchmarks/test_a.py::test_{at}" for at in range(9)]
    names = [*others, "benchmarks/test_sort.py::test_merge[1024]"]
    keep(store, [replace(PROFILES[0], name=name) for name in names], minute=50)
    with Store(store) as opened:
        build_page(opened, tmp_path / "page.html")
    with opened_file(browser, tmp_path / "page.html", viewport=PHONE) as tab:
        link = tab.locator("#distributions figure", has_text="test_merge[1024]").locator("a")
        target = tab.locator(link.get_attribute("href"))
        assert not target.is_visible()
        link.click()
        target.wait_for()
        assert target.bounding_box()["y"] < PHONE["height"]
