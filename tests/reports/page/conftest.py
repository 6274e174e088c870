"""One browser for all tests of the page, and one page of each demo store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reports.page.chromium import started_chromium
from tests.reports.page.demo_pages import DemoPages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a Chromium; each test opens contexts of its own in it and closes them."""
    yield from started_chromium()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> DemoPages:
    """Return the pages of the demo stores, by name; each is built once."""
    pytest.importorskip("matplotlib", reason="the extra holdfast[reports] is not installed")
    pytest.importorskip("jinja2", reason="the extra holdfast[reports] is not installed")
    return DemoPages(tmp_path_factory.mktemp("pages"))
