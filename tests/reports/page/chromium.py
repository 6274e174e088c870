"""A real Chromium for tests of the page: the system's, driven by Playwright."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.absent import absent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

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
