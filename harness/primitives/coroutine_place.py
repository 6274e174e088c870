"""Where a coroutine stands, for the words of a finding."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from harness.engine.place import Site, caller_site, is_through

if TYPE_CHECKING:
    import asyncio
    from types import FrameType


class CoroutinePlace:
    """Tells what an asyncio task awaits, and at which line of the user's."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = weakref.ref(task)  # the coroutine must die when it would without us

    def is_over(self) -> bool:
        """Say whether the coroutine has ended."""
        task = self._task()
        return task is None or task.done()

    def text(self) -> str:
        """Return `awaits Event.wait at name.py:12 in function`."""
        site, inside = self._site()
        what = f"awaits {inside}" if inside else "awaits"
        return f"{what} at {site.text()}" if site is not None else what

    def _site(self) -> tuple[Site | None, str]:
        """Return the innermost line that is the user's, and the library call it stands in."""
        site: Site | None = None
        inside = ""
        task = self._task()
        awaited: Any = None if task is None else task.get_coro()
        while awaited is not None:
            frame: FrameType | None = getattr(awaited, "cr_frame", None)
            if frame is None:
                break
            if not is_through(frame.f_code.co_filename):
                site, inside = caller_site(frame), ""
            elif not inside:
                inside = frame.f_code.co_qualname
            awaited = getattr(awaited, "cr_await", None)
        return site, inside
