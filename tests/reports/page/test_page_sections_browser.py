"""The sections in a real browser: whole, readable and without errors, on a desk and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reports import Outcome, Record, RecordKind, Store
from reports.page.page import build_page
from tests.absent import absent
from tests.reports.page.section_store import full_store, keep, measure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTIONS = (
    "distributions", "scaling", "profiles", "tests", "evidence", "planted", "campaigns", "stress",
    "pairs", "characteristics",
)  # fmt: skip
HOSTILE = "</title><script>window.hit=1</script><img src=x onerror='window.hit=1'>\u202e`|"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sections")
    return built(full_store(folder), folder / "page.html")


def built(store: Path, target: Path) -> Path:
    with Store(store) as opened:
        build_page(opened, target)
    return target


class Tab:
    """One open page, and everything that it complained of."""

    def __init__(self, browser: Any, file: Path, **settings: Any) -> None:
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(file.as_uri())

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.complaints.append(f"asked for {request.url}")


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Any]:
    tabs: list[Tab] = []

    def opened(file: Path, **settings: Any) -> Tab:
        tabs.append(Tab(browser, file, **settings))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.context.close()
        assert tab.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_every_section_is_there_and_axe_finds_nothing(
    settings: dict[str, Any], open_tab: Any, page_file: Path
) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # it may be absent
    except ImportError:
        absent("axe", how="pip install axe-playwright-python")
    page = open_tab(page_file, viewport={"width": 1280, "height": 900}, **settings).page
    for name in SECTIONS:
        assert page.locator(f"section#{name} > h2").is_visible()
        assert page.locator(f"section#{name} .lede").first.is_visible()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_narrow_screen(width: int, open_tab: Any, page_file: Path) -> None:
    page = open_tab(page_file, viewport={"width": width, "height": 800}).page
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for name in SECTIONS:
        assert reach_of(page, name) <= width, name
    # A figure's letters: 10.5 units of a figure of 340, never shown smaller than 9 pixels.
    heights = page.evaluate(
        "[...document.querySelectorAll('svg.plot')].filter(one => one.checkVisibility())"
        ".map(one => 10.5 * one.getBoundingClientRect().width / 340)"
    )
    assert heights
    assert min(heights) > 8


@pytest.mark.slow
def test_the_sections_are_whole_without_script(open_tab: Any, page_file: Path) -> None:
    page = open_tab(page_file, java_script_enabled=False).page
    for name in SECTIONS:
        assert page.locator(f"section#{name}").is_visible()
    story = page.locator("#stress details.story").first
    assert "worker-1 holds it" not in story.inner_text()
    story.locator("summary").click()
    assert "worker-1 holds it since pool.py:58" in story.inner_text()


@pytest.mark.slow
def test_on_paper_every_story_is_there(open_tab: Any, page_file: Path) -> None:
    page = open_tab(page_file).page
    page.emulate_media(media="print")
    assert page.locator("#evidence pre").first.is_visible()


@pytest.mark.slow
def test_markup_in_any_text_of_any_section_stays_text(
    open_tab: Any, page_file: Path, tmp_path: Path
) -> None:
    params = dict.fromkeys(
        ("evidence", "strategy", "model", "finding", "data_races", "resume", "estimate_of", "bug",
         "method", "generator", "ending", "outlook", "noise", "chaos", "chaos: x", "group", "about",
         "profile", "interpreter"),
        HOSTILE,
    )  # fmt: skip
    curve = ((0.0, 1.0), (2.0, 3.0))
    records = [
        Record(
            kind=kind,
            name=f"{HOSTILE}::{HOSTILE}[{size}-{HOSTILE}]",
            outcome=outcome,
            measures=(
                measure("time", size, HOSTILE, curve=curve),
                measure(f"{HOSTILE} growth", 1, HOSTILE),
                measure(f"{HOSTILE} slope", 1, HOSTILE),
                measure(f"{HOSTILE} {HOSTILE}", 1, HOSTILE),
            ),
            params={**params, **({"pair": HOSTILE, "claim": HOSTILE} if size == 9 else {})},
            message=f"{HOSTILE}\n{HOSTILE}",
            replay=HOSTILE,
        )
        for kind in RecordKind
        for outcome in (Outcome.PASSED, Outcome.FAILED)
        for size in (1, 2, 4, 9)
    ]
    store = keep(tmp_path / "store", records, commit=1).parents[1]
    keep(store, records, commit=2)
    file = built(store, tmp_path / "page.html")
    page = open_tab(file).page
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == open_tab(page_file).page.locator("script").count()
    assert page.locator("section#evidence").get_by_text("window.hit=1").first.is_visible()


@pytest.mark.slow
def test_a_search_finds_rows_of_every_section_and_opens_what_is_folded(
    open_tab: Any, page_file: Path
) -> None:
    page = open_tab(page_file).page
    page.fill("#find", "case_47")  # passed: it stands behind a click
    page.locator("#stress figure").first.wait_for(state="hidden")
    assert page.locator("#tests details.more tr:visible").filter(has_text="test_case_47").count()
    page.fill("#find", "store_under_chaos")
    page.locator("#stress figure", has_text="store_under_chaos").wait_for()
    assert page.locator("#stress figure:visible").count() == 1
    assert page.locator("#tests tr[data-find]:visible").count() == 0


@pytest.mark.slow
def test_endless_words_break_on_a_phone(open_tab: Any, tmp_path: Path) -> None:
    endless = "x" * 480
    params = dict.fromkeys(
        ("evidence", "strategy", "bug", "method", "outlook", "ending", "about", "claim", "source",
         "chaos: x", "noise", "group", "planted", "verdict"),
        endless,
    )  # fmt: skip
    records = [
        Record(
            kind=kind,
            name=f"{endless}[{size}]",
            outcome=outcome,
            measures=(measure("time", size, "s"), measure(endless, 1, endless)),
            params={**params, **({"pair": endless} if size == 9 else {})},
            message=f"{endless}\n{endless}",
            replay=endless,
        )
        for kind in RecordKind
        for outcome in (Outcome.PASSED, Outcome.FAILED)
        for size in (1, 2, 4, 9)
    ]
    store = keep(tmp_path / "store", records, commit=1).parents[1]
    keep(store, records, commit=2)
    page = open_tab(built(store, tmp_path / "p.html"), viewport={"width": 390, "height": 800}).page
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for name in SECTIONS:
        assert reach_of(page, name) <= 390, name


def reach_of(page: Any, section: str) -> float:
    """Return how far to the right anything of a section reaches that does not scroll by itself."""
    return float(
        page.evaluate(
            "name => Math.max(...[...document.querySelectorAll(`#${name} *`)]"
            ".filter(one => !one.closest('.scroll, pre, svg'))"
            ".map(one => one.getBoundingClientRect().right))",
            section,
        )
    )
