"""Settings that the whole suite shares."""

from __future__ import annotations

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
