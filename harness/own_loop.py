"""The event loop of one execution of a test, made when something first needs it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class OwnLoop:
    """Runs what is a coroutine in one loop, on virtual time; the rest is taken as it is."""

    __slots__ = ("_runner",)

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def finished(self, result: Any) -> Any:  # noqa: ANN401  # whatever a function returned
        """Return what a call came to: a coroutine is run to its end."""
        if not inspect.iscoroutine(result):
            return result
        if self._runner is None:
            import asyncio  # noqa: PLC0415  # most tests have no loop

            from harness.primitives.virtual_loop import VirtualLoop  # noqa: PLC0415  # it needs asyncio

            self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        return self._runner.run(result)

    def close(self) -> None:
        """End the loop with what still runs in it; nothing where there was none."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            runner.close()
