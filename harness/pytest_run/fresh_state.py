"""What pytest's own fixtures and marks leave behind on a test, undone before each execution."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest
    from _pytest.fixtures import FixtureDef

TMP_PATH: Final = "tmp_path"


def is_emptied(definition: FixtureDef[Any] | None) -> bool:
    """Say whether a fixture is made once, and its folder emptied before each execution."""
    if definition is None or definition.argname != TMP_PATH:
        return False
    return definition.func.__module__ == "_pytest.tmpdir"  # a user's own is one like any other


class FreshState:
    """The folder, the log and the notes of one test. Used in one process and its children.

    Attributes:
        values: Fixtures whose values are others than they were when they were made.
    """

    def __init__(self, item: pytest.Function) -> None:
        self._item = item
        self._process = os.getpid()
        self._marks = len(item.own_markers)
        self._properties = len(item.user_properties)
        self._log_handlers = _log_handlers(item)
        self._records: dict[str, Any] | None = None  # what `caplog.get_records` looks into
        self.values: dict[str, object] = {}

    def take_up(self) -> None:
        """Look up what exists once the test is set up; nothing is imported in an execution."""
        if self._log_handlers:
            from _pytest.logging import caplog_records_key  # noqa: PLC0415  # as said

            self._records = self._item.stash.get(caplog_records_key, None)

    def begin(self, shared: dict[str, FixtureDef[Any]]) -> None:
        """Undo what the last execution left: files, log records, marks, properties.

        Args:
            shared: Fixtures that are made once, by their names.
        """
        item = self._item
        if len(item.own_markers) > self._marks:
            del item.own_markers[self._marks :]
        if len(item.user_properties) > self._properties:
            del item.user_properties[self._properties :]
        self._forget_log()
        definition = shared.get(TMP_PATH)
        if definition is not None and is_emptied(definition):
            self._empty(definition)

    def _empty(self, definition: FixtureDef[Any]) -> None:
        """Empty the folder of `tmp_path`; a child process gets one of its own below it."""
        assert definition.cached_result is not None
        folder: Path
        folder, key, _ = definition.cached_result  # type: ignore[assignment]  # it was made well
        if os.getpid() != self._process:
            self._process = os.getpid()
            folder = folder / f"process-{self._process}"
            definition.cached_result = folder, key, None
            self.values[TMP_PATH] = folder
        _empty(folder)

    def _forget_log(self) -> None:
        """Keep the records of one execution, not of five hundred."""
        for handler in self._log_handlers:
            if handler.records:
                handler.reset()
                if self._records is not None:
                    self._records["call"] = self._log_handlers[0].records


def _log_handlers(item: pytest.Function) -> list[Any]:
    """Return the handlers of `caplog` and of the report; none where logging is switched off."""
    plugin: Any = item.config.pluginmanager.get_plugin("logging-plugin")
    if plugin is None:
        return []
    return [plugin.caplog_handler, plugin.report_handler]


def _empty(folder: Path) -> None:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    Path(entry.path).unlink()
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True)
