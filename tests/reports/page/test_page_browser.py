"""The page in a real Chromium: read, searched, sorted, zoomed, printed, on a phone, by keyboard."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from tests.reports.page.chromium import DESKTOP, opened_file

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.reports.page.demo_pages import DemoPages

pytestmark = pytest.mark.slow
PHONE = {"width": 360, "height": 740}
EVERY_PAGE = ("morning", "one", "explorations", "hostile", "many", "empty")


def opened(
    browser: Any, pages: DemoPages, name: str, **settings: Any
) -> AbstractContextManager[Any]:
    return opened_file(browser, pages.path(name), **settings)


def names_shown(tab: Any) -> list[str]:
    return [text.strip() for text in tab.locator("#series .open-row").all_inner_texts()]


def wait_until(tab: Any, condition: str) -> None:
    # As a function: a bare expression would be evaluated as text, which the page's policy forbids.
    tab.wait_for_function(f"() => {condition}", timeout=30_000)


def overflow(tab: Any) -> int:
    root = "document.documentElement"
    return int(tab.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_no_page_complains_or_asks_for_anything_else(
    browser: Any, pages: DemoPages, name: str
) -> None:
    with opened(browser, pages, name) as tab:
        assert tab.locator("h1").inner_text()
        assert tab.evaluate("document.title").endswith("holdfast")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["morning", "hostile", "empty"])
def test_axe_finds_nothing_in_light_and_dark(
    browser: Any, pages: DemoPages, name: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    with opened(browser, pages, name, color_scheme=scheme) as tab:
        if tab.locator("#series .open-row").count():
            tab.locator("#series .open-row").first.click()
        found = axe.run(tab).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", EVERY_PAGE)
def test_the_body_never_scrolls_sideways(
    browser: Any, pages: DemoPages, name: str, viewport: dict[str, int]
) -> None:
    with opened(browser, pages, name, viewport=viewport) as tab:
        if tab.locator("#series .open-row").count():
            tab.locator("#series .open-row").first.click()
        assert overflow(tab) == 0


def test_the_first_screen_of_a_desktop_holds_verdict_summary_and_the_way_on(
    browser: Any, pages: DemoPages
) -> None:
    with opened(browser, pages, "morning") as tab:
        assert "1 check began to fail" in tab.locator(".since").inner_text()
        for part in ("h1", ".summary", "#look-title"):
            assert tab.locator(part).bounding_box()["y"] < DESKTOP["height"], part


def plain_rows(page: str) -> list[list[str]]:
    """Return the cells of the table that stands there for readers without a script."""
    plain = page.partition("<noscript>")[2].partition("</noscript>")[0]
    rows = re.findall(r"<tr><td>.*?</tr>", plain, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", "", one)) for one in row] for row in cells]


@pytest.mark.parametrize("name", ["morning", "many"])
def test_the_script_and_the_plain_table_say_the_same(
    browser: Any, pages: DemoPages, name: str
) -> None:
    expected = plain_rows(pages.text(name))
    with opened(browser, pages, name) as tab:
        shown = tab.evaluate(
            "() => [...document.querySelectorAll('#series tr[data-row]')]"
            ".map(row => [...row.cells].map(cell => cell.textContent))"
        )
    assert len(expected) >= len(shown) > 20
    for mine, theirs in zip(shown, expected, strict=False):
        # Names are laid out differently; state and every number have to agree.
        # The runs before and now, the last cell, stand in the row that a script opens.
        assert (mine[0], mine[3:]) == (theirs[0], theirs[3:-1]), theirs[1]


def test_search_narrows_findings_and_series_and_escape_takes_it_back(
    browser: Any, pages: DemoPages
) -> None:
    with opened(browser, pages, "morning") as tab:
        every = len(names_shown(tab))
        tab.keyboard.press("/")
        tab.keyboard.type("backpress")
        wait_until(tab, "document.querySelectorAll('#series .open-row').length < 5")
        assert set(names_shown(tab)) == {"test_backpressure"}
        assert tab.locator(".look:visible").count() == 1
        tab.keyboard.press("Escape")
        wait_until(tab, f"document.querySelectorAll('#series .open-row').length === {every}")
        assert tab.locator(".look:visible").count() > 1


def test_a_search_for_nothing_leaves_an_empty_table_that_says_so(
    browser: Any, pages: DemoPages
) -> None:
    with opened(browser, pages, "morning") as tab:
        tab.fill("#find", "no such thing")
        wait_until(tab, "!document.querySelector('#series .open-row')")
        assert tab.locator("#found").inner_text() == "0 found"
        assert tab.locator("#shown").inner_text().startswith("0 of")


def test_filters_of_state_metric_place_and_group_narrow_and_clear(
    browser: Any, pages: DemoPages
) -> None:
    with opened(browser, pages, "morning") as tab:
        every = len(names_shown(tab))
        tab.select_option("#f-state", "unstable")
        assert names_shown(tab) == ["test_sometimes_a_spike"]
        tab.click("#f-clear")
        tab.select_option("#f-metric", label="throughput")
        assert all("throughput" in name for name in names_shown(tab))
        tab.click("#f-clear")
        tab.select_option("#f-group", "benchmarks/test_codec.py")
        assert all(name.startswith("test_decode") for name in names_shown(tab))
        tab.select_option("#f-env", index=1)
        assert 0 < len(names_shown(tab)) < 10
        tab.click("#f-clear")
        assert len(names_shown(tab)) == every


def test_a_column_sorts_both_ways_and_what_is_unknown_stands_last(
    browser: Any, pages: DemoPages
) -> None:
    with opened(browser, pages, "morning") as tab:
        head = tab.locator("#series th[data-sort=change]")
        for direction, first in (("descending", "+31"), ("ascending", "\u2212")):
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == direction
            cells = tab.locator("#series td.c-change").all_inner_texts()
            assert cells[0].startswith(first)
            assert cells[-1] == "\u2013"


def test_a_row_opens_its_curve_with_words_and_closes_again(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning") as tab:
        row = tab.locator("#series tr[data-row='0']")
        button = row.locator(".open-row")
        button.click()
        assert button.get_attribute("aria-expanded") == "true"
        figure = tab.locator("tr.detail figure")
        assert "Lower is better" in figure.locator("figcaption").inner_text()
        assert "points of" in figure.locator("svg.trend desc").text_content()
        assert figure.locator(".t-dot").count() > 40
        assert figure.locator(".t-before").count() > 0, "the machine before is shown, hollow"
        figure.locator("summary").click()
        wait_until(
            tab, "document.querySelectorAll('tr.detail table:first-of-type tbody tr').length === 20"
        )
        button.click()
        assert tab.locator("tr.detail").count() == 0


@pytest.mark.parametrize("which", ["#regressions .zoom", "tr.detail .zoom"])
def test_a_figure_zooms_by_keys_wheel_buttons_and_drag_and_resets(
    browser: Any, pages: DemoPages, which: str
) -> None:
    with opened(browser, pages, "morning") as tab:
        tab.locator("#series .open-row").first.click()
        box = tab.locator(which).first
        box.scroll_into_view_if_needed()
        svg = box.locator("svg")
        whole = svg.get_attribute("viewBox")
        box.focus()
        tab.keyboard.press("+")
        closer = svg.get_attribute("viewBox")
        assert float(closer.split()[2]) < float(whole.split()[2])
        tab.keyboard.press("ArrowLeft")
        assert svg.get_attribute("viewBox") != closer
        tab.keyboard.press("0")
        assert [float(one) for one in svg.get_attribute("viewBox").split()] == [
            pytest.approx(float(one), abs=0.01) for one in whole.split()
        ]
        place = svg.bounding_box()
        middle = (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        tab.mouse.move(*middle)
        tab.mouse.wheel(0, -100)
        wait_until(tab, "document.activeElement.classList.contains('in')")
        assert float(svg.get_attribute("viewBox").split()[2]) < float(whole.split()[2])
        tab.locator(f"{which} + .zoom-keys").first.get_by_text("Reset").click()
        tab.mouse.move(place["x"] + 100, middle[1])
        tab.mouse.down()
        tab.mouse.move(place["x"] + 300, middle[1], steps=3)
        tab.mouse.up()
        width = float(svg.get_attribute("viewBox").split()[2])
        assert width == pytest.approx(float(whole.split()[2]) * 200 / place["width"], rel=0.05)


def test_the_wheel_scrolls_past_a_figure_that_nobody_chose(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning") as tab:
        svg = tab.locator("#regressions .zoom svg").first
        svg.scroll_into_view_if_needed()
        whole, place = svg.get_attribute("viewBox"), svg.bounding_box()
        before = tab.evaluate("scrollY")
        tab.mouse.move(place["x"] + 50, place["y"] + 50)
        tab.mouse.wheel(0, 200)
        wait_until(tab, f"scrollY !== {before}")
        assert svg.get_attribute("viewBox") == whole


def test_keys_walk_through_findings_and_rows_and_open_them(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning") as tab:
        tab.keyboard.press("j")
        first = "document.activeElement.querySelector('h3').textContent"
        assert tab.evaluate(first) == "close_while_reading"
        tab.keyboard.press("Enter")
        assert tab.locator(".look details").first.get_attribute("open") is not None
        tab.keyboard.press("j")
        assert "two_borrowers" in tab.evaluate(first)
        tab.keyboard.press("k")
        assert tab.evaluate(first) == "close_while_reading"
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", "where the focus is can be seen"
        tab.locator("#series tr[data-row='0']").focus()
        tab.keyboard.press("Enter")
        assert tab.locator("tr.detail").count() == 1


def test_help_opens_by_key_and_closes_by_escape(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning") as tab:
        tab.keyboard.press("?")
        assert tab.locator("#help").is_visible()
        tab.keyboard.press("Escape")
        assert not tab.locator("#help").is_visible()


def test_colours_follow_the_system_until_somebody_chooses(browser: Any, pages: DemoPages) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, pages, "morning", color_scheme="dark") as tab:
        dark = tab.evaluate(paper)
        tab.click("#theme")
        light = tab.evaluate(paper)
        assert light != dark
        tab.keyboard.press("t")
        assert tab.evaluate(paper) == dark
        assert tab.locator("#theme").inner_text() == "Colours: dark"
        assert tab.evaluate("localStorage.getItem('holdfast-theme')") == "dark"


def test_a_command_is_copied_or_at_least_selected(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning") as tab:
        button = tab.locator(".look .copy").first
        button.click()
        tab.wait_for_function("one => one.textContent !== 'Copy'", arg=button.element_handle())
        said = button.inner_text()
        assert said in {"Copied", "Selected"}
        if said == "Selected":
            chosen = tab.evaluate("getSelection().toString()")
            assert chosen == "holdfast stress run close_while_reading --seed 9"


def test_rows_come_as_one_scrolls_and_all_can_be_reached(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "many") as tab:
        count = "document.querySelectorAll('#series .open-row').length"
        assert tab.evaluate(count) < 400, "what nobody looks at is not built"
        for _ in range(20):
            if tab.locator("#more").is_hidden():
                break
            built = tab.evaluate(count)
            tab.locator("#more").scroll_into_view_if_needed()
            wait_until(tab, f"{count} > {built}")
        assert tab.evaluate(count) == 400


def test_without_a_script_everything_is_there_but_the_switches(
    browser: Any, pages: DemoPages
) -> None:
    with opened(browser, pages, "morning", java_script_enabled=False) as tab:
        text = tab.locator("body").inner_text()
        assert tab.locator("noscript table tbody tr").count() == 27
        assert tab.locator("#regressions svg.trend").count() >= 3
        for words in ("test_decode[4096]", "holdfast report ack", "close_while_reading"):
            assert words in text
        for part in ("#theme", "#find", "#tools", ".copy", ".zoom-keys"):
            assert not any(one.is_visible() for one in tab.locator(part).all()), part


def test_on_paper_stories_stand_open_and_tools_are_gone(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning", color_scheme="dark") as tab:
        tab.emulate_media(media="print")
        assert not tab.locator(".guide").is_visible()
        assert not tab.locator("#tools").is_visible()
        assert tab.locator(".look details pre").first.is_visible()
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(251, 250, 247)"
        )
        assert tab.pdf(format="A4").startswith(b"%PDF")


def test_on_paper_every_row_that_fits_is_built(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "many") as tab:
        tab.pdf(format="A4")
        assert tab.locator("#series .open-row").count() == 400


def test_hostile_text_is_shown_as_text(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "hostile") as tab:
        tab.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        for button in tab.locator("#series .open-row").all():
            button.click()
        assert any("<script>alert(1)" in name for name in names_shown(tab))
        assert tab.locator("img").count() == 0
        assert tab.locator("script:not([type])").count() == 1


def test_a_page_without_motion_does_not_move(browser: Any, pages: DemoPages) -> None:
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    with opened(browser, pages, "morning", reduced_motion="reduce") as tab:
        assert tab.evaluate(behaviour) == "auto"
    with opened(browser, pages, "morning", reduced_motion="no-preference") as tab:
        assert tab.evaluate(behaviour) == "smooth"


def test_every_figure_has_a_name_and_words(browser: Any, pages: DemoPages) -> None:
    with opened(browser, pages, "morning") as tab:
        drawn = tab.locator("svg.trend").all()
        assert drawn
        for svg in drawn:
            assert svg.locator("title").first.text_content()
            assert len(svg.locator("desc").first.text_content()) > 40
        assert tab.locator("figure:not(:has(figcaption))").count() == 0
