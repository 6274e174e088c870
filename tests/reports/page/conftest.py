"""One browser for the tests of a module, and one page of each demo store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reports.page.chromium import started_chromium
from tests.reports.page.demo_pages import DemoPages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a Chromium; each test opens contexts of its own in it and closes them.

    No longer than a module: while Playwright is there, its event loop counts as the running one of
    this thread, and asyncio runs no other in it.
    """
    yield from started_chromium()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> DemoPages:
    """Return the pages of the demo stores, by name; each is built once."""
    pytest.importorskip("matplotlib", reason="the extra holdfast[reports] is not installed")
    pytest.importorskip("jinja2", reason="the extra holdfast[reports] is not installed")
    return DemoPages(tmp_path_factory.mktemp("pages"))
