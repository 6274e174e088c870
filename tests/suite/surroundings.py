"""Where and when something was measured: no figure means anything without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.suite.searches import Search


def surroundings(searches: Iterable[Search]) -> str:
    """Return the Pythons of the searches, and this machine with its load now, in a line."""
    made_by = {search.python for search in searches}
    pythons = sorted(f"CPython {name}" if name[:1].isdigit() else name for name in made_by)
    return (
        f"Measured with {', '.join(pythons) or 'nothing'} on {processor()}, {os.cpu_count()} "
        f"processors, load {load()} at the end."
    )


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def load() -> str:
    """Return the machine's load of the last minute."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
