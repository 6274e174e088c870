"""How far an exploration is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType

LINE_EVERY_S: Final = 10.0  # in a log; often enough to see that it lives


class ProgressLine:
    """Shows executions as they run, on standard error. Use as a context manager."""

    def __init__(self, title: str, executions: int | None) -> None:
        """Start at nothing done; None: there is no number at which it ends."""
        self._title = title
        self._executions = executions
        self._next_line_s = time.monotonic() + LINE_EVERY_S
        self._task: TaskID | None = None
        # Drawn from the callback only: a refreshing thread would be a real thread beside the
        # executions, and would be lost in a forked child.
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[words]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )

    def __enter__(self) -> Self:
        if self._bar.console.is_terminal:
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=self._executions, words="")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._bar.stop()

    def __call__(self, done: int, seconds: float) -> None:
        """Show that `done` executions ran within `seconds`."""
        limit = "" if self._executions is None else f" of {_grouped(self._executions)}"
        words = f"{_grouped(done)}{limit}, {_grouped(_rate(done, seconds))}/s"
        if self._task is not None:
            self._bar.update(self._task, completed=done, words=words)
            self._bar.refresh()
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            sys.stderr.write(f"{self._title}: {words}\n")
            sys.stderr.flush()


def _rate(done: int, seconds: float) -> int:
    return int(done / max(seconds, 1e-9))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
