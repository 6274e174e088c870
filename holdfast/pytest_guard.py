"""Loads the pytest plugin if what it would import is ours.

Five common names can be shadowed by a user's own folders (`harness/`, `reports.py`). Then this
switches itself off with one line instead of breaking the user's pytest.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_OURS = Path(__file__).resolve().parent.parent


def stranger_in_the_way(name: str = "harness") -> str | None:
    """Return the folder or file that Python would import as `name` if it is not ours."""
    loaded = sys.modules.get(name)
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(name)
    if spec is None:
        return f"nothing called {name}"
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    found = Path(places[0]) if places and places[0] else None
    if found is None:
        return f"a module {name} without a file"
    ours = _OURS / name
    if found.resolve() in (ours / "__init__.py", ours):
        return None
    return str(found)


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Bring the real plugin in, or say why not."""
    stranger = stranger_in_the_way()
    if stranger is not None:
        sys.stderr.write(
            f"holdfast: its pytest plugin is off: `import harness` finds {stranger} "
            "(-p no:holdfast silences this)\n"
        )
        return
    plugin = importlib.import_module("harness.pytest_plugin")
    pluginmanager.register(plugin, "holdfast-plugin")
