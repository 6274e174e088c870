"""A test of pytest's as a body, once it has run by itself: each execution finds it fresh.

What wider scopes have made is shared by all executions; fixtures of function scope, and the
instance of its class, are made and torn down inside each one, so the threads that they start are
controlled like those of the test.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from _pytest.logging import caplog_handler_key, caplog_records_key

from harness.pytest_run import _pytest_item as foreign
from harness.pytest_run.fixture_life import FixtureLife
from harness.pytest_run.item_body import ItemBody
from harness.pytest_run.shared_watch import SharedWatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

# They watch the terminal, the clock or the run, and have nothing to do with what a test is.
NOT_NEEDED: Final = (
    "capturemanager",
    "debugging",
    "faulthandler",
    "logging-plugin",
    "pytest_timeout",
    "setuponly",
    "threadexception",
    "timeout",
    "unraisableexception",
    "_cov",
)
OURS: Final = "holdfast"  # the beginning of our plugins' names
PLUGIN: Final = "holdfast-plugin"  # it asks which fixtures are made for an execution


class Explored:
    """Stands where the plugin looks for the test that it explores."""

    def __init__(self, life: FixtureLife) -> None:
        self.life = life


def fresh_body(item: pytest.Function, folder: Path) -> tuple[Callable[[], object], SharedWatch]:
    """Return a test as a body without arguments, and what watches what its executions share.

    For a child process: what it does to the test, to pytest and to logging is not undone.

    Args:
        folder: Takes the temporary folders of the test.

    Raises:
        BaseException: A fixture of a wider scope, or a skip.
    """
    # Hundreds of executions leave folders behind: not beside those that a user may look at.
    factory: Any = getattr(item.config, "_tmp_path_factory", None)
    if factory is not None:
        factory._basetemp = folder  # noqa: SLF001  # it has no setter
    foreign.new_request(item, {}, {})
    foreign.new_instance(item)
    life = FixtureLife(item)
    life.take_over()
    plugin: Any = item.config.pluginmanager.getplugin(PLUGIN)
    plugin.run = Explored(life)
    _hear_log(item)
    _setup_hook(item)(item=item)
    watch = SharedWatch(life.shared(), children=False)
    body = ItemBody(getattr(item.obj, "__func__", item.obj), item, life, watch)
    return functools.partial(body, watch.values()), watch


def _setup_hook(item: pytest.Function) -> Callable[..., Any]:
    """Return the hook that sets a test up, of the plugins that it may rely on."""
    manager = item.config.pluginmanager
    removed = [manager.getplugin(name) for name in NOT_NEEDED]
    removed += [plugin for name, plugin in manager.list_name_plugin() if name.startswith(OURS)]
    removed += getattr(item.ihook, "remove_mods", [])  # conftests of other folders
    return manager.subset_hook_caller(
        "pytest_runtest_setup", [plugin for plugin in removed if plugin is not None]
    )


def _hear_log(item: pytest.Function) -> None:
    """Do for `caplog` what pytest does around the phases of a test."""
    plugin: Any = item.config.pluginmanager.getplugin("logging-plugin")
    if plugin is None or "caplog" not in item.fixturenames:
        return
    import logging  # noqa: PLC0415  # only tests that ask for it

    handler = plugin.caplog_handler
    handler.reset()
    item.stash[caplog_handler_key] = handler
    item.stash[caplog_records_key] = {}
    root = logging.getLogger()
    root.addHandler(handler)
    if plugin.log_level is not None:
        handler.setLevel(plugin.log_level)
        root.setLevel(min(root.level, plugin.log_level))
