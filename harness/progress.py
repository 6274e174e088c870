"""How far an exploration is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType

    from harness.headway import Headway

LINE_EVERY_S: Final = 10.0  # in a log; often enough to see that it lives


class ProgressLine:
    """Shows executions as they run, on standard error. Use as a context manager."""

    def __init__(self, title: str) -> None:
        """Start at nothing done."""
        self._title = title
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
            self._task = self._bar.add_task(self._title, total=None, words="")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._bar.stop()

    def __call__(self, headway: Headway) -> None:
        """Show where it stands; the bar is the part of the time that is known to be over."""
        if self._task is not None:
            left_s = headway.eta_s
            whole_s = None if left_s is None else headway.elapsed_s + left_s
            self._bar.update(
                self._task, completed=headway.elapsed_s, total=whole_s, words=str(headway)
            )
            self._bar.refresh()
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            sys.stderr.write(f"{self._title}: {headway}\n")
            sys.stderr.flush()
