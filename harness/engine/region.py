"""A block that runs as one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from harness.engine.state import State


class Region:
    """Nobody else runs inside this block; to block in it is an error that names its reason."""

    __slots__ = ("_execution", "_reason")

    def __init__(self, execution: State, reason: str) -> None:
        self._execution = execution
        self._reason = reason

    def __enter__(self) -> None:
        self._execution.enter_region(self._reason)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._execution.leave_region()
