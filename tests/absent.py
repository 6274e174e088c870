"""Parts that a machine may lack and can install: a database server, a browser.

A test that needs one says so here. It is skipped where the part is absent, and the run's summary
lists it; where `HOLDFAST_REQUIRE_PARTS` is set, as `.ci/run` does after installing them, it fails.
Recorded data beside the project is no such part: nobody can install it, and a test of it is skipped
without it, wherever it runs.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(part: str, *, how: str) -> NoReturn:
    """Skip the test that needs `part`, or fail it where everything was to be there."""
    message = f"{part} is not here; {how}"
    if os.environ.get("HOLDFAST_REQUIRE_PARTS"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
