"""Runs a function under the scheduler, which takes its choices from a part of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fuzz.under_engine import Body, UnderEngine

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_OPERATIONS: Final = 255


class _Call(Body):
    """One call of a function, with its argument made anew each time."""

    def __init__(
        self, function: Callable[..., Any], argument: Callable[[], tuple[Any, ...]]
    ) -> None:
        super().__init__()
        self._function = function
        self._argument = argument

    def __call__(self) -> None:
        told = self._function(*self._argument())
        if told:
            self.features = set(told)

    def __str__(self) -> str:
        return f"{self._function.__name__}()"


class ControlledRun(UnderEngine):
    """Serves as the `run` of a target.

    The first byte says how many of the next are operations; the rest is the schedule. A function
    that takes nothing gets a schedule alone.
    """

    def __init__(
        self, function: Callable[..., Any], reader: Callable[[bytes], object] | None
    ) -> None:
        def program(data: bytes) -> tuple[Body, bytes]:
            if reader is None:
                return _Call(function, tuple), data
            count = data[0] if data else 0
            operations, schedule = data[1 : 1 + count], data[1 + count :]
            return _Call(function, lambda: (reader(operations),)), schedule

        super().__init__(program)
