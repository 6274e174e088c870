"""The surroundings of a child that must not know that xdist runs its parent.

pytest-benchmark measures nothing in a process whose surroundings name a worker of xdist.
"""

from __future__ import annotations

import os


def outside_xdist() -> dict[str, str]:
    """Return this process's variables without those of xdist."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_XDIST")}
