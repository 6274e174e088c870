"""Which interpreter a child ran in, for its record."""

from __future__ import annotations

import platform
import sys
import sysconfig
from typing import Any


def this_interpreter(*, whole: bool = False) -> dict[str, Any]:
    """Return this interpreter in words.

    Args:
        whole: With the whole environment, as records keep it; it is another one than the parent's.
    """
    words = f"{platform.python_implementation()} {platform.python_version()}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        gil_on = getattr(sys, "_is_gil_enabled", lambda: True)()
        words += ", free-threaded build, gil on" if gil_on else ", free-threaded"
    return {"words": words, "environment": _environment() if whole else None}


def _environment() -> dict[str, Any]:
    from reports import Environment  # noqa: PLC0415  # few runs need it, and a child starts often

    return Environment.capture().to_json()
