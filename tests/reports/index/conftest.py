"""The two databases that every test of an index runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reports.postgres_server import Server, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fresh = Callable[[], str | None]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server for the whole session."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    """What makes the next place for an index: None is the file in the store."""
    if request.param == "sqlite":
        return lambda: None
    running: Server = request.getfixturevalue("server")
    return running.room


@pytest.fixture
def index(fresh: Fresh) -> str | None:
    """A place for one store's index."""
    return fresh()
