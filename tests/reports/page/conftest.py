"""One browser for all tests of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reports.page.chromium import started_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a Chromium; each test opens contexts of its own in it and closes them."""
    yield from started_chromium()
