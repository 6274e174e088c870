"""Settings that the whole suite shares."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Examples of the property suites: few in every run of the tests, 1000 in `nox -s property`. No
# deadlines: the machines that run this are shared, and a slow example proves nothing.
settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("full", parent=settings.get_profile("quick"), max_examples=1_000)
settings.load_profile("quick")
