"""An event loop without descriptors of its own, for bodies that are coroutine functions."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.primitives.asyncio_loop import READY, wake_selectors
from harness.primitives.deadline import deadline_ns

if TYPE_CHECKING:
    from collections.abc import Mapping


class VirtualSelector(selectors.BaseSelector):
    """Waits on virtual time; a real selector stands in once a file is registered."""

    def __init__(self) -> None:
        self._real: selectors.BaseSelector | None = None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401  # as the base
        """Watch a file from now on."""
        if self._real is None:
            self._real = selectors.DefaultSelector()
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401  # as the base
        """Watch a file no more."""
        if self._real is None:
            raise KeyError(f"{fileobj!r} is not registered")
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401  # as the base
        """Watch a file for something else."""
        if self._real is None:
            raise KeyError(f"{fileobj!r} is not registered")
        return self._real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until a file is ready, or somebody wakes the loop."""
        if self._real is not None:
            return self._real.select(timeout)
        execution = board.current()
        if execution is None or (timeout is not None and timeout <= 0):
            return []
        task = execution.current
        execution.io_waiters.append(task)
        try:
            execution.block(READY, deadline_ns(execution, timeout), label="select")
        finally:
            execution.io_waiters.remove(task)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return the files that are watched."""
        return {} if self._real is None else self._real.get_map()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401  # as the base
        """Return what was registered with a file."""
        if self._real is None:
            raise KeyError(f"{fileobj!r} is not registered")
        return self._real.get_key(fileobj)

    def close(self) -> None:
        """Let the real selector go."""
        if self._real is not None:
            self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector event loop that another task wakes through the engine, not through a socket."""

    def __init__(self) -> None:
        super().__init__(VirtualSelector())

    def _make_self_pipe(self) -> None:
        self._internal_fds: int = 0

    def _close_self_pipe(self) -> None:
        """There is none."""

    def _write_to_self(self) -> None:
        wake_selectors()
