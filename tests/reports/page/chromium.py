"""A real Chromium for tests of the page: the system's, driven by Playwright."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.absent import absent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

DESKTOP = {"width": 1280, "height": 900}
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def started_chromium() -> Iterator[Any]:
    """Yield a browser, and close it; skip where there is none."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  # it may be absent
    except ImportError:
        absent("Playwright", how="pip install playwright")
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        absent("Chromium", how="apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_file(browser: Any, file: Path, **settings: Any) -> Iterator[Any]:
    """Open a page, and fail if it said anything to the console, asked for a file or broke."""
    context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce"} | settings)
    tab = context.new_page()
    troubles: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    address = file.as_uri()
    try:
        tab.goto(address)
        yield tab
        assert troubles == []
        assert asked == [address], "one file that needs nothing else"
    finally:
        context.close()
