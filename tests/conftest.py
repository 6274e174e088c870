"""Settings that the whole suite shares."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import thread_hooks

if TYPE_CHECKING:
    from collections.abc import Iterator

# Examples of the property suites: few in every run of the tests, 1000 in `nox -s property`. No
# deadlines: the machines that run this are shared, and a slow example proves nothing.
settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("full", parent=settings.get_profile("quick"), max_examples=1_000)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _hooks_stay() -> Iterator[None]:
    """Fail the test that leaves a hook behind, and not the next ones."""
    before = thread_hooks.present()
    yield
    changed = thread_hooks.left_behind(before, thread_hooks.present())
    if changed:
        thread_hooks.put_back(before)
    assert not changed


@pytest.fixture(autouse=True)
def _no_event_loop_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where an event loop is left running in this thread: asyncio would run no other in it."""
    if "browser" in request.fixturenames:  # Playwright's own, as long as that module's tests
        yield
        return
    assert not _event_loop_runs(), "an earlier test left its event loop running in this thread"
    yield
    assert not _event_loop_runs(), "this test left its event loop running in this thread"


def _event_loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
