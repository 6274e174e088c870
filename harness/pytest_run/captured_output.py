"""What a test prints in hundreds of executions, cut to what a reader wants: the one that failed."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Final

from harness.errors import HarnessError
from harness.exploring import replay

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from harness.exploration import Exploration

MAX_CHARS: Final = 4_000  # of all executions, where no single one is to be shown


def keep_what_matters(
    config: pytest.Config, result: Exploration, body: Callable[[], object], *, isolated: bool
) -> None:
    """Put the output of the failing schedule in the place of what all executions printed.

    It is run once more for that. Where there is none, or it ran in another process, the end of the
    output stays. Nothing is done where pytest captures nothing, or nothing was printed or logged.
    """
    manager: Any = config.pluginmanager.get_plugin("capturemanager")
    if manager is None or not manager.is_globally_capturing():
        return
    out, err = manager.read_global_capture()
    if not out and not err and not _logged(config):
        return
    finding = result.finding
    if finding is not None and finding.token and not isolated:
        with contextlib.suppress(HarnessError):
            replay(body, finding.token)
            return
        manager.read_global_capture()
    for text, stream in ((out, sys.stdout), (err, sys.stderr)):
        if text:
            stream.write(_end_of(text, result.executions))


def _logged(config: pytest.Config) -> bool:
    """Say whether the last execution left something in the log of the report."""
    plugin: Any = config.pluginmanager.get_plugin("logging-plugin")
    return plugin is not None and bool(plugin.report_handler.records)


def _end_of(text: str, executions: int) -> str:
    if len(text) <= MAX_CHARS:
        return text
    cut = text[-MAX_CHARS:].partition("\n")[2] or text[-MAX_CHARS:]
    return f"(the end of what {executions} executions printed)\n{cut}"
